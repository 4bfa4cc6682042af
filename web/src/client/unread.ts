/** How many texts of a chat are unread, as far as the rows that are kept here tell. */
import { HeadFlag, RowKind, UNREAD_MAX } from "../protocol/codes.gen";
import { rowKeys, type StoredChat, type StoredRow, type Transaction } from "./store";
import { version, wanted } from "./windows";

/** How many texts of others stand after `seq`; null: some rows are not known here. */
export async function unreadAfter(
  tx: Transaction,
  chat: StoredChat,
  seq: number,
): Promise<number | null> {
  const { chat: id, windows, lastSeq } = chat;
  if (seq >= lastSeq) return 0;
  if (wanted(windows, seq + 1, lastSeq, version(chat)).length) return null;
  const me = (await tx.single("me"))?.user;
  const rows = await tx.all("rows", rowKeys(id, seq + 1, lastSeq));
  const texts = rows.filter(({ kind, author }) => kind === RowKind.TEXT && author !== me);
  return Math.min(texts.length, UNREAD_MAX);
}

/** A new row of a chat: who writes a text has read and received all up to it. */
export function countRow(chat: StoredChat, row: StoredRow, me: number): void {
  const isText = row.kind === RowKind.TEXT;
  if (!isText && row.kind !== RowKind.DELETED) return;
  if (row.author === me) {
    chat.readSeq = row.seq;
    chat.unread = 0;
    return;
  }
  chat.unread = Math.min(chat.unread + Number(isText), UNREAD_MAX);
  if (chat.flags & HeadFlag.SHARED_MARKS) {
    chat.peerReadSeq = Math.max(chat.peerReadSeq, row.seq);
    chat.peerDeliveredSeq = Math.max(chat.peerDeliveredSeq, row.seq);
  }
}

