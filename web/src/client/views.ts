/** What the screens are shown: rows and chats as stored, with the outbox laid over them. */
import { decode } from "../protocol/codec";
import { ChatKind, HeadFlag, RowKind } from "../protocol/codes.gen";
import {
  CreateGroup,
  DeleteMessage,
  EditText,
  OpenDirect,
  SendText,
} from "../protocol/messages.gen";
import { makesChat } from "./outbox";
import type { Queued, StoredChat, StoredRow } from "./store";
import type { ChatView, RowView } from "./types";

export function rowKey(outbox: number, number: number, seq: number): string {
  return outbox ? `${outbox}:${number}` : `${seq}`;
}

export function rowView({ outbox, number, ...row }: StoredRow): RowView {
  return {
    ...row,
    key: rowKey(outbox, number, row.seq),
    edited: row.edited > 0,
    state: "sent",
    error: 0,
    pending: false,
  };
}

/** A text of the outbox. */
export function waitingRow(queued: Queued, user: number): RowView {
  const command = decode(queued.bytes) as SendText;
  return {
    seq: 0,
    key: rowKey(queued.outbox, queued.number, 0),
    at: queued.at,
    author: user,
    text: command.text,
    kind: RowKind.TEXT,
    replyTo: Math.max(command.replyTo, 0),
    edited: false,
    subject: 0,
    state: queued.code ? "failed" : "waiting",
    error: queued.code,
    pending: false,
  };
}

/** Rows as they will be once the server knows of the edits and deletions in the outbox. */
export function withChanges(rows: RowView[], open: readonly Queued[]): RowView[] {
  for (const queued of open) {
    if (queued.tag !== EditText && queued.tag !== DeleteMessage) continue;
    const command = decode(queued.bytes) as EditText | DeleteMessage;
    const at = rows.findIndex((row) => row.seq > 0 && row.seq === command.seq);
    const row = rows[at];
    if (!row) continue;
    rows[at] =
      command.tag === EditText
        ? { ...row, text: command.text, edited: true, pending: true }
        : { ...row, text: "", kind: RowKind.DELETED, replyTo: 0, pending: true };
  }
  return rows;
}

/** Commands of a chat that wait, and texts among them. */
function ofChat(
  open: readonly Queued[],
  chat: number,
): { own: Queued[]; waiting: number; texts: Queued[] } {
  const own = open.filter((queued) => queued.chat === chat);
  const texts = own.filter((queued) => queued.tag === SendText);
  return { own, waiting: own.filter((queued) => !queued.answeredAt).length, texts };
}

export function chatView(chat: StoredChat, open: readonly Queued[], user: number): ChatView {
  const { own, waiting, texts } = ofChat(open, chat.chat);
  const last = texts[texts.length - 1];
  const stored = chat.preview && withChanges([rowView(chat.preview)], own)[0];
  const isShared = (chat.flags & HeadFlag.SHARED_MARKS) > 0;
  return {
    id: chat.chat,
    kind: chat.kind,
    title: chat.title,
    peer: chat.peer,
    lastSeq: chat.lastSeq,
    unread: chat.unread,
    readSeq: chat.readSeq,
    peerReadSeq: isShared ? chat.peerReadSeq : 0,
    peerDeliveredSeq: isShared ? chat.peerDeliveredSeq : 0,
    sharesMarks: isShared,
    memberCount: chat.memberCount,
    role: chat.role,
    firstSeq: chat.firstSeq,
    unreachable: (chat.flags & HeadFlag.UNREACHABLE) > 0,
    preview: last ? waitingRow(last, user) : (stored ?? null),
    waiting,
  };
}

/** A chat that waits itself, called -order. */
export function waitingChat(
  queued: Queued,
  open: readonly Queued[],
  user: number,
  nameOf: (user: number) => string,
): ChatView {
  const command = decode(queued.bytes);
  const peer = command?.tag === OpenDirect ? command.user : 0;
  const isNotes = command?.tag === OpenDirect && peer === 0;
  const title = command?.tag === CreateGroup ? command.title : peer ? nameOf(peer) : "";
  const { waiting, texts } = ofChat(open, -queued.order);
  const last = texts[texts.length - 1];
  return {
    id: -queued.order,
    kind: isNotes ? ChatKind.NOTES : peer ? ChatKind.DIRECT : ChatKind.GROUP,
    title,
    peer,
    lastSeq: 0,
    unread: 0,
    readSeq: 0,
    peerReadSeq: 0,
    peerDeliveredSeq: 0,
    sharesMarks: false,
    memberCount: 0,
    role: 0,
    firstSeq: 0,
    unreachable: false,
    preview: last ? waitingRow(last, user) : null,
    waiting: waiting + 1,
  };
}

/** Whether a command makes a chat that is not there yet. */
export function isWaitingChat(queued: Queued): boolean {
  return makesChat(queued.tag) && !queued.answeredAt;
}

/** Newest first: by the last row, waiting chats and chats without rows by their age. */
export function byTime(a: ChatView, b: ChatView): number {
  return (b.preview?.at ?? 0) - (a.preview?.at ?? 0) || Math.abs(b.id) - Math.abs(a.id);
}
