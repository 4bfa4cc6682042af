/** A store on a real IndexedDB in memory, for tests. */
import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { Store, type Transaction } from "../src/client/store";
import { STATE } from "../src/client/sync";

export async function freshStore(): Promise<Store> {
  globalThis.indexedDB = new IDBFactory();
  return Store.open("test");
}

/** One transaction over everything. */
export function write<T>(store: Store, work: (tx: Transaction) => Promise<T>): Promise<T> {
  return store.write(STATE, work);
}
