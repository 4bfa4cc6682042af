/** Which runs of a chat's rows are kept here, and how exact they are. Pure functions. */

/** Rows first..last are kept; they are exact up to the chat's version `asOf`. */
export interface Window {
  first: number;
  last: number;
  asOf: number;
}

/** A run that has to be asked for: what changed above `asOf`, 0: everything. */
export type Gap = Window;

/** How often a chat changed; windows say as of which of its versions they are exact. */
export function version(chat: { lastSeq: number; changes: number }): number {
  return chat.lastSeq + chat.changes;
}

/** In order, touching windows with the same `asOf` as one. */
function merged(windows: Window[]): Window[] {
  const result: Window[] = [];
  for (const window of windows.sort((a, b) => a.first - b.first)) {
    const before = result[result.length - 1];
    if (before && before.last + 1 >= window.first && before.asOf === window.asOf) {
      before.last = Math.max(before.last, window.last);
    } else result.push({ ...window });
  }
  return result;
}

/** The windows without the rows first..last. */
export function cut(windows: readonly Window[], first: number, last: number): Window[] {
  return windows.flatMap((window) =>
    [
      { ...window, last: Math.min(window.last, first - 1) },
      { ...window, first: Math.max(window.first, last + 1) },
    ].filter((part) => part.first <= part.last && part.first >= window.first),
  );
}

/** The windows with `added` among them: where two overlap the later version counts. */
export function cover(windows: readonly Window[], added: Window): Window[] {
  if (added.first > added.last) return merged([...windows]);
  const later = windows.filter(({ asOf }) => asOf >= added.asOf);
  const older = windows.filter(({ asOf }) => asOf < added.asOf);
  let rest = [added];
  for (const { first, last } of later) rest = cut(rest, first, last);
  return merged([...later, ...cut(older, added.first, added.last), ...rest]);
}

/**
 * The chat went from version `before` to `after` and all of that is known here: what was
 * exact stays exact.
 */
export function advance(windows: readonly Window[], before: number, after: number): Window[] {
  return merged(
    windows.map((window) => {
      const isExact = window.asOf >= before && window.asOf < after;
      return isExact ? { ...window, asOf: after } : { ...window };
    }),
  );
}

/** Whether one row is kept. */
export function holds(windows: readonly Window[], seq: number): boolean {
  return windows.some((window) => window.first <= seq && seq <= window.last);
}

/** Whether a whole run is kept, exact at least up to `asOf`. */
export function isKept(windows: readonly Window[], run: Window): boolean {
  let next = run.first;
  for (const window of windows) {
    const isNext = window.first <= next && window.last >= next;
    if (isNext && window.asOf >= run.asOf) next = window.last + 1;
  }
  return next > run.last;
}

/** The holes among first..last. */
export function holes(windows: readonly Window[], first: number, last: number): Gap[] {
  let rest: Gap[] = first <= last ? [{ first, last, asOf: 0 }] : [];
  for (const window of windows) rest = cut(rest, window.first, window.last);
  return rest;
}

/**
 * What has to be asked so that first..last is exact at `version`: holes from nothing,
 * old windows from their `asOf`. Old windows side by side are asked for together.
 */
export function wanted(
  windows: readonly Window[],
  first: number,
  last: number,
  version: number,
): Gap[] {
  const old = windows
    .filter((window) => window.asOf < version && window.first <= last && window.last >= first)
    .map(({ asOf, ...run }) => ({
      first: Math.max(run.first, first),
      last: Math.min(run.last, last),
      asOf,
    }));
  const joined: Gap[] = [];
  for (const gap of old) {
    const before = joined[joined.length - 1];
    if (before && before.last + 1 === gap.first) {
      before.last = gap.last;
      before.asOf = Math.min(before.asOf, gap.asOf);
    } else joined.push(gap);
  }
  return [...holes(windows, first, last), ...joined].sort((a, b) => b.first - a.first);
}
