import { beforeEach, describe, expect, test } from "vitest";
import { fork, requeueLost } from "../src/client/epoch";
import {
  answer,
  current,
  enqueue,
  firstUnanswered,
  forgetOld,
  KEPT_S,
  openCommands,
} from "../src/client/outbox";
import type { Queued, Store, StoredChat, StoredRow } from "../src/client/store";
import { noEffects, startAnew } from "../src/client/sync";
import { decode } from "../src/protocol/codec";
import { ErrorCode, RowKind } from "../src/protocol/codes.gen";
import {
  CreateGroup,
  EditText,
  RenameGroup,
  SendText,
  type Command,
} from "../src/protocol/messages.gen";
import { freshStore, write } from "./store";

let store: Store;
const NOW = 1_000_000;

beforeEach(async () => {
  store = await freshStore();
});

const text = (chat: number, words: string): Promise<Queued> =>
  write(store, (tx) => enqueue(tx, { tag: SendText, chat, text: words }, NOW));
const group = (title: string): Promise<Queued> =>
  write(store, (tx) => enqueue(tx, { tag: CreateGroup, title }, NOW));
const done = (queued: Queued, made: number): Promise<Queued | null> =>
  write(store, (tx) => answer(tx, queued, { made }, NOW));
const waiting = (): Promise<Queued[]> => write(store, (tx) => openCommands(tx));
const commands = async (): Promise<Command[]> =>
  (await waiting()).filter((item) => !item.answeredAt).map(({ bytes }) => decode(bytes) as Command);
const list = (chat: number): Promise<unknown> =>
  write(store, (tx) => tx.put("chats", { chat, alias: chat } as StoredChat));

