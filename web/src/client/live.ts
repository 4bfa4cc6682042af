/** Live changes applied to the store: each is valid on top of a certain state only. */
import {
  ChatKind,
  HeadFlag,
  RowKind,
  SMALL_GROUP_MEMBERS_MAX,
  UNREAD_MAX,
} from "../protocol/codes.gen";
import type { Changed, Marked, Posted } from "../protocol/messages.gen";
import type { Placed } from "./connection";
import type { Queued, StoredChat, StoredRow, Transaction } from "./store";
import { hold, type Effects } from "./sync";
import { absolute, appendOwn, isDeleted, keepRow, wipe } from "./timeline";
import { countRow } from "./unread";
import { advance, cover, holds, version } from "./windows";

/** What is told of a new text. */
type Said = Omit<StoredRow, "chat" | "kind" | "edited" | "subject">;

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
    effects.ask.set(chat.chat, posted.seq + posted.changes);
    return;
  }
  const at = (chat.preview?.at ?? 0) + posted.later;
  const { seq, text, replyTo, outbox, number } = posted;
  const author = posted.author || chat.peer;
  const said = { seq, at, author, text, replyTo, outbox, number };
  await addRow(tx, chat, textRow(chat, said), me);
  hold(chat, effects);
}

function textRow({ chat }: StoredChat, said: Said): StoredRow {
  return { ...said, chat, kind: RowKind.TEXT, edited: 0, subject: 0 };
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
  countRow(chat, row, me);
  chat.lastSeq = seq;
  chat.preview = row;
  await appendOwn(tx, chat);
  await tx.put("chats", chat);
}

/** An own text of this device has its place: `state` is the chat's afterwards. */
export async function applyAccepted(
  tx: Transaction,
  queued: Queued,
  state: Placed,
  content: { author: number; text: string; replyTo: number },
  effects: Effects,
): Promise<void> {
  effects.chats.add(queued.chat);
  const chat = await tx.get("chats", queued.chat);
  if (!chat) return; // its head is on the way, or it is gone
  const { seq, changes, at } = state;
  const { outbox, number } = queued;
  const row = textRow(chat, { ...content, seq, at, outbox, number });
  const after = seq + changes;
  if (holds(chat.windows, seq)) return;
  if (chat.lastSeq === seq - 1 && chat.changes === changes) {
    return addRow(tx, chat, row, content.author);
  }
  await keepRow(tx, chat.windows, row, after);
  chat.windows = cover(chat.windows, { first: seq, last: seq, asOf: after });
  if (after > version(chat)) {
    chat.ahead.push({ seq, changes });
    effects.ask.set(chat.chat, after);
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
  if (!chat || version(marked) <= version(chat)) return;
  const { lastSeq, changes, covers } = marked;
  const own = chat.ahead.filter(({ seq }) => seq > chat.lastSeq && seq <= lastSeq);
  const isNext = chat.lastSeq + own.length === lastSeq && chat.changes >= changes - covers;
  if (!isNext) {
    effects.ask.set(chat.chat, version(marked));
    return;
  }
  await appendOwn(tx, chat, lastSeq);
  const before = version(chat);
  chat.changes = changes;
  chat.peerReadSeq = lastSeq - marked.readBack;
  chat.peerDeliveredSeq = lastSeq - marked.deliveredBack;
  chat.windows = advance(chat.windows, before, version(chat));
  await appendOwn(tx, chat);
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
  const rows = absolute(changed.rows, chat.chat, chat.peer);
  if (before < changed.base) {
    for (const { seq } of rows.filter(isDeleted)) await wipe(tx, chat.chat, seq, seq);
    effects.ask.set(chat.chat, version(changed));
    return;
  }
  if (isUnsure(chat, changed, rows)) effects.ask.set(chat.chat, Infinity);
  chat.windows = advance(chat.windows, before, version(changed));
  for (const row of rows) {
    if (row.seq > chat.lastSeq) countRow(chat, row, me);
    else if (isDeleted(row) && row.seq > chat.readSeq) {
      chat.unread = Math.max(chat.unread - 1, 0); // it counted till now
    }
    await keepChanged(tx, chat, row, version(changed));
  }
  chat.lastSeq = changed.lastSeq;
  chat.changes = changed.changes;
  chat.title = changed.title || chat.title;
  chat.memberCount = changed.memberCount || chat.memberCount;
  await appendOwn(tx, chat);
  await tx.put("chats", chat);
  hold(chat, effects);
}

/**
 * Whether it can't be told if what became a tombstone counted as unread, or whether others'
 * marks are other ones now: who comes or leaves has marks, too.
 */
function isUnsure(chat: StoredChat, changed: Changed, rows: readonly StoredRow[]): boolean {
  const isVague = changed.base < version(chat) || chat.unread >= UNREAD_MAX;
  if (isVague && rows.some(isDeleted)) return true;
  if (chat.kind !== ChatKind.GROUP) return false;
  const members = changed.memberCount || chat.memberCount;
  const isSmall = 0 < members && members <= SMALL_GROUP_MEMBERS_MAX;
  if (isSmall !== (chat.flags & HeadFlag.SHARED_MARKS) > 0) return true;
  return isSmall && rows.some(({ seq, kind }) => seq > chat.lastSeq && kind >= RowKind.JOINED);
}

async function keepChanged(
  tx: Transaction,
  chat: StoredChat,
  row: StoredRow,
  asOf: number,
): Promise<void> {
  const { seq } = row;
  if (seq > chat.lastSeq) chat.windows = cover(chat.windows, { first: seq, last: seq, asOf });
  if (holds(chat.windows, seq)) await keepRow(tx, chat.windows, row, asOf);
  if (seq >= (chat.preview?.seq ?? 0)) chat.preview = row;
}
