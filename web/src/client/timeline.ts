/** The rows of chats that this device keeps. Those in a window are exact as of its version. */
import { RowKind } from "../protocol/codes.gen";
import type { Row } from "../protocol/messages.gen";
import { rowKeys, type StoredChat, type StoredRow, type Transaction } from "./store";
import { countRow } from "./unread";
import { advance, isKept, version, type Window } from "./windows";

export function isDeleted(row: { kind: number } | undefined): boolean {
  return row?.kind === RowKind.DELETED;
}

/** Rows of a list with absolute positions and times. */
export function absolute(rows: readonly Row[], chat: number, peer: number): StoredRow[] {
  let seq = 0;
  let at = 0;
  return rows.map((row) => {
    const { cut: _, ...kept } = row;
    seq += row.seq;
    at += row.at;
    return { ...kept, chat, seq, at, author: row.author || peer };
  });
}

/**
 * Keep a row that is exact as of `asOf`: what is known of a later version stays, and a
 * tombstone is final.
 */
export async function keepRow(
  tx: Transaction,
  windows: readonly Window[],
  row: StoredRow,
  asOf: number,
): Promise<void> {
  const { chat, seq } = row;
  if (isKept(windows, { first: seq, last: seq, asOf: asOf + 1 })) return;
  if (!isDeleted(await tx.get("rows", [chat, seq]))) await tx.put("rows", row);
}

/** Make tombstones of the rows kept of first..last. */
export async function wipe(
  tx: Transaction,
  id: number,
  first: number,
  last: number,
): Promise<void> {
  for (const row of await tx.all("rows", rowKeys(id, first, last))) {
    await tx.put("rows", wiped(row));
  }
  const chat = await tx.get("chats", id);
  const preview = chat?.preview;
  if (chat && preview && preview.seq >= first && preview.seq <= last) {
    await tx.put("chats", { ...chat, preview: wiped(preview) });
  }
}

const wiped = (row: StoredRow): StoredRow => ({
  ...row,
  text: "",
  kind: RowKind.DELETED,
  replyTo: 0,
  edited: 0,
});

/** Own rows whose turn has come; those up to `upTo` whatever else is on its way. */
export async function appendOwn(tx: Transaction, chat: StoredChat, upTo = 0): Promise<void> {
  chat.ahead = chat.ahead.filter((state) => state.seq > chat.lastSeq);
  for (;;) {
    const next = chat.ahead.find((state) => state.seq === chat.lastSeq + 1);
    if (!next || (next.changes !== chat.changes && next.seq > upTo)) return;
    const row = await tx.get("rows", [chat.chat, next.seq]);
    if (!row) return;
    const before = version(chat);
    chat.windows = advance(chat.windows, before, before + 1);
    countRow(chat, row, row.author);
    chat.lastSeq = next.seq;
    chat.preview = row;
    chat.ahead = chat.ahead.filter((state) => state !== next);
  }
}
