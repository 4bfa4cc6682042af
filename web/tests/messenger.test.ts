import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openMessenger } from "../src/client/messenger";
import { Store, type StoredRow } from "../src/client/store";
import type { Messenger } from "../src/client/types";
import { decode } from "../src/protocol/codec";
import { freshStore, write } from "./store";
import { TestWorld } from "./world";

let messenger: Messenger;
let store: Store;

beforeEach(async () => {
  await freshStore();
  vi.stubGlobal("localStorage", { getItem: () => "shop" });
  vi.stubGlobal("navigator", {});
  vi.stubGlobal("addEventListener", () => undefined);
  messenger = await openMessenger({ build: 0, fresh: true }, new TestWorld());
  store = await Store.open("kentong-shop");
});

afterEach(() => {
  vi.unstubAllGlobals();
});

test("what names a text says when it was posted", async () => {
  await write(store, (tx) => tx.put("rows", { chat: 5, seq: 2, at: 77 } as StoredRow));
  await messenger.editText(5, 2, "better");
  await messenger.report(5, 2, 1, "");
  await messenger.deleteMessage(5, 2);
  await messenger.report(5, 0, 1, ""); // the chat
  const queued = await write(store, (tx) => tx.all("commands"));
  expect(queued.map(({ bytes }) => decode(bytes))).toMatchObject([
    { at: 77 },
    { at: 77 },
    { at: 77 },
    { at: 0 },
  ]);
});