describe("numbers", () => {
  test("commands are numbered 1, 2, 3 in one outbox", async () => {
    const sent = [await text(5, "a"), await text(6, "b"), await text(5, "c")];
    expect(sent.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(new Set(sent.map(({ outbox }) => outbox)).size).toBe(1);
  });

  test("writing at the same time gives each its own number", async () => {
    const sent = await Promise.all(Array.from({ length: 20 }, (_, i) => text(5, `${i}`)));
    expect(sent.map(({ number }) => number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
  });

  test("a failed transaction uses up no number", async () => {
    await expect(text(-77, "to nothing")).rejects.toMatchObject({ code: ErrorCode.NOT_FOUND });
    expect((await text(5, "a")).number).toBe(1);
  });

  test("the hello names the first without an answer", async () => {
    const [a, b] = [await text(5, "a"), await text(5, "b")];
    await done(a, 1);
    expect((await write(store, firstUnanswered)).number).toBe(b.number);
    await done(b, 2);
    expect((await write(store, firstUnanswered)).number).toBe(3);
  });
});

describe("answers", () => {
  test("an answer counts once", async () => {
    const sent = await text(5, "a");
    expect(await done(sent, 7)).toMatchObject({ made: 7 });
    expect(await done(sent, 8)).toBeNull();
    expect(await waiting()).toEqual([]);
  });

  test("a refused text stays to be shown, another refused command does not", async () => {
    const refuse = (queued: Queued): Promise<Queued | null> =>
      write(store, (tx) => answer(tx, queued, { code: ErrorCode.FORBIDDEN }, NOW));
    await refuse(await text(5, "a"));
    const rename = { tag: RenameGroup, chat: 5, title: "t" } as const;
    await refuse(await write(store, (tx) => enqueue(tx, rename, NOW)));
    expect((await waiting()).map(({ tag, code }) => [tag, code])).toEqual([
      [SendText, ErrorCode.FORBIDDEN],
    ]);
  });

  test("answered commands are kept for 7 days", async () => {
    await done(await text(5, "a"), 1);
    await write(store, (tx) => forgetOld(tx, NOW + KEPT_S));
    expect(await write(store, (tx) => tx.all("commands"))).toHaveLength(1);
    await write(store, (tx) => forgetOld(tx, NOW + KEPT_S + 1));
    expect(await write(store, (tx) => tx.all("commands"))).toHaveLength(0);
  });
});

describe("references", () => {
  test("a chat that waits is named by the command that makes it", async () => {
    await text(5, "a");
    const made = await group("lunch");
    await text(-made.order, "first");
    expect((await commands())[2]).toMatchObject({ chat: -2, text: "first" });
  });

  test("once it is there it is named by its id, also for what waits on the screens", async () => {
    const made = await group("lunch");
    const early = await text(-made.order, "early");
    await write(store, (tx) => tx.put("drafts", "half", -made.order));
    await done(made, 900);
    await text(-made.order, "late");
    expect((await waiting()).map(({ chat }) => chat)).toEqual([900, 900]);
    expect((await commands()).map((item) => "chat" in item && item.chat)).toEqual([-1, 900]);
    expect(early.number).toBe(2);
    expect(await write(store, (tx) => tx.get("drafts", 900))).toBe("half");
  });
});

test("a fork moves what waits to a new outbox and rewrites its references", async () => {
  const [a, made] = [await text(5, "answered"), await group("answered")];
  await done(a, 1);
  await text(-made.order, "to the answered group");
  await done(made, 900);
  const other = await group("waiting");
  await text(-other.order, "to the waiting group");
  const before = await write(store, current);
  const outbox = await write(store, fork);
  expect(outbox).not.toBe(before.id);
  expect((await waiting()).map((item) => [item.outbox, item.number])).toEqual([
    [outbox, 1],
    [outbox, 2],
    [outbox, 3],
  ]);
  expect((await commands()).map((item) => "chat" in item && item.chat)).toEqual([900, false, -2]);
  expect((await text(5, "new")).number).toBe(4);
});

describe("a new epoch", () => {
  const requeue = async (known: number): ReturnType<typeof requeueLost> => {
    await write(store, (tx) => tx.setSingle("requeue", true));
    return requeueLost(store, () => Promise.resolve(known));
  };

  test("without one nothing is queued again", async () => {
    expect(await requeueLost(store, () => Promise.reject(new Error("asked")))).toBeNull();
  });

  test("what the server lost goes first, in its old order", async () => {
    await list(5);
    const [a, b, c] = [await text(5, "a"), await text(5, "b"), await text(5, "c")];
    for (const [at, queued] of [a, b, c].entries()) await done(queued, at + 1);
    await text(5, "d");
    await requeue(1);
    expect((await commands()).map((item) => "text" in item && item.text)).toEqual(["b", "c", "d"]);
    expect((await waiting()).map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  test("what the server knows though its answer was lost is not sent again", async () => {
    await list(5);
    await text(5, "a");
    await text(5, "b");
    await requeue(1);
    expect((await commands()).map((item) => "text" in item && item.text)).toEqual(["b"]);
  });

  test("ids that lost commands had made become references again", async () => {
    const made = await group("lost");
    await done(made, 900);
    const row = await text(900, "lost too");
    await done(row, 2);
    const edit = { tag: EditText, chat: 900, seq: 2, text: "edited", at: NOW } as const;
    const edited = await write(store, (tx) => enqueue(tx, edit, NOW));
    await done(edited, 0);
    await requeue(0);
    expect((await commands()).slice(1)).toMatchObject([
      { tag: SendText, chat: -1 },
      { tag: EditText, chat: -1, seq: -2, at: 0 },
    ]);
    expect((await waiting())[1]?.chat).toBe(-made.order);
  });

  test("what was deleted does not come back", async () => {
    await list(5);
    await done(await text(5, "deleted"), 1);
    await done(await text(5, "kept"), 2);
    const row = { chat: 5, seq: 1, kind: RowKind.DELETED } as StoredRow;
    await write(store, (tx) => tx.put("rows", row));
    await write(store, (tx) => startAnew(tx, 7, noEffects()));
    await list(5);
    await requeue(0);
    expect((await commands()).map((item) => "text" in item && item.text)).toEqual(["kept"]);
  });

  test("what names a chat that is not there any more is dropped and said so", async () => {
    await done(await text(77, "gone"), 1);
    const moved = await requeue(0);
    expect(moved?.dropped).toHaveLength(1);
    expect(await commands()).toEqual([]);
  });

  test("a refusal is not tried again", async () => {
    await list(5);
    const refused = await text(5, "no");
    await write(store, (tx) => answer(tx, refused, { code: ErrorCode.FORBIDDEN }, NOW));
    await requeue(0);
    expect(await commands()).toEqual([]);
  });
});
