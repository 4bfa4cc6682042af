/** Live changes applied to the store: each is valid on top of a certain state only. */
import { HeadFlag, RowKind, UNREAD_MAX } from "../protocol/codes.gen";
import type { Changed, Marked, Posted } from "../protocol/messages.gen";
import type { Placed } from "./connection";
import type { Queued, StoredChat, StoredRow, Transaction } from "./store";
import { absolute, hold, version, type Effects } from "./sync";
import { advance, cover, holds } from "./windows";

async function byAlias(
  tx: Transaction,
  alias: number,
  effects: Effects,
): Promise<StoredChat | undefined> {
  const [chat] = await tx.by("chats", "alias", alias, 1);
  if (!chat) effects.isLost = true;
  else effects.chats.add(chat.chat);
  return chat;
}

/** A new text of somebody else, or of another device of this user. */
export async function applyPosted(
  tx: Transaction,
  posted: Posted,
  me: number,
  effects: Effects,
): Promise<void> {
  const chat = await byAlias(tx, posted.alias, effects);
  if (!chat || posted.seq + posted.changes <= version(chat)) return;
  const fits = chat.lastSeq === posted.seq - 1 && chat.changes === posted.changes;
  if (!fits || (chat.preview?.seq ?? 0) !== chat.lastSeq) {
    effects.ask.add(chat.chat);
    return;
  }
  const row: StoredRow = {
    chat: chat.chat,
    seq: posted.seq,
    at: (chat.preview?.at ?? 0) + posted.later,
    author: posted.author || chat.peer,
    text: posted.text,
    kind: RowKind.TEXT,
    replyTo: posted.replyTo,
    edited: 0,
    subject: 0,
    outbox: posted.outbox,
    number: posted.number,
  };
  await addRow(tx, chat, row, me);
  hold(chat, effects);
}

/** The next row of a chat, on top of everything that is known of it. */
async function addRow(
  tx: Transaction,
  chat: StoredChat,
  row: StoredRow,
  me: number,
): Promise<void> {
  const { seq } = row;
  const before = version(chat);
  await tx.put("rows", row);
  chat.windows = advance(chat.windows, before, before + 1);
  chat.windows = cover(chat.windows, { first: seq, last: seq, asOf: before + 1 });
  chat.lastSeq = seq;
  chat.preview = row;
  countRow(chat, row, me);
  await catchUp(tx, chat, me);
  await tx.put("chats", chat);
}

/** A text moves its author's marks to it. */
function countRow(chat: StoredChat, row: StoredRow, me: number): void {
  if (row.kind !== RowKind.TEXT) return;
  if (row.author === me) {
    chat.readSeq = row.seq;
    chat.unread = 0;
    return;
  }
  chat.unread = Math.min(chat.unread + 1, UNREAD_MAX);
  if (chat.flags & HeadFlag.SHARED_MARKS) {
    chat.peerReadSeq = row.seq;
    chat.peerDeliveredSeq = row.seq;
  }
}

/** Own texts that were accepted above rows of others: those have come now. */
async function catchUp(tx: Transaction, chat: StoredChat, me: number): Promise<void> {
  chat.ahead = chat.ahead.filter((state) => state.seq > chat.lastSeq);
  for (;;) {
    const next = chat.ahead.find((state) => state.seq === chat.lastSeq + 1);
    if (!next || next.changes !== chat.changes) return;
    const row = await tx.get("rows", [chat.chat, next.seq]);
    if (!row) return;
    const before = version(chat);
    chat.windows = advance(chat.windows, before, before + 1);
    chat.lastSeq = next.seq;
    chat.preview = row;
    countRow(chat, row, me);
    chat.ahead = chat.ahead.filter((state) => state !== next);
  }
}

