import { expect, test } from "vitest";
import type { RowView } from "../../src/client/types";
import { layOut, type Entry, type RowEntry } from "../../src/state/timeline";
import { around, atEnd, follow, newer, older, WINDOW_ROWS_MAX } from "../../src/state/window";

const DAY_S = 86_400;
const utcDay = (at: number) => at - (at % (DAY_S * 1000));

function row(seq: number, fields: Partial<RowView> = {}): RowView {
  const plain = { author: 1, text: "x", kind: 0, replyTo: 0, edited: false, subject: 0 };
  const sent = { state: "sent" as const, error: 0, pending: false };
  return { seq, key: String(seq), at: 10 * DAY_S + seq, ...plain, ...sent, ...fields };
}

const isRow = (entry: Entry): entry is RowEntry => entry.kind === "row";
const shape = (rows: RowView[], unreadFrom = 0) =>
  layOut(rows, [], unreadFrom, utcDay).flatMap((day) => day.entries.filter(isRow));

test("texts of one author close together are one run", () => {
  const entries = shape([
    row(1),
    row(2),
    row(3, { author: 2 }),
    row(4, { author: 2, at: 10 * DAY_S + 900 }),
  ]);
  expect(entries.map((entry) => entry.starts)).toEqual([true, false, true, true]);
  expect(entries.map((entry) => entry.ends)).toEqual([false, true, true, true]);
});

test("a line of what happened ends a run", () => {
  const entries = shape([row(1), row(2, { kind: 20 }), row(3)]);
  expect(entries.map((entry) => entry.starts)).toEqual([true, true, true]);
});

test("each day stands by itself", () => {
  const days = layOut([row(1), row(2), row(3, { at: 11 * DAY_S })], [], 0, utcDay);
  expect(days.map((day) => day.entries.length)).toEqual([2, 1]);
});

test("a clock that was set back opens no day again", () => {
  const days = layOut([row(1, { at: 11 * DAY_S }), row(2, { at: 10 * DAY_S })], [], 0, utcDay);
  expect(days.length).toBe(1);
});

test("the divider stands above the first unread row, once, and starts a run", () => {
  const entries = shape([row(1), row(2), row(3)], 2);
  expect(entries.map((entry) => entry.firstUnread)).toEqual([false, true, false]);
  expect(entries[1]?.starts).toBe(true);
});

test("a hole stands where its rows are missing", () => {
  const days = layOut([row(1), row(9), row(0, { key: "a:1" })], [{ first: 2, last: 8 }], 0, utcDay);
  expect(days[0]?.entries.map((entry) => entry.key)).toEqual(["1", "hole2", "9", "a:1"]);
});

test("holes without any row are shown", () => {
  expect(layOut([], [{ first: 1, last: 8 }], 0, utcDay)[0]?.entries.length).toBe(1);
});

const chat = { firstSeq: 1, lastSeq: 100_000 };

test("a window never grows beyond its bound", () => {
  let window = atEnd(chat);
  for (let step = 0; step < 20; step++) window = older(window, chat);
  expect(window.last - window.first + 1).toBe(WINDOW_ROWS_MAX);
  for (let step = 0; step < 3; step++) window = newer(window, chat);
  expect(window.last - window.first + 1).toBe(WINDOW_ROWS_MAX);
});

test("a window stays inside what the reader may see", () => {
  const young = { firstSeq: 90, lastSeq: 100 };
  expect(atEnd(young)).toEqual({ first: 90, last: 100 });
  expect(around(young, 3)).toEqual({ first: 90, last: 100 });
  expect(older(atEnd(young), young)).toEqual({ first: 90, last: 100 });
});

test("a window around a row holds it and what follows", () => {
  const window = around(chat, 500);
  expect(window.first).toBeLessThan(500);
  expect(window.last).toBeGreaterThan(520);
  expect(around(chat, 99_990).last).toBe(100_000);
});

test("new rows push old ones out only for a reader at the end", () => {
  const full = { first: 100_000 - WINDOW_ROWS_MAX + 1, last: 100_000 };
  const grown = { firstSeq: 1, lastSeq: 100_005 };
  expect(follow(full, grown, true).last).toBe(100_005);
  expect(follow(full, grown, false)).toEqual(full);
  expect(follow(atEnd(chat), grown, false)).toEqual({ first: atEnd(chat).first, last: 100_005 });
});
