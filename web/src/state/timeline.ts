/** Rows put in order for the eye: days, groups of one author, holes. Pure. */

import type { RowView } from "../client/types";
import { isSame } from "./keyed";
import { RowKind } from "./kinds";

export interface RowEntry {
  kind: "row";
  key: string;
  row: RowView;
  /** First and last of a run by one author. */
  starts: boolean;
  ends: boolean;
  /** The unread divider stands above it. */
  firstUnread: boolean;
}

export interface HoleEntry {
  kind: "hole";
  key: string;
}

export type Entry = RowEntry | HoleEntry;

export interface Day {
  key: string;
  /** Any moment of the day, ms. */
  at: number;
  entries: Entry[];
}

export interface Hole {
  first: number;
  last: number;
}

const RUN_S_MAX = 300;

/** Days of rows in their order. `startOfDay` maps ms to the ms of its local midnight. */
export function layOut(
  rows: readonly RowView[],
  holes: readonly Hole[],
  unreadFrom: number,
  startOfDay: (at: number) => number,
): Day[] {
  const days: Day[] = [];
  let previous: RowEntry | null = null;
  let divided = unreadFrom <= 0;
  const pending = [...holes];
  for (const row of rows) {
    const midnight = startOfDay(row.at * 1000);
    const day = dayAt(days, midnight);
    while (row.seq > 0 && pending[0] && pending[0].first < row.seq) {
      day.entries.push(holeEntry(pending.shift()));
      previous = null;
    }
    const firstUnread = !divided && row.seq >= unreadFrom;
    divided ||= firstUnread;
    const isNewDay = day.entries.length === 0;
    const entry = rowEntry(row, firstUnread || isNewDay ? null : previous, firstUnread);
    if (previous) previous.ends = entry.starts;
    day.entries.push(entry);
    previous = entry;
  }
  for (const hole of pending)
    dayAt(days, days[days.length - 1]?.at ?? 0).entries.push(holeEntry(hole));
  return days;
}

/** The last day, or a new one. A clock that was set back doesn't open an older day again. */
function dayAt(days: Day[], midnight: number): Day {
  const last = days[days.length - 1];
  if (last && midnight <= last.at) return last;
  const day = { key: `day${midnight}`, at: midnight, entries: [] };
  days.push(day);
  return day;
}

function holeEntry(hole: Hole | undefined): HoleEntry {
  return { kind: "hole", key: `hole${hole?.first ?? 0}` };
}

function rowEntry(row: RowView, previous: RowEntry | null, firstUnread: boolean): RowEntry {
  const joins = previous !== null && isOneRun(previous.row, row);
  return { kind: "row", key: row.key, row, starts: !joins, ends: true, firstUnread };
}

function isOneRun(before: RowView, after: RowView): boolean {
  return (
    before.author === after.author &&
    isBubble(before) &&
    isBubble(after) &&
    after.at - before.at < RUN_S_MAX
  );
}

export function isBubble(row: RowView): boolean {
  return row.kind === RowKind.TEXT;
}

/** Whether two entries look the same, so that what is on screen can stay. */
export function isSameEntry(a: Entry, b: Entry): boolean {
  if (a.kind === "hole" || b.kind === "hole") return a.kind === b.kind;
  return (
    a.starts === b.starts &&
    a.ends === b.ends &&
    a.firstUnread === b.firstUnread &&
    isSame(a.row, b.row)
  );
}
