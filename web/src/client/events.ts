/** What happened, told to the tab after it is committed to the local store. */
import type { Effects } from "./sync";
import type { Notice, Status } from "./types";

/** What a session tells its tab. */
export interface Events {
  changed(effects: Effects, moved?: { from: number; to: number }): void;
  status(part: Partial<Status>): void;
  answered(order: number): void;
  /** Bytes that were sent and came. */
  counted(up: number, down: number): void;
  /** The server serves another build of the web client. */
  outdated(): void;
  typing(chat: number, user: number): void;
  presence(user: number, online: boolean, seenAt: number): void;
  notice(notice: Notice): void;
  /** A newer connection of this device took over. */
  fenced(): void;
}
