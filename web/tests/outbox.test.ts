import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { fork, moved, requeueLost, startAnew, type Moved } from "../src/client/epoch";
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
import { noEffects } from "../src/client/sync";
import { decode } from "../src/protocol/codec";
import { ErrorCode, RowKind } from "../src/protocol/codes.gen";
import {
  CreateGroup,
  DeleteMessage,
  EditText,
  RenameGroup,
  Report,
  SendText,
  type Command,
} from "../src/protocol/messages.gen";
import { freshStore, write } from "./store";

interface Move {
  outbox: number;
  number: number;
  written_at: number;
  hex: string;
  moved: string;
}

const file = new URL("../../spec/vectors/messages.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as { moves: Move[] };

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
  write(store, (tx) => answer(tx, queued, { made, placedAt: NOW }, NOW));
const waiting = (): Promise<Queued[]> => write(store, (tx) => openCommands(tx));
const commands = async (): Promise<Command[]> =>
  (await waiting()).filter((item) => !item.answeredAt).map(({ bytes }) => decode(bytes) as Command);
const list = (chat: number, lastSeq = 0): Promise<unknown> =>
  write(store, (tx) => tx.put("chats", { chat, alias: chat, lastSeq } as StoredChat));

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
    const later = await text(5, "waits, and may refer to it");
    await write(store, (tx) => forgetOld(tx, NOW + KEPT_S + 1));
    expect(await write(store, (tx) => tx.all("commands"))).toHaveLength(2);
    await done(later, 2);
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
  const { id: outbox } = (await write(store, fork)) as Moved;
  expect(outbox).not.toBe(before.id);
  expect((await waiting()).map((item) => [item.outbox, item.number])).toEqual([
    [outbox, 1],
    [outbox, 2],
    [outbox, 3],
  ]);
  expect((await commands()).map((item) => "chat" in item && item.chat)).toEqual([900, false, -2]);
  expect((await text(5, "new")).number).toBe(4);
});

test("commands that move say the origin of the golden vectors", () => {
  for (const { outbox, number, written_at: at, hex, moved: expected } of vectors.moves) {
    const bytes = new Uint8Array(Buffer.from(hex, "hex"));
    const again = moved({ outbox, number, at, bytes }, decode(bytes) as Command);
    expect(Buffer.from(again).toString("hex")).toBe(expected);
  }
});

test("a command keeps its origin however often it moves", async () => {
  await text(5, "a");
  await text(5, "a");
  const origins = async (): Promise<number[]> => (await commands()).map(({ origin }) => origin);
  expect(await origins()).toEqual([0, 0]);
  await write(store, fork);
  const before = await origins();
  expect(new Set([0, ...before]).size).toBe(3);
  await write(store, fork);
  expect(await origins()).toEqual(before);
});

describe("a new epoch", () => {
  const requeue = async (known: number): Promise<Moved> => {
    await write(store, (tx) => tx.setSingle("requeue", true));
    const { id } = await write(store, current);
    return (await write(store, (tx) => requeueLost(tx, new Map([[id, known]])))) as Moved;
  };

  test("without one nothing is queued again", async () => {
    await done(await text(5, "a"), 1);
    expect(await write(store, (tx) => requeueLost(tx, new Map()))).toBeNull();
    expect(await waiting()).toEqual([]);
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

  test("what the server has is answered first, and then not sent again", async () => {
    await list(5);
    const a = await text(5, "a");
    await text(5, "b");
    expect(await requeue(1)).toMatchObject({ id: a.outbox, number: 1, last: 1, dropped: [] });
    await done(a, 1);
    expect(await requeue(1)).toMatchObject({ number: 1, last: Infinity });
    expect((await commands()).map((item) => "text" in item && item.text)).toEqual(["b"]);
  });

  test("a clone has gone further than this outbox: nothing more is owed", async () => {
    await list(5);
    await text(5, "a");
    const { outbox } = await text(5, "b");
    const [a, b] = await waiting();
    if (a && b) await Promise.all([done(a, 1), done(b, 2)]);
    expect(await requeue(9)).toMatchObject({ last: Infinity, dropped: [] });
    expect((await write(store, current)).id).not.toBe(outbox);
    expect(await commands()).toEqual([]);
  });

  test("a text is sent without the row that it quotes, if that is lost", async () => {
    await list(5, 3);
    const quote = (replyTo: number): Promise<Queued> =>
      write(store, (tx) => enqueue(tx, { tag: SendText, chat: 5, text: "so", replyTo }, NOW));
    await quote(3);
    await quote(4);
    await requeue(0);
    expect(await commands()).toMatchObject([{ replyTo: 3 }, { replyTo: 0 }]);
  });

  test("a report of a text that is lost is dropped, one of its chat is not", async () => {
    await list(5, 3);
    for (const seq of [3, 4, 0]) {
      const report = { tag: Report, chat: 5, seq, reason: 1, text: "", at: 7 } as const;
      await write(store, (tx) => enqueue(tx, report, NOW));
    }
    expect((await requeue(0)).dropped).toHaveLength(1);
    expect(await commands()).toMatchObject([{ seq: 3, at: 7 }, { seq: 0 }]);
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

  test("what is about the text in the place of a lost one means that text", async () => {
    await list(5, 3);
    const lost = await text(5, "lost");
    await write(store, (tx) => answer(tx, lost, { made: 3, placedAt: 50 }, NOW));
    for (const at of [50, 60, 0]) {
      const gone = { tag: DeleteMessage, chat: 5, seq: 3, at } as const;
      await write(store, (tx) => enqueue(tx, gone, NOW));
    }
    await requeue(0);
    expect((await commands()).slice(1)).toMatchObject([
      { seq: -1, at: 0 },
      { seq: 3, at: 60 },
      { seq: -1, at: 0 },
    ]);
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
    expect(moved.dropped).toHaveLength(1);
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
