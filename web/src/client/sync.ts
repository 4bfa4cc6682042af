/** What the server says about chats, applied to the store: heads, removals, rows of ranges. */
import { HeadFlag, RowKind } from "../protocol/codes.gen";
import { SendText, type Head, type Heads, type Removal, type Row } from "../protocol/messages.gen";
import {
  rowKeys,
  type StoredChat,
  type StoredRow,
  type SyncState,
  type TableName,
  type Transaction,
} from "./store";
import { cover, cut, holds, isKept, type Window } from "./windows";

/** What a transaction that applies state needs. */
export const STATE: TableName[] = ["singles", "chats", "rows", "commands", "people", "drafts"];

/** What applying found out, for after the commit. */
export interface Effects {
  chats: Set<number>;
  people: Set<number>;
  /** How far this device holds chats whose marks are shared, where others wrote. */
  held: Map<number, number>;
  status: boolean;
  /** Chats whose head must be asked for. */
  ask: Set<number>;
  /** An alias that no head explained: state was lost, reconnect. */
  isLost: boolean;
  /** The listing is complete. */
  isListed: boolean;
}

export function noEffects(): Effects {
  return {
    chats: new Set(),
    people: new Set(),
    held: new Map(),
    status: false,
    ask: new Set(),
    isLost: false,
    isListed: false,
  };
}

export function version(chat: { lastSeq: number; changes: number }): number {
  return chat.lastSeq + chat.changes;
}

/** Rows of a list with absolute positions and times. */
export function absolute(rows: readonly Row[], chat: number, peer: number): StoredRow[] {
  let seq = 0;
  let at = 0;
  return rows.map((row) => {
    seq += row.seq;
    at += row.at;
    return {
      chat,
      seq,
      at,
      author: row.author || peer,
      text: row.text,
      kind: row.kind,
      replyTo: row.replyTo,
      edited: row.edited,
      subject: row.subject,
      outbox: row.outbox,
      number: row.number,
    };
  });
}

// -- Heads -----------------------------------------------------------------------------------

/** A page of heads. `isListing`: of this connection's listing, whose token and cursor count. */
export async function applyHeads(
  tx: Transaction,
  page: Heads,
  isListing: boolean,
  effects: Effects,
): Promise<void> {
  for (const removal of page.removals) await applyRemoval(tx, removal, effects);
  for (const head of page.heads) await applyHead(tx, head, page.clock - head.age, effects);
  if (page.me) {
    await tx.setSingle("me", page.me);
    effects.status = true;
  }
  if (!page.cursor || !isListing) return;
  const sync = await syncState(tx);
  if (page.more) {
    const token = { to: page.cursor, at: page.backfillAt, alias: page.backfillAlias };
    await tx.setSingle("sync", { ...sync, ...token });
  } else {
    await tx.setSingle("sync", { ...sync, cursor: page.cursor, to: 0, at: 0, alias: 0 });
    await dropDoubtful(tx, effects);
    effects.isListed = true;
  }
}

export async function syncState(tx: Transaction): Promise<SyncState> {
  return (await tx.single("sync")) ?? { epoch: 0, cursor: 0, to: 0, at: 0, alias: 0 };
}

/** Everything up to `cursor` was sent and is stored. */
export async function applyMark(tx: Transaction, cursor: number): Promise<void> {
  const sync = await syncState(tx);
  if (cursor > sync.cursor && !sync.to) await tx.setSingle("sync", { ...sync, cursor });
}

/** Rows that must vanish, whatever is kept of them. */
async function applyRemoval(tx: Transaction, removal: Removal, effects: Effects): Promise<void> {
  const { chat: id, first, last } = removal;
  for (const row of await tx.all("rows", rowKeys(id, first, last))) {
    await tx.put("rows", wiped(row));
  }
  const chat = await tx.get("chats", id);
  const preview = chat?.preview;
  if (chat && preview && preview.seq >= first && preview.seq <= last) {
    await tx.put("chats", { ...chat, preview: wiped(preview) });
  }
  effects.chats.add(id);
}

const wiped = (row: StoredRow): StoredRow => ({
  ...row,
  text: "",
  kind: RowKind.DELETED,
  replyTo: 0,
  edited: 0,
});

async function applyHead(
  tx: Transaction,
  head: Head,
  clock: number,
  effects: Effects,
): Promise<void> {
  effects.chats.add(head.chat);
  if (head.flags & HeadFlag.GONE) return dropChat(tx, head.chat);
  const before = await tx.get("chats", head.chat);
  if (before && !before.doubt && isNewer(before, head, clock)) return;
  const rows = headRows(head);
  let windows = before?.windows ?? [];
  if (head.flags & HeadFlag.RESET) {
    await tx.remove("rows", rowKeys(head.chat));
    windows = [];
  }
  if (before && head.firstSeq > before.firstSeq) {
    await tx.remove("rows", rowKeys(head.chat, 0, head.firstSeq - 1));
    windows = cut(windows, 0, head.firstSeq - 1);
  }
  const whole = rows.filter((_, at) => !head.rows[at]?.cut);
  for (const row of whole) {
    await tx.put("rows", row);
    const { seq } = row;
    const run = { first: seq, last: seq, asOf: version(head) };
    if (!holds(windows, seq)) windows = cover(windows, run);
  }
  const chat = fromHead(head, clock, rows[rows.length - 1] ?? null, windows);
  chat.ahead = (before?.ahead ?? []).filter((state) => version(head) < state.seq + state.changes);
  await tx.put("chats", await withOwnReading(tx, chat));
  hold(chat, effects);
  await rememberPeer(tx, chat, effects);
}

