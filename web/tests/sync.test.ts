import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { doubtEverything, startAnew } from "../src/client/epoch";
import { applyAccepted, applyChanged, applyMarked, applyPosted } from "../src/client/live";
import { enqueue } from "../src/client/outbox";
import { rowKeys, type Store, type StoredChat, type StoredRow } from "../src/client/store";
import {
  applyHeads,
  applyMark,
  applyRows,
  noEffects,
  readUpTo,
  syncState,
  type Effects,
  type Resets,
} from "../src/client/sync";
import { holds, wanted } from "../src/client/windows";
import { ChatKind, HeadFlag, RowKind } from "../src/protocol/codes.gen";
import {
  Changed,
  Heads,
  Marked,
  Posted,
  SendText,
  type Head,
} from "../src/protocol/messages.gen";
import { ALIAS, CHAT, ME, ModelChat, PEER } from "./model";
import { freshStore, write } from "./store";

let store: Store;
let resets: Resets;

beforeEach(async () => {
  store = await freshStore();
  resets = new Map();
});

function page(heads: Head[], more: Partial<Heads> = {}): Heads {
  const empty = { cursor: 0, more: 0, backfillAt: 0, backfillAlias: 0, removals: [] };
  return { tag: Heads, clock: 1_000, heads, ...empty, me: null, request: 0, ...more };
}

async function apply(message: Heads | Posted | Marked | Changed): Promise<Effects> {
  const effects = noEffects();
  await write(store, async (tx) => {
    if (message.tag === Heads) await applyHeads(tx, message, true, effects, resets);
    else if (message.tag === Posted) await applyPosted(tx, message, ME, effects);
    else if (message.tag === Marked) await applyMarked(tx, message, effects);
    else await applyChanged(tx, message, ME, effects);
  });
  return effects;
}

async function chat(): Promise<StoredChat> {
  const found = await write(store, (tx) => tx.get("chats", CHAT));
  if (!found) throw new Error("there is no chat");
  return found;
}

const sync = (): ReturnType<typeof syncState> => write(store, syncState);
const head = (model: ModelChat): Heads => page([model.head()], { clock: model.clock });

/** Fill all holes and old windows, as somebody does who scrolls through everything. */
async function readAll(model: ModelChat): Promise<void> {
  const { windows, lastSeq, changes } = await chat();
  for (const run of wanted(windows, 1, lastSeq, lastSeq + changes)) {
    const rows = model.range(run.first, run.last, run.asOf);
    await write(store, (tx) => applyRows(tx, CHAT, run, rows));
  }
}

/** Everything that the screens could show. */
async function shown(): Promise<unknown> {
  const { clock: _, windows, ahead: __, ...rest } = await chat();
  const rows = await write(store, (tx) => tx.all("rows", rowKeys(CHAT)));
  return { ...rest, rows: rows.filter(({ seq }) => holds(windows, seq)) };
}

/** Whatever is as new as the server's must be equal to it. */
async function compare(model: ModelChat): Promise<void> {
  const { lastSeq, changes, unread, readSeq, peerReadSeq, windows, preview } = await chat();
  if (lastSeq + changes !== model.version) return;
  const fresh = model.head();
  const last = model.rows[lastSeq - 1];
  expect({ lastSeq, unread, readSeq, peerReadSeq, text: preview?.text }).toEqual({
    lastSeq: fresh.lastSeq,
    unread: fresh.unread,
    readSeq: model.readSeq,
    peerReadSeq: model.peerReadSeq,
    text: last?.text,
  });
  const exact = windows.filter(({ asOf }) => asOf === model.version);
  const rows = await write(store, (tx) => tx.all("rows", rowKeys(CHAT)));
  const kept = rows.filter(({ seq }) => holds(exact, seq)).map(({ seq, text }) => ({ seq, text }));
  const expected = model.rows.filter(({ seq }) => holds(exact, seq));
  expect(kept).toEqual(expected.map(({ seq, text }) => ({ seq, text })));
}

