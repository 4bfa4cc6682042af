/** What the client tells the screens and what they can ask of it. No DOM here. */

/** A row as the screens see it: stored on the server, or waiting in the outbox. */
export interface RowView {
  /** Position in the chat; of a waiting row 0. */
  seq: number;
  /** Stable over waiting -> sent: "outbox:number" for own rows of this device, else "seq". */
  key: string;
  /** Seconds since 1970; of a waiting row by the corrected clock of the device. */
  at: number;
  /** User id of the author. */
  author: number;
  text: string;
  /** RowKind. */
  kind: number;
  /** Seq of the message replied to, 0: none. */
  replyTo: number;
  edited: boolean;
  /** User id a system row is about. */
  subject: number;
  /** waiting: in the outbox; failed: refused, `error` says why; sent: the server has it. */
  state: "sent" | "waiting" | "failed";
  /** ErrorCode of a failed row, 0 otherwise. */
  error: number;
  /** Edited or deleted on this device; the server does not know yet. */
  pending: boolean;
}

export interface ChatView {
  /** Chat id; negative while the chat itself waits in the outbox. */
  id: number;
  /** ChatKind. */
  kind: number;
  /** Title of a group, name of the other person. */
  title: string;
  /** The other person of a direct chat, else 0. */
  peer: number;
  lastSeq: number;
  unread: number;
  readSeq: number;
  /** How far others have read and received; 0 where it is not shared. */
  peerReadSeq: number;
  peerDeliveredSeq: number;
  sharesMarks: boolean;
  memberCount: number;
  /** Role. */
  role: number;
  /** Smallest seq this user may see. */
  firstSeq: number;
  unreachable: boolean;
  /** The newest row, waiting ones included; null: nothing written yet. */
  preview: RowView | null;
  /** Commands of this chat that wait in the outbox. */
  waiting: number;
  /** What was written and not sent, in lists only. */
  draft?: string | undefined;
}

/** Why nothing comes, or that all is well. */
export type LinkState = "connecting" | "online" | "offline" | "waiting";

export interface Status {
  link: LinkState;
  /** The listing after connecting is not complete yet. */
  updating: boolean;
  /** Commands in the outbox without an answer. */
  waiting: number;
  /** Another tab holds the connection. */
  follower: boolean;
  /** Own user id, 0 before the first answer. */
  user: number;
  name: string;
  blocked: readonly number[];
  /** Server time minus device time, ms. */
  clockOffsetMs: number;
  /** A newer client is ready: reload when the user is. */
  updateReady: boolean;
  /** The device was signed out or suspended: ErrorCode, else 0. */
  ended: number;
  /** Bytes this device sent and received since the counter was reset. */
  bytesUp: number;
  bytesDown: number;
}

export interface PersonView {
  user: number;
  name: string;
}

export interface MemberView extends PersonView {
  role: number;
  banned: boolean;
}

export interface DeviceView {
  device: number;
  name: string;
  createdAt: number;
  seenAt: number;
  current: boolean;
}

export interface InviteView {
  title: string;
  memberCount: number;
  /** Already a member: the chat, else 0. */
  chat: number;
}

/** Something changed: which parts to read again. Sent after it is committed. */
export interface Change {
  /** Chat ids whose ChatView or rows changed. */
  chats: readonly number[];
  /** Chats that are gone, or got another id (a waiting one that now has its own). */
  moved: readonly { from: number; to: number }[];
  status: boolean;
  people: readonly number[];
}

/**
 * Something to tell the user once. refused: a command that shows no row of its own was
 * refused with `code` (in `chat`, 0: none). dropped: a command could not be queued again
 * after the server was restored. lost: the browser had cleared what was kept here, so
 * what had not been sent is gone; everything else is fetched again.
 */
export interface Notice {
  kind: "refused" | "dropped" | "lost";
  code: number;
  chat: number;
}

export interface MessengerOptions {
  /** Number of this build: <html data-build>. */
  build: number;
  /** Called from a join or recovery a moment ago: an empty store is no loss. */
  fresh?: boolean;
}

export interface RangeView {
  rows: readonly RowView[];
  /** Holes among first..last that are being fetched or can't be without a link. */
  holes: readonly { first: number; last: number }[];
}

/** A request to the server that could not be answered. */
export class RequestFailed extends Error {
  constructor(readonly code: number) {
    super(`refused: ${code}`);
  }
}

/**
 * The messenger without a screen. Every command is on disk when its promise resolves;
 * requests (people, members, devices, invite) reject with RequestFailed or wait for a link.
 */
export interface Messenger {
  status(): Status;
  /** Newest first. From the local store: no network. */
  chats(): Promise<readonly ChatView[]>;
  chat(chat: number): Promise<ChatView | null>;
  /** Rows first..last (ascending, waiting ones last if last >= lastSeq); asks for holes. */
  rows(chat: number, first: number, last: number): Promise<RangeView>;
  /** Name of a person from the local store; unknown ones are asked for and announced by Change. */
  person(user: number): PersonView | null;
  onChange(listener: (change: Change) => void): () => void;
  onTyping(listener: (chat: number, user: number) => void): () => void;
  onPresence(listener: (user: number, online: boolean, seenAt: number) => void): () => void;
  onNotice(listener: (notice: Notice) => void): () => void;

  sendText(chat: number, text: string, replyTo?: number): Promise<void>;
  editText(chat: number, seq: number, text: string): Promise<void>;
  deleteMessage(chat: number, seq: number): Promise<void>;
  /** Drop a failed row, or take its text back to write again. */
  discardFailed(key: string): Promise<string>;
  /** Resolve to the chat id: negative until the server has answered. */
  openDirect(user: number): Promise<number>;
  createGroup(title: string, members: readonly number[]): Promise<number>;
  joinByInvite(token: string): Promise<number>;
  renameGroup(chat: number, title: string): Promise<void>;
  addMember(chat: number, user: number): Promise<void>;
  removeMember(chat: number, user: number, ban: boolean): Promise<void>;
  leaveGroup(chat: number): Promise<void>;
  blockUser(user: number, blocked: boolean): Promise<void>;
  report(chat: number, seq: number, reason: number, text: string): Promise<void>;
  setName(name: string): Promise<void>;
  revokeDevice(device: number): Promise<void>;
  /** Needs a link. Resolves to the token of a fresh invite link (chat 0: to oneself). */
  makeInvite(chat: number): Promise<string>;

  members(chat: number, after: number, banned: boolean): Promise<readonly MemberView[]>;
  devices(): Promise<readonly DeviceView[]>;
  invite(token: string): Promise<InviteView>;

  markRead(chat: number, seq: number): void;
  typing(chat: number): void;
  looks(foreground: boolean, chats: readonly number[]): void;
  draft(chat: number): Promise<string>;
  saveDraft(chat: number, text: string): void;
  /** Forget everything on this device and sign it out. */
  signOut(): Promise<void>;
}
