/** Which run of a chat's rows is on screen: bounded, whatever the length of the chat. Pure. */

import type { ChatView } from "../client/types";

export interface Window {
  first: number;
  last: number;
}

/** Rows kept in the document at most, and rows added at an edge. */
export const WINDOW_ROWS_MAX = 160;
export const PAGE_ROWS = 50;
const CONTEXT_ROWS = 20;

type Extent = Pick<ChatView, "firstSeq" | "lastSeq">;

function lowest(chat: Extent): number {
  return Math.max(1, chat.firstSeq);
}

function clamp(window: Window, chat: Extent): Window {
  const last = Math.min(window.last, chat.lastSeq);
  return { first: Math.max(lowest(chat), window.first), last };
}

/** The newest rows. */
export function atEnd(chat: Extent): Window {
  return clamp({ first: chat.lastSeq - PAGE_ROWS + 1, last: chat.lastSeq }, chat);
}

/** Rows before and after one of them; the newest ones too if they are near. */
export function around(chat: Extent, wanted: number): Window {
  const seq = Math.max(lowest(chat), wanted);
  if (seq > chat.lastSeq - PAGE_ROWS + CONTEXT_ROWS) {
    return clamp({ first: Math.min(seq, chat.lastSeq) - PAGE_ROWS + 1, last: chat.lastSeq }, chat);
  }
  return clamp({ first: seq - CONTEXT_ROWS, last: seq + PAGE_ROWS - CONTEXT_ROWS }, chat);
}

/** One page further up; what is too much falls off below. */
export function older(window: Window, chat: Extent): Window {
  const first = Math.max(lowest(chat), window.first - PAGE_ROWS);
  return { first, last: Math.min(window.last, first + WINDOW_ROWS_MAX - 1) };
}

/** One page further down; what is too much falls off above. */
export function newer(window: Window, chat: Extent): Window {
  const last = Math.min(chat.lastSeq, window.last + PAGE_ROWS);
  return { first: Math.max(window.first, last - WINDOW_ROWS_MAX + 1), last };
}

/**
 * The window after new rows came. A reader at the end goes on with them and loses old
 * ones above; a reader further up keeps what they read, and gets new rows while there is room.
 */
export function follow(window: Window, chat: Extent, isPinned: boolean): Window {
  const last = chat.lastSeq;
  if (isPinned) return { first: Math.max(window.first, last - WINDOW_ROWS_MAX + 1), last };
  return last - window.first < WINDOW_ROWS_MAX ? { first: window.first, last } : window;
}
