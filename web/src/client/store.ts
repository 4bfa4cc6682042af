/** What is kept on this device, and transactions over it. No DOM here, only IndexedDB. */
import type { PersonView } from "./types";
import type { Window } from "./windows";

/** A row as it is kept: positions and times absolute, the author never 0. */
export interface StoredRow {
  chat: number;
  seq: number;
  at: number;
  author: number;
  text: string;
  kind: number;
  replyTo: number;
  edited: number;
  subject: number;
  /** Where an own row was written, 0: by somebody else. */
  outbox: number;
  number: number;
}

/** A chat as it is kept. Marks are absolute positions. */
export interface StoredChat {
  chat: number;
  alias: number;
  /** Of the head that was taken last; live changes after it carry none. */
  clock: number;
  kind: number;
  flags: number;
  lastSeq: number;
  changes: number;
  unread: number;
  readSeq: number;
  /** Newest row, perhaps cut. */
  preview: StoredRow | null;
  title: string;
  peer: number;
  peerReadSeq: number;
  peerDeliveredSeq: number;
  role: number;
  memberCount: number;
  firstSeq: number;
  windows: Window[];
  /** States that own texts led to, while others' rows before them are on their way. */
  ahead: { seq: number; changes: number }[];
  /** 1: a listing of everything has not named it yet. */
  doubt: number;
}

/** A numbered command, waiting or answered. */
export interface Queued {
  /** Local and lasting: a chat that command makes is called -order until it has an id. */
  order: number;
  outbox: number;
  number: number;
  tag: number;
  bytes: Uint8Array;
  /** The chat it is about, as the screens call it; 0: none. */
  chat: number;
  at: number;
  /** 1 while it waits, 2 if it was refused and is still shown, else absent. */
  open?: 1 | 2;
  /** 0: no answer yet. */
  answeredAt: number;
  /** ErrorCode of a refusal. */
  code: number;
  /** The chat or the seq that it made. */
  made: number;
  /** When a text was posted, 0: not known. */
  placedAt?: number;
  /** Invite token. */
  text: string;
}

/** How far heads are known, and the token of an unfinished listing. */
export interface SyncState {
  epoch: number;
  cursor: number;
  to: number;
  at: number;
  alias: number;
}

/** Single values by their name. */
export interface Singles {
  sync: SyncState;
  me: { user: number; name: string; blocked: readonly number[] };
  outbox: { id: number; next: number };
  /** Read marks that the server may not have yet: seq by chat. */
  reads: Record<number, number>;
  /** Present after a new epoch, until own commands were queued again. */
  requeue: true;
}

export interface Tables {
  singles: Singles[keyof Singles];
  chats: StoredChat;
  rows: StoredRow;
  commands: Queued;
  people: PersonView;
  drafts: string;
}

export type TableName = keyof Tables;
export const EVERYTHING: TableName[] = ["singles", "chats", "rows", "commands", "people", "drafts"];

const SCHEMA = 1;

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
  });
}

/** One transaction. Between its calls nothing but its own promises may be awaited. */
export class Transaction {
  readonly #transaction: IDBTransaction;

  constructor(transaction: IDBTransaction) {
    this.#transaction = transaction;
  }

  #table(name: TableName): IDBObjectStore {
    return this.#transaction.objectStore(name);
  }

  get<N extends TableName>(name: N, key: IDBValidKey): Promise<Tables[N] | undefined> {
    return settled(this.#table(name).get(key) as IDBRequest<Tables[N] | undefined>);
  }

  /** All of a table, or of a range of its keys, in the order of keys. */
  all<N extends TableName>(name: N, range?: IDBKeyRange, count?: number): Promise<Tables[N][]> {
    return settled(this.#table(name).getAll(range, count) as IDBRequest<Tables[N][]>);
  }

  keys(name: TableName): Promise<IDBValidKey[]> {
    return settled(this.#table(name).getAllKeys());
  }

  by<N extends TableName>(
    name: N,
    index: string,
    range: IDBKeyRange | IDBValidKey,
    count?: number,
  ): Promise<Tables[N][]> {
    const request = this.#table(name).index(index).getAll(range, count);
    return settled(request as IDBRequest<Tables[N][]>);
  }

  count(name: TableName, index: string, key: IDBValidKey): Promise<number> {
    return settled(this.#table(name).index(index).count(key));
  }

  put<N extends TableName>(name: N, value: Tables[N], key?: IDBValidKey): Promise<IDBValidKey> {
    return settled(this.#table(name).put(value, key));
  }

  remove(name: TableName, key: IDBValidKey | IDBKeyRange): Promise<undefined> {
    return settled(this.#table(name).delete(key));
  }

  clear(name: TableName): Promise<undefined> {
    return settled(this.#table(name).clear());
  }

  /** What was asked for is all; needed only where nobody can wait for it. */
  commit(): void {
    this.#transaction.commit();
  }

  single<N extends keyof Singles>(name: N): Promise<Singles[N] | undefined> {
    return settled(this.#table("singles").get(name) as IDBRequest<Singles[N] | undefined>);
  }

  async setSingle<N extends keyof Singles>(name: N, value: Singles[N]): Promise<void> {
    await this.put("singles", value, name);
  }
}

/** Keys of the rows first..last of a chat. */
export function rowKeys(chat: number, first = 0, last = Infinity): IDBKeyRange {
  return IDBKeyRange.bound([chat, first], [chat, last]);
}

function upgrade(database: IDBDatabase): void {
  database.createObjectStore("singles");
  database.createObjectStore("chats", { keyPath: "chat" }).createIndex("alias", "alias");
  database.createObjectStore("rows", { keyPath: ["chat", "seq"] });
  const byOrder = { keyPath: "order", autoIncrement: true };
  const commands = database.createObjectStore("commands", byOrder);
  commands.createIndex("open", "open");
  commands.createIndex("number", ["outbox", "number"]);
  database.createObjectStore("people", { keyPath: "user" });
  database.createObjectStore("drafts");
}

export class Store {
  readonly #database: IDBDatabase;

  private constructor(database: IDBDatabase) {
    this.#database = database;
  }

  /** `onLost` is called when the browser takes the database away. */
  static async open(name: string, onLost: () => void = () => undefined): Promise<Store> {
    const request = indexedDB.open(name, SCHEMA);
    request.onupgradeneeded = () => upgrade(request.result);
    const database = await settled(request);
    database.onclose = onLost;
    database.onversionchange = () => {
      database.close(); // another tab signs out or brings a newer schema
      onLost();
    };
    return new Store(database);
  }

  read<T>(names: TableName[], work: (tx: Transaction) => Promise<T>): Promise<T> {
    return work(new Transaction(this.#database.transaction(names, "readonly")));
  }

  /** Resolves after the commit; `strict` waits for the disk. Nothing is kept if `work` fails. */
  async write<T>(
    names: TableName[],
    work: (tx: Transaction) => Promise<T>,
    strict = false,
  ): Promise<T> {
    const options: IDBTransactionOptions = strict ? { durability: "strict" } : {};
    const transaction = this.#database.transaction(names, "readwrite", options);
    const committed = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
    });
    let result: T;
    try {
      result = await work(new Transaction(transaction));
    } catch (error) {
      committed.catch(() => undefined);
      try {
        transaction.abort();
      } catch {
        // It has aborted by itself.
      }
      throw error;
    }
    await committed;
    return result;
  }

  close(): void {
    this.#database.close();
  }

  static erase(name: string): Promise<unknown> {
    return settled(indexedDB.deleteDatabase(name));
  }
}