type Step = { what: string; seq: number; fate: "comes" | "lost" | "twice" };
const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom("peer", "peer", "me", "edit", "delete", "mark", "read rows"),
  seq: fc.integer({ min: 1, max: 12 }),
  fate: fc.constantFrom("comes", "comes", "comes", "lost", "twice"),
});

function happen(model: ModelChat, { what, seq }: Step): Posted | Changed | Marked | null {
  if (what === "peer") return model.post(PEER, `peer ${model.rows.length}`);
  if (what === "me") return model.post(ME, `me ${model.rows.length}`);
  if (what === "edit") return model.change(seq, `edited ${model.clock}`);
  if (what === "delete") return model.change(seq, null);
  return what === "mark" ? model.mark() : null;
}

test("state and updates give the same as fresh state, whatever is lost or repeated", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      store = await freshStore();
      const model = new ModelChat();
      await apply(head(model));
      for (const item of steps) {
        if (item.what === "read rows") await readAll(model);
        const message = happen(model, item);
        const times = { comes: 1, lost: 0, twice: 2 }[message ? item.fate : "lost"];
        for (let time = 0; time < times; time++) {
          const { ask } = await apply(message as Posted);
          if (ask.size) await apply(head(model));
          await compare(model);
        }
      }
      const { lastSeq, changes } = await chat();
      if (lastSeq + changes !== model.version) await apply(head(model)); // lost at the end
      await readAll(model);
      const updated = await shown();
      store = await freshStore();
      await apply(head(model));
      await readAll(model);
      expect(updated).toEqual(await shown());
    }),
    { numRuns: 150 },
  );
});

describe("live", () => {
  test("when everything comes nothing is asked for, not even rows", async () => {
    const model = new ModelChat();
    await apply(head(model));
    for (const what of ["peer", "me", "peer", "edit", "mark", "delete", "peer"]) {
      const message = happen(model, { what, seq: 1, fate: "comes" });
      if (message) expect((await apply(message)).ask.size).toBe(0);
    }
    const { windows, lastSeq, changes } = await chat();
    expect(windows).toEqual([{ first: 1, last: lastSeq, asOf: lastSeq + changes }]);
  });

  test("an alias that no head explained is a loss", async () => {
    expect((await apply(new ModelChat().post(PEER, "hi"))).isLost).toBe(true);
  });

  test("an own text above others' rows waits for them", async () => {
    const model = new ModelChat();
    await apply(head(model));
    const theirs = model.post(PEER, "theirs");
    model.post(ME, "mine");
    const effects = noEffects();
    await write(store, async (tx) => {
      const queued = await enqueue(tx, { tag: SendText, chat: CHAT, text: "mine" }, 1);
      const content = { author: ME, text: "mine", replyTo: 0 };
      await applyAccepted(tx, queued, { seq: 2, changes: 0, at: 1_014 }, content, effects);
    });
    expect([...effects.ask]).toEqual([[CHAT, 2]]); // unless theirs comes
    expect((await chat()).lastSeq).toBe(0);
    await apply(theirs);
    expect(await chat()).toMatchObject({ lastSeq: 2, unread: 0, readSeq: 2, ahead: [] });
    expect((await chat()).windows).toEqual([{ first: 1, last: 2, asOf: 2 }]);
  });
});