function isNewer(before: StoredChat, head: Head, clock: number): boolean {
  const difference = version(before) - version(head);
  return difference > 0 || (difference === 0 && before.clock > clock);
}

function headRows(head: Head): StoredRow[] {
  const [first, ...others] = head.rows;
  if (!first) return [];
  const absoluteFirst = { ...first, seq: head.lastSeq - first.seq };
  return absolute([absoluteFirst, ...others], head.chat, head.peer);
}

function fromHead(
  head: Head,
  clock: number,
  preview: StoredRow | null,
  windows: Window[],
): StoredChat {
  const { rows: _, age: __, readBack, peerReadBack, peerDeliveredBack, ...rest } = head;
  return {
    ...rest,
    clock,
    readSeq: head.lastSeq - readBack,
    peerReadSeq: head.lastSeq - peerReadBack,
    peerDeliveredSeq: head.lastSeq - peerDeliveredBack,
    preview,
    windows,
    ahead: [],
    doubt: 0,
  };
}

/** A read mark of this device that the server did not have yet when it wrote the head. */
async function withOwnReading(tx: Transaction, chat: StoredChat): Promise<StoredChat> {
  const reads = (await tx.single("reads")) ?? {};
  const seq = reads[chat.chat] ?? 0;
  if (!seq) return chat;
  if (seq > chat.readSeq) return readUpTo(tx, chat, seq);
  const { [chat.chat]: _, ...others } = reads;
  await tx.setSingle("reads", others);
  return chat;
}

/** The chat as the user who has read up to `seq` sees it. */
export async function readUpTo(
  tx: Transaction,
  chat: StoredChat,
  seq: number,
): Promise<StoredChat> {
  if (seq <= chat.readSeq) return chat;
  const read = await tx.all("rows", rowKeys(chat.chat, chat.readSeq + 1, seq));
  const counted = read.filter((row) => row.kind === RowKind.TEXT).length;
  const unread = seq >= chat.lastSeq ? 0 : Math.max(0, chat.unread - counted);
  return { ...chat, readSeq: seq, unread };
}

async function rememberPeer(tx: Transaction, chat: StoredChat, effects: Effects): Promise<void> {
  if (!chat.peer || !chat.title) return;
  await tx.put("people", { user: chat.peer, name: chat.title });
  effects.people.add(chat.peer);
}

/** Forget a chat with all its rows, its draft and its refused commands. */
async function dropChat(tx: Transaction, chat: number): Promise<void> {
  await tx.remove("chats", chat);
  await tx.remove("rows", rowKeys(chat));
  await tx.remove("drafts", chat);
  for (const item of await tx.by("commands", "open", 2)) {
    if (item.chat !== chat) continue;
    const { open: _, ...closed } = item;
    await tx.put("commands", closed);
  }
}

/** The listing of everything is complete: what it did not name is gone. */
async function dropDoubtful(tx: Transaction, effects: Effects): Promise<void> {
  for (const chat of await tx.all("chats")) {
    if (!chat.doubt) continue;
    await dropChat(tx, chat.chat);
    effects.chats.add(chat.chat);
  }
}

/** The cursor is older than what the server remembers: every chat must be named anew. */
export async function doubtEverything(tx: Transaction): Promise<void> {
  const sync = await syncState(tx);
  await tx.setSingle("sync", { epoch: sync.epoch, cursor: 0, to: 0, at: 0, alias: 0 });
  for (const chat of await tx.all("chats")) {
    await tx.put("chats", { ...chat, windows: [], ahead: [], doubt: 1 });
  }
}

/** Another database: what is known of chats means nothing any more. */
export async function startAnew(
  tx: Transaction,
  epoch: number,
  effects: Effects,
): Promise<void> {
  for (const chat of await tx.all("chats")) effects.chats.add(chat.chat);
  await tx.setSingle("sync", { epoch, cursor: 0, to: 0, at: 0, alias: 0 });
  await tx.setSingle("reads", {});
  await tx.setSingle("requeue", true);
  await forgetDeleted(tx);
  await tx.clear("chats");
  await tx.clear("rows");
}

/** Own texts that became tombstones shall not come back. */
async function forgetDeleted(tx: Transaction): Promise<void> {
  for (const item of await tx.all("commands")) {
    if (item.tag !== SendText || !item.made) continue;
    const row = await tx.get("rows", [item.chat, item.made]);
    if (row?.kind === RowKind.DELETED) await tx.remove("commands", item.order);
  }
}

// -- Rows of a range ---------------------------------------------------------------------------

/** One page of the rows asked for by `run`; with the last page the run is exact as of `asOf`. */
export async function applyRows(
  tx: Transaction,
  chatId: number,
  run: Window,
  page: { rows: readonly Row[]; asOf: number; more: number },
): Promise<void> {
  const chat = await tx.get("chats", chatId);
  if (!chat) return;
  for (const row of absolute(page.rows, chatId, chat.peer)) {
    if (row.seq >= chat.firstSeq) await tx.put("rows", row);
    if (row.seq === chat.lastSeq) chat.preview = row;
  }
  // What was asked since an old window means nothing if that window was dropped meanwhile.
  const counts = !page.more && (!run.asOf || isKept(chat.windows, run));
  if (counts) {
    const first = Math.max(run.first, chat.firstSeq);
    chat.windows = cover(chat.windows, { first, last: run.last, asOf: page.asOf });
  }
  await tx.put("chats", chat);
}

/** The others are told that this device has what they wrote. */
export function hold(chat: StoredChat, effects: Effects): void {
  const isShared = (chat.flags & HeadFlag.SHARED_MARKS) > 0;
  if (isShared && chat.unread > 0) effects.held.set(chat.chat, chat.lastSeq);
}