/** An own text of this device has its place: `state` is the chat's afterwards. */
export async function applyAccepted(
  tx: Transaction,
  queued: Queued,
  state: Placed,
  content: { me: number; text: string; replyTo: number },
  effects: Effects,
): Promise<void> {
  effects.chats.add(queued.chat);
  const chat = await tx.get("chats", queued.chat);
  if (!chat) return; // its head is on the way, or it is gone
  const row: StoredRow = {
    chat: chat.chat,
    seq: state.seq,
    at: state.at,
    author: content.me,
    text: content.text,
    kind: RowKind.TEXT,
    replyTo: content.replyTo,
    edited: 0,
    subject: 0,
    outbox: queued.outbox,
    number: queued.number,
  };
  const after = state.seq + state.changes;
  if (holds(chat.windows, state.seq)) return;
  if (chat.lastSeq === state.seq - 1 && chat.changes === state.changes) {
    return addRow(tx, chat, row, content.me);
  }
  await tx.put("rows", row);
  chat.windows = cover(chat.windows, { first: state.seq, last: state.seq, asOf: after });
  if (after > version(chat)) {
    chat.ahead.push({ seq: state.seq, changes: state.changes });
    if (chat.changes !== state.changes || chat.lastSeq >= state.seq) effects.ask.add(chat.chat);
  }
  await tx.put("chats", chat);
}

/** Others have read or received more. */
export async function applyMarked(
  tx: Transaction,
  marked: Marked,
  effects: Effects,
): Promise<void> {
  const chat = await byAlias(tx, marked.alias, effects);
  if (!chat || marked.lastSeq + marked.changes <= version(chat)) return;
  const isNext = chat.lastSeq === marked.lastSeq && chat.changes >= marked.changes - marked.covers;
  if (!isNext) {
    effects.ask.add(chat.chat);
    return;
  }
  const before = version(chat);
  chat.changes = marked.changes;
  chat.peerReadSeq = marked.lastSeq - marked.readBack;
  chat.peerDeliveredSeq = marked.lastSeq - marked.deliveredBack;
  chat.windows = advance(chat.windows, before, version(chat));
  await tx.put("chats", chat);
}

/** Rows that are new or changed since `base`, with whatever else happened. */
export async function applyChanged(
  tx: Transaction,
  changed: Changed,
  me: number,
  effects: Effects,
): Promise<void> {
  const chat = await byAlias(tx, changed.alias, effects);
  const before = chat ? version(chat) : 0;
  if (!chat || version(changed) <= before) return;
  if (before < changed.base) {
    effects.ask.add(chat.chat);
    return;
  }
  const known = chat.lastSeq;
  chat.windows = advance(chat.windows, before, version(changed));
  for (const row of absolute(changed.rows, chat.chat, chat.peer)) {
    if (row.seq > known) countRow(chat, row, me);
    else if (!countRemoved(chat, row, before > changed.base)) effects.ask.add(chat.chat);
    await keepChanged(tx, chat, row, { known, version: version(changed) });
  }
  if (chat.unread >= UNREAD_MAX) effects.ask.add(chat.chat);
  chat.lastSeq = changed.lastSeq;
  chat.changes = changed.changes;
  chat.title = changed.title || chat.title;
  chat.memberCount = changed.memberCount || chat.memberCount;
  await catchUp(tx, chat, me);
  await tx.put("chats", chat);
}

/** A tombstone above the read mark counts one less; false: that can't be told. */
function countRemoved(chat: StoredChat, row: StoredRow, isRepeated: boolean): boolean {
  if (row.kind !== RowKind.DELETED || row.seq <= chat.readSeq) return true;
  if (isRepeated) return false; // it may have been counted already
  chat.unread = Math.max(0, chat.unread - 1);
  return true;
}

async function keepChanged(
  tx: Transaction,
  chat: StoredChat,
  row: StoredRow,
  state: { known: number; version: number },
): Promise<void> {
  const { seq } = row;
  if (seq > state.known) {
    chat.windows = cover(chat.windows, { first: seq, last: seq, asOf: state.version });
  }
  if (holds(chat.windows, seq)) await tx.put("rows", row);
  if (seq >= (chat.preview?.seq ?? 0)) chat.preview = row;
}