describe("an own text", () => {
  async function accepted(seq: number, changes: number): Promise<Effects> {
    const effects = noEffects();
    await write(store, async (tx) => {
      const queued = await enqueue(tx, { tag: SendText, chat: CHAT, text: "mine" }, 1);
      const content = { author: ME, text: "mine", replyTo: 0 };
      await applyAccepted(tx, queued, { seq, changes, at: 1_000 + seq * 7 }, content, effects);
    });
    return effects;
  }

  test("is shown when a head brings what was below it", async () => {
    const model = new ModelChat();
    await apply(head(model));
    model.post(PEER, "theirs");
    const early = head(model);
    model.post(ME, "mine");
    await accepted(2, 0);
    await apply(early);
    expect(await chat()).toMatchObject({ lastSeq: 2, preview: { text: "mine" }, ahead: [] });
  });

  test("takes its place with the marks that came before it", async () => {
    const model = new ModelChat();
    model.post(ME, "first");
    await apply(head(model));
    model.mark();
    model.post(ME, "mine");
    await accepted(2, 1);
    const late = { ...model.mark(), covers: 2 };
    expect((await apply(late)).ask.size).toBe(0);
    expect(await chat()).toMatchObject({ lastSeq: 2, changes: 2, peerReadSeq: 2, ahead: [] });
    await compare(model);
  });
});

describe("what is unsure is asked for", () => {
  const group = (memberCount: number, flags: number): Head => ({
    ...new ModelChat().head(),
    kind: ChatKind.GROUP,
    peer: 0,
    memberCount,
    flags,
  });
  const moved = (memberCount: number, rows: number[]): Changed => ({
    tag: Changed,
    alias: ALIAS,
    base: 0,
    lastSeq: rows.length,
    changes: 1,
    rows: rows.map((kind) => ({ ...system, kind })),
    title: "",
    memberCount,
  });
  const [seq, at, author] = [1, 1, 9];
  const none = { text: "", replyTo: 0, edited: 0, cut: 0, subject: 0, outbox: 0, number: 0 };
  const system = { seq, at, author, ...none };

  test.each([
    ["somebody joined a small group", 5, HeadFlag.SHARED_MARKS, [RowKind.JOINED], 1],
    ["a group was renamed", 5, HeadFlag.SHARED_MARKS, [RowKind.RENAMED], 0],
    ["a group grew beyond 100", 101, HeadFlag.SHARED_MARKS, [], 1],
    ["somebody joined a large group", 300, 0, [RowKind.JOINED], 0],
  ])("%s", async (_, members, flags, rows, asked) => {
    await apply(page([group(members, flags)]));
    expect((await apply(moved(members, rows))).ask.size).toBe(asked);
  });
});

test("a tombstone that does not fit is wiped before the head is asked for", async () => {
  const model = new ModelChat();
  model.post(PEER, "bad");
  await apply(head(model));
  model.mark(); // never comes
  const gone = model.change(1, null) as Changed;
  expect((await apply(gone)).ask.size).toBe(1);
  expect((await chat()).preview?.text).toBe("");
});

test("a range read before a text was deleted does not bring it back", async () => {
  const model = new ModelChat();
  for (const text of ["bad", "b"]) model.post(PEER, text);
  await apply(head(model));
  const early = model.range(1, 1, 0);
  await apply(page([], { removals: [{ chat: CHAT, first: 1, last: 1 }] }));
  await readAll(model);
  await apply(model.change(1, null) as Changed);
  await write(store, (tx) => applyRows(tx, CHAT, { first: 1, last: 1, asOf: 0 }, early));
  expect(JSON.stringify(await write(store, (tx) => tx.all("rows")))).not.toContain("bad");
});

test("rows of an older version leave newer ones as they are", async () => {
  const model = new ModelChat();
  for (const text of ["a", "b"]) model.post(PEER, text);
  await apply(head(model));
  const early = model.range(1, 2, 0);
  await readAll(model);
  await apply(model.change(1, "edited") as Changed);
  await write(store, (tx) => applyRows(tx, CHAT, { first: 1, last: 2, asOf: 0 }, early));
  await compare(model);
  expect((await chat()).windows).toEqual([{ first: 1, last: 2, asOf: 3 }]);
});

