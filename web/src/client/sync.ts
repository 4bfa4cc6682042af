/** What the server says about chats, applied to the store: heads, removals, rows of ranges. */
import { HeadFlag } from "../protocol/codes.gen";
import type { Head, Heads, Row } from "../protocol/messages.gen";
import {
  rowKeys,
  type StoredChat,
  type StoredRow,
  type SyncState,
  type TableName,
  type Transaction,
} from "./store";
import { absolute, appendOwn, keepRow, wipe } from "./timeline";
import { unreadAfter } from "./unread";
import { advance, cover, cut, isKept, version, type Window } from "./windows";

/** What a transaction that applies state needs. */
export const STATE: TableName[] = ["singles", "chats", "rows", "commands", "people", "drafts"];

/** What applying found out, for after the commit. */
export interface Effects {
  chats: Set<number>;
  people: Set<number>;
  /** How far this device holds chats whose marks are shared, where others wrote. */
  held: Map<number, number>;
  status: boolean;
  /** Chats whose head must be asked for, unless they reach this version otherwise. */
  ask: Map<number, number>;
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
    ask: new Map(),
    isLost: false,
    isListed: false,
  };
}

// -- Heads -----------------------------------------------------------------------------------

/**
 * Chats where RESET was obeyed on this connection, with their firstSeq: it counts from the
 * cursor, so that heads repeat it.
 */
export type Resets = Map<number, number>;

/** A page of heads. `isListing`: of this connection's listing, whose token and cursor count. */
export async function applyHeads(
  tx: Transaction,
  page: Heads,
  isListing: boolean,
  effects: Effects,
  resets: Resets,
): Promise<void> {
  for (const { chat, first, last } of page.removals) {
    await wipe(tx, chat, first, last);
    effects.chats.add(chat);
  }
  for (const head of page.heads) {
    await applyHead(tx, head, page.clock - head.age, effects, resets);
  }
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
    const cursor = Math.max(page.cursor, sync.cursor);
    await tx.setSingle("sync", { ...sync, cursor, to: 0, at: 0, alias: 0 });
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

/** Replace the head of a chat unless the one here is newer. */
async function applyHead(
  tx: Transaction,
  head: Head,
  clock: number,
  effects: Effects,
  resets: Resets,
): Promise<void> {
  effects.chats.add(head.chat);
  const before = await tx.get("chats", head.chat);
  if (head.flags & HeadFlag.GONE) {
    resets.delete(head.chat);
    if (before && clock >= before.clock) await dropChat(tx, head.chat);
    return;
  }
  if (before && isNewer(before, head, clock)) {
    if (before.doubt) await tx.put("chats", { ...before, doubt: 0 });
    return;
  }
  const rows = headRows(head);
  let windows = await windowsUnder(tx, head, before, resets);
  for (const [at, row] of rows.entries()) {
    if (head.rows[at]?.cut) continue; // a preview is no part of a window
    await keepRow(tx, windows, row, version(head));
    windows = cover(windows, { first: row.seq, last: row.seq, asOf: version(head) });
  }
  const chat = fromHead(head, clock, rows[rows.length - 1] ?? null, windows);
  chat.ahead = (before?.ahead ?? []).filter((state) => version(head) < state.seq + state.changes);
  await appendOwn(tx, chat);
  await tx.put("chats", await withOwnReading(tx, chat));
  hold(chat, effects);
  await rememberPeer(tx, chat, effects);
}

/** What a new head leaves of the windows of its chat. */
async function windowsUnder(
  tx: Transaction,
  head: Head,
  before: StoredChat | undefined,
  resets: Resets,
): Promise<Window[]> {
  const { chat, firstSeq } = head;
  let windows = before?.windows ?? [];
  if (head.flags & HeadFlag.RESET && resets.get(chat) !== firstSeq) {
    resets.set(chat, firstSeq);
    await tx.remove("rows", rowKeys(chat));
    return [];
  }
  if (before?.changes === head.changes) {
    windows = advance(windows, version(before), version(head)); // nothing but new rows
  }
  if (firstSeq <= 1) return windows;
  await tx.remove("rows", rowKeys(chat, 0, firstSeq - 1));
  return cut(windows, 0, firstSeq - 1);
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
  upTo: number,
): Promise<StoredChat> {
  const seq = Math.min(upTo, chat.lastSeq);
  if (seq <= chat.readSeq) return chat;
  const left = (await unreadAfter(tx, chat, seq)) ?? chat.lastSeq - seq; // the server will know
  return { ...chat, readSeq: seq, unread: Math.min(left, chat.unread) };
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

// -- Rows of a range ---------------------------------------------------------------------------

/**
 * One page of the rows asked for by `run`: up to its last row, with the last page all of it, it
 * is exact as of `asOf`; a hole as far as rows came: a restored server may have fewer than the
 * one that was to be asked. Returns where the next page begins.
 */
export async function applyRows(
  tx: Transaction,
  chatId: number,
  run: Window,
  page: { rows: readonly Row[]; asOf: number; more: number },
): Promise<number> {
  const chat = await tx.get("chats", chatId);
  if (!chat) return run.first;
  let last = 0;
  for (const row of absolute(page.rows, chatId, chat.peer)) {
    last = row.seq;
    if (last >= chat.firstSeq) await keepRow(tx, chat.windows, row, page.asOf);
  }
  // What was asked since an old window means nothing if that window was dropped meanwhile.
  const next = (page.more ? Math.max(last, run.first - 1) : run.last) + 1;
  if (run.asOf) last = isKept(chat.windows, run) ? next - 1 : 0;
  const first = Math.max(run.first, chat.firstSeq);
  chat.windows = cover(chat.windows, { first, last, asOf: page.asOf });
  chat.preview = (await tx.get("rows", [chatId, chat.lastSeq])) ?? chat.preview;
  await tx.put("chats", chat);
  return next;
}

/** The others are told that this device has what they wrote. */
export function hold(chat: StoredChat, effects: Effects): void {
  const isShared = (chat.flags & HeadFlag.SHARED_MARKS) > 0;
  if (isShared && chat.unread > 0) effects.held.set(chat.chat, chat.lastSeq);
}
