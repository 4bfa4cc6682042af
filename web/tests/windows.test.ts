import fc from "fast-check";
import { expect, test } from "vitest";
import {
  advance,
  cover,
  cut,
  holds,
  holes,
  isKept,
  wanted,
  type Window,
} from "../src/client/windows";

const SEQS = 20;

/** The same as windows, one row after the other: asOf by seq, -1 for a hole. */
type Model = number[];

const toModel = (windows: readonly Window[]): Model =>
  Array.from({ length: SEQS + 1 }, (_, seq) => {
    const found = windows.find((window) => window.first <= seq && seq <= window.last);
    return found ? found.asOf : -1;
  });

const run = fc
  .tuple(fc.integer({ min: 1, max: SEQS }), fc.integer({ min: 1, max: SEQS }), fc.nat({ max: 5 }))
  .map(([a, b, asOf]) => ({ first: Math.min(a, b), last: Math.max(a, b), asOf }));
const some = fc.array(run, { maxLength: 8 }).map((runs) => {
  let windows: Window[] = [];
  for (const added of runs) windows = cover(windows, added);
  return windows;
});

test("windows are sorted, apart, and merged where they touch with equal as_of", () => {
  fc.assert(
    fc.property(some, (windows) => {
      windows.forEach((window, at) => {
        const next = windows[at + 1];
        expect(window.first).toBeLessThanOrEqual(window.last);
        if (!next) return;
        expect(window.last).toBeLessThan(next.first);
        if (window.last + 1 === next.first) expect(window.asOf).not.toBe(next.asOf);
      });
    }),
  );
});

test("covering a run changes these rows and no other; the later version counts", () => {
  fc.assert(
    fc.property(some, run, (windows, added) => {
      const expected = toModel(windows).map((asOf, seq) =>
        added.first <= seq && seq <= added.last ? Math.max(added.asOf, asOf) : asOf,
      );
      expect(toModel(cover(windows, added))).toEqual(expected);
    }),
  );
});

test("cutting a run leaves these rows as holes and no other", () => {
  fc.assert(
    fc.property(some, run, (windows, { first, last }) => {
      const expected = toModel(windows).map((asOf, seq) =>
        first <= seq && seq <= last ? -1 : asOf,
      );
      expect(toModel(cut(windows, first, last))).toEqual(expected);
    }),
  );
});

test("what was exact stays exact, what was not does not become it", () => {
  fc.assert(
    fc.property(some, fc.nat({ max: 5 }), fc.nat({ max: 2 }), (windows, before, steps) => {
      const after = before + 1 + steps;
      const expected = toModel(windows).map((asOf) =>
        asOf >= before && asOf < after ? after : asOf,
      );
      expect(toModel(advance(windows, before, after))).toEqual(expected);
    }),
  );
});

test("asking for what is wanted makes the run exact", () => {
  fc.assert(
    fc.property(some, run, (windows, { first, last }) => {
      let filled = windows;
      for (const gap of wanted(windows, first, last, 5)) {
        if (gap.asOf) expect(isKept(filled, gap)).toBe(true);
        filled = cover(filled, { ...gap, asOf: 5 });
      }
      expect(isKept(filled, { first, last, asOf: 5 })).toBe(true);
      expect(wanted(filled, first, last, 5)).toEqual([]);
    }),
  );
});

test("holes are what no window holds", () => {
  fc.assert(
    fc.property(some, run, (windows, { first, last }) => {
      const found = holes(windows, first, last);
      for (let seq = first; seq <= last; seq++) {
        expect(holds(found, seq)).toBe(!holds(windows, seq));
      }
    }),
  );
});