describe("the listing", () => {
  const other = (id: number): Head => ({ ...new ModelChat().head(), chat: id, alias: id });

  test("the cursor moves with the last page only; before, the token does", async () => {
    await apply(page([other(1)], { cursor: 50, more: 1, backfillAt: 40, backfillAlias: 1 }));
    expect(await sync()).toMatchObject({ cursor: 0, to: 50, at: 40, alias: 1 });
    const { isListed } = await apply(page([other(2)], { cursor: 50 }));
    expect(isListed).toBe(true);
    expect(await sync()).toMatchObject({ cursor: 50, to: 0, at: 0, alias: 0 });
  });

  test("a mark moves the cursor forward, and not while a listing is open", async () => {
    await apply(page([], { cursor: 50 }));
    await write(store, (tx) => applyMark(tx, 60));
    await write(store, (tx) => applyMark(tx, 55));
    expect((await sync()).cursor).toBe(60);
    await apply(page([], { cursor: 70, more: 1, backfillAt: 65, backfillAlias: 1 }));
    await write(store, (tx) => applyMark(tx, 80));
    expect((await sync()).cursor).toBe(60);
  });

  test("an older head does not replace a newer one", async () => {
    const model = new ModelChat();
    const old = head(model);
    model.post(PEER, "new");
    await apply(head(model));
    await apply(old);
    expect((await chat()).lastSeq).toBe(1);
  });

  test("a chat that is gone leaves nothing behind", async () => {
    const model = new ModelChat();
    model.post(PEER, "secret");
    await apply(head(model));
    await write(store, (tx) => tx.put("drafts", "half", CHAT));
    await apply(page([{ ...model.head(), flags: HeadFlag.GONE }]));
    const left = await write(store, async (tx) => [
      await tx.all("chats"),
      await tx.all("rows"),
      await tx.all("drafts"),
    ]);
    expect(left).toEqual([[], [], []]);
  });

  test("news that a chat is gone, older than what is known of it, is ignored", async () => {
    const model = new ModelChat();
    model.clock = 50;
    const gone = page([{ ...model.head(), flags: HeadFlag.GONE }], { clock: 40 });
    await apply(head(model)); // the user is a member again
    await apply(gone);
    expect((await chat()).clock).toBe(50);
  });

  test("windows are dropped once on a connection, though heads repeat it", async () => {
    const model = new ModelChat();
    for (const text of ["a", "b"]) model.post(PEER, text);
    const reset = (firstSeq: number): Heads =>
      page([{ ...model.head(), flags: HeadFlag.RESET, firstSeq }], { clock: ++model.clock });
    await apply(reset(1));
    await readAll(model);
    const exact = [{ first: 1, last: 2, asOf: 2 }];
    await apply(reset(1));
    expect((await chat()).windows).toEqual(exact);
    await apply(reset(2)); // rights changed once more
    expect((await chat()).windows).toEqual([{ first: 2, last: 2, asOf: 2 }]);
    await readAll(model);
    resets.clear(); // another connection
    await apply(reset(2));
    expect(await write(store, (tx) => tx.all("rows"))).toHaveLength(1);
  });

  test("new rows alone leave exact windows exact", async () => {
    const model = new ModelChat();
    for (const text of ["a", "b"]) model.post(PEER, text);
    await apply(head(model));
    await readAll(model);
    model.post(PEER, "c");
    await apply(head(model));
    expect((await chat()).windows).toEqual([{ first: 1, last: 3, asOf: 3 }]);
  });

  test("rows that may not be seen any more are dropped when rights change", async () => {
    const model = new ModelChat();
    for (const text of ["a", "b", "c"]) model.post(PEER, text);
    await apply(head(model));
    await readAll(model);
    await apply(page([{ ...model.head(), flags: HeadFlag.RESET, firstSeq: 3, age: -1 }]));
    const rows: StoredRow[] = await write(store, (tx) => tx.all("rows"));
    expect(rows.map(({ text }) => text)).toEqual(["c"]);
  });

  test("removals wipe rows and previews first of all", async () => {
    const model = new ModelChat();
    model.post(PEER, "bad");
    await apply(head(model));
    await apply(page([], { removals: [{ chat: CHAT, first: 1, last: 1 }] }));
    expect((await chat()).preview).toMatchObject({ text: "", kind: RowKind.DELETED });
    expect(JSON.stringify(await write(store, (tx) => tx.all("rows")))).not.toContain("bad");
  });

  test("after the horizon what a complete listing does not name is gone", async () => {
    await apply(page([other(1), other(2)], { cursor: 50 }));
    await write(store, doubtEverything);
    await apply(page([other(2)], { cursor: 90, more: 1, backfillAt: 80, backfillAlias: 2 }));
    expect(await write(store, (tx) => tx.all("chats"))).toHaveLength(2);
    await apply(page([other(3)], { cursor: 90 }));
    const left = await write(store, (tx) => tx.all("chats"));
    expect(left.map((item) => item.chat)).toEqual([2, 3]);
  });

  test("a new epoch drops state and keeps the outbox", async () => {
    await apply(head(new ModelChat()));
    await write(store, (tx) => enqueue(tx, { tag: SendText, chat: CHAT, text: "mine" }, 1));
    await write(store, (tx) => startAnew(tx, 9, noEffects()));
    expect(await sync()).toEqual({ epoch: 9, cursor: 0, to: 0, at: 0, alias: 0 });
    expect(await write(store, (tx) => tx.all("chats"))).toEqual([]);
    expect(await write(store, (tx) => tx.all("commands"))).toHaveLength(1);
  });
});

