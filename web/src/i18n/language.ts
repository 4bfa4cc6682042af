/** Texts, numbers and times in the language of the reader. */

import { en, type Plural, type Words } from "./en";
import type { MoreWords } from "./more/en";

export type WordKey = keyof Words | keyof MoreWords;
/** The first part is always there, the second one comes later. */
export type AllWords = Words & Partial<MoreWords>;

export const LANGUAGES = { en: "English", id: "Bahasa Indonesia", de: "Deutsch" } as const;
export type LanguageTag = keyof typeof LANGUAGES;

export type Values = Readonly<Record<string, string | number>>;

/** The first of the wanted languages that we speak; English if none is. */
export function chooseLanguage(wanted: readonly string[]): LanguageTag {
  for (const tag of wanted) {
    const short = tag.slice(0, 2).toLowerCase();
    if (isLanguage(short)) return short;
  }
  return "en";
}

export function isLanguage(tag: string): tag is LanguageTag {
  return tag in LANGUAGES;
}

/** The texts of one language: English came with the app and stands in for what can't be fetched. */
export async function loadWords(tag: LanguageTag): Promise<Words> {
  try {
    if (tag === "id") return (await import("./id")).id;
    if (tag === "de") return (await import("./de")).de;
  } catch {
    // No link, and this browser forgot what it had.
  }
  return en;
}

/** The second part of the same language. */
export async function loadMoreWords(tag: LanguageTag): Promise<MoreWords> {
  switch (tag) {
    case "id":
      return (await import("./more/id")).more;
    case "de":
      return (await import("./more/de")).more;
    default:
      return (await import("./more/en")).more;
  }
}

const DAY_MS = 86_400_000;

/** One language with its texts and formats. Times are ms since 1970; the day is the local one. */
export class Language {
  readonly #plurals: Intl.PluralRules;
  readonly #numbers: Intl.NumberFormat;
  readonly #formats = new Map<string, Intl.DateTimeFormat>();

  readonly #words: AllWords;

  constructor(
    readonly tag: string,
    words: AllWords,
  ) {
    this.#words = words;
    this.#plurals = new Intl.PluralRules(tag);
    this.#numbers = new Intl.NumberFormat(tag);
  }

  /** The text of `key` with {names} filled in; `count` chooses the plural form. */
  text(key: WordKey, values: Values = {}): string {
    const entry: string | Plural = this.#words[key] ?? "";
    const form =
      typeof entry === "string"
        ? entry
        : (entry[this.#plurals.select(Number(values.count))] ?? entry.other);
    return form.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      return value === undefined ? whole : typeof value === "number" ? this.number(value) : value;
    });
  }

  /** What an ErrorCode means; a code of a later version still says its number. Below 0: offline. */
  reason(code: number): string {
    if (code < 0) return this.text("noConnection");
    const key = `error${code}`;
    return this.#knows(key) ? this.text(key) : this.text("error", { code });
  }

  /** The same language with its second part. */
  with(more: MoreWords): Language {
    return new Language(this.tag, { ...this.#words, ...more });
  }

  isComplete(): boolean {
    return this.#knows("error1");
  }

  #knows(key: string): key is WordKey {
    return key in this.#words;
  }

  number(value: number): string {
    return this.#numbers.format(value);
  }

  clock(at: number): string {
    return this.#format(at, { hour: "numeric", minute: "2-digit" });
  }

  /** For a list: the time today, the weekday in the last week, else the date. */
  brief(at: number, now: number): string {
    const days = daysBetween(at, now);
    if (days <= 0) return this.clock(at);
    if (days < 7) return this.#format(at, { weekday: "short" });
    return this.#format(at, { day: "numeric", month: "numeric", year: "2-digit" });
  }

  /** For a heading: today, yesterday, else the day in words. */
  day(at: number, now: number): string {
    const days = daysBetween(at, now);
    if (days === 0 || days === 1) {
      const words = new Intl.RelativeTimeFormat(this.tag, { numeric: "auto" }).format(-days, "day");
      return words.charAt(0).toLocaleUpperCase(this.tag) + words.slice(1);
    }
    const withYear = new Date(at).getFullYear() !== new Date(now).getFullYear();
    const shape = { weekday: "long", day: "numeric", month: "long" } as const;
    return this.#format(at, withYear ? { ...shape, year: "numeric" } : shape);
  }

  /** For a sentence: "14:05", "Tue 14:05" or the date. */
  moment(at: number, now: number): string {
    const brief = this.brief(at, now);
    const days = daysBetween(at, now);
    return days > 0 && days < 7 ? `${brief} ${this.clock(at)}` : brief;
  }

  full(at: number): string {
    return this.#format(at, { dateStyle: "full", timeStyle: "short" });
  }

  #format(at: number, shape: Intl.DateTimeFormatOptions): string {
    const key = JSON.stringify(shape);
    let format = this.#formats.get(key);
    if (!format) this.#formats.set(key, (format = new Intl.DateTimeFormat(this.tag, shape)));
    return format.format(at);
  }
}

/** Local midnights between two moments: days of 23 and 25 hours count as one. */
export function daysBetween(at: number, now: number): number {
  return Math.round((startOfDay(now) - startOfDay(at)) / DAY_MS);
}

export function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
