/** Rows and chats in words, for bubbles, previews and the screen reader. */

import type { ChatView, RowView } from "../client/types";
import type { WordKey } from "../i18n/language";
import { ChatKind, RowKind } from "../state/kinds";
import type { MessengerState } from "../state/messenger";
import type { TickName } from "./Icon";
import type { Shell } from "./shell";

export type Where = { shell: Shell; state: MessengerState };

export function titleOf(shell: Shell, chat: ChatView): string {
  if (chat.kind === ChatKind.NOTES) return shell.t("notes");
  return chat.title || shell.t("somebody");
}

export function nameOf({ shell, state }: Where, user: number): string {
  return state.name(user) || shell.t("somebody");
}

const SYSTEM: Readonly<Record<number, { other: WordKey; byYou: WordKey; toYou?: WordKey }>> = {
  [RowKind.DELETED]: { other: "deleted", byYou: "deletedByYou" },
  [RowKind.CREATED]: { other: "created", byYou: "createdByYou" },
  [RowKind.RENAMED]: { other: "renamed", byYou: "renamedByYou" },
  [RowKind.JOINED]: { other: "joined", byYou: "joinedByYou" },
  [RowKind.ADDED]: { other: "added", byYou: "addedByYou", toYou: "addedYou" },
  [RowKind.LEFT]: { other: "left", byYou: "leftByYou" },
  [RowKind.REMOVED]: { other: "removed", byYou: "removedByYou", toYou: "removedYou" },
  [RowKind.BANNED]: { other: "banned", byYou: "bannedByYou", toYou: "bannedYou" },
};

/** A row that is not a text: what happened, as a sentence. */
export function systemText(where: Where, row: RowView): string {
  const { shell, state } = where;
  const entry = SYSTEM[row.kind];
  if (!entry) return shell.t("unknownRow");
  const me = state.status().user;
  const key = row.author === me ? entry.byYou : row.subject === me ? entry.toYou : undefined;
  return shell.t(key ?? entry.other, {
    author: nameOf(where, row.author),
    subject: nameOf(where, row.subject),
    text: row.text,
  });
}

export function rowText(where: Where, row: RowView): string {
  return row.kind === RowKind.TEXT ? row.text : systemText(where, row);
}

/** How far an own text got. */
export function tickOf(chat: ChatView, row: RowView): TickName {
  if (row.state !== "sent") return row.state;
  if (!chat.sharesMarks || chat.kind === ChatKind.NOTES) return "sent";
  if (row.seq <= chat.peerReadSeq) return "read";
  return row.seq <= chat.peerDeliveredSeq ? "delivered" : "sent";
}

/** "failed" has its own sentence with the reason. */
export function tickLabel(shell: Shell, name: TickName): string {
  return name === "failed" ? "" : shell.t(name);
}