test("a range asked since an old window counts only while that window is kept", async () => {
  const model = new ModelChat();
  for (const text of ["a", "b", "c"]) model.post(PEER, text);
  await apply(head(model));
  const since = { first: 1, last: 3, asOf: 2 };
  await write(store, (tx) => applyRows(tx, CHAT, since, model.range(1, 3, 2)));
  expect((await chat()).windows).toEqual([{ first: 3, last: 3, asOf: 3 }]);
});

test("of a hole that was asked for, what came is known, and no more", async () => {
  const model = new ModelChat();
  for (const text of ["a", "b", "c"]) model.post(PEER, text);
  await apply(head(model));
  const fewer = { ...model.range(1, 1, 0), asOf: 3 };
  await write(store, (tx) => applyRows(tx, CHAT, { first: 1, last: 2, asOf: 0 }, fewer));
  expect((await chat()).windows).toEqual([1, 3].map((seq) => ({ first: seq, last: seq, asOf: 3 })));
});

describe("reading", () => {
  async function read(seq: number): Promise<void> {
    const before = await chat();
    await write(store, async (tx) => {
      await tx.setSingle("me", { user: ME, name: "", blocked: [] });
      await tx.put("chats", await readUpTo(tx, before, seq));
      await tx.setSingle("reads", { [CHAT]: seq });
    });
  }

  test("on this device is not undone by a head written before", async () => {
    const model = new ModelChat();
    for (const text of ["a", "b"]) model.post(PEER, text);
    await apply(head(model));
    await read(2);
    await apply(head(model));
    expect(await chat()).toMatchObject({ readSeq: 2, unread: 0 });
  });

  test("leaves what is counted, where the rows are known", async () => {
    const model = new ModelChat();
    for (const text of ["a", "b", "c", "d"]) model.post(PEER, text);
    model.change(3, null);
    await apply(head(model));
    await readAll(model);
    await read(1);
    expect(await chat()).toMatchObject({ readSeq: 1, unread: 2 });
  });

  test("leaves at most what may stand behind the mark, where there are holes", async () => {
    const model = new ModelChat();
    for (const text of ["a", "b", "c", "d"]) model.post(PEER, text);
    await apply(head(model));
    await read(1);
    expect(await chat()).toMatchObject({ readSeq: 1, unread: 3 });
    await apply(head(model)); // it knows of no mark
    expect(await chat()).toMatchObject({ readSeq: 1, unread: 3 });
  });

  test("never goes beyond the last row", async () => {
    const model = new ModelChat();
    model.post(PEER, "a");
    await apply(head(model));
    await read(9);
    expect((await chat()).readSeq).toBe(1);
  });
});
