import { describe, expect, test } from "vitest";
import { de } from "../../src/i18n/de";
import { en, type Plural } from "../../src/i18n/en";
import { id } from "../../src/i18n/id";
import { chooseLanguage, daysBetween, Language } from "../../src/i18n/language";
import { more as moreDe } from "../../src/i18n/more/de";
import { more as moreEn } from "../../src/i18n/more/en";
import { more as moreId } from "../../src/i18n/more/id";
import { ErrorCode, ReportReason } from "../../src/protocol/codes.gen";

type Texts = Readonly<Record<string, string | Plural>>;
const source: Texts = { ...en, ...moreEn };
const translated: Record<string, Texts> = { id: { ...id, ...moreId }, de: { ...de, ...moreDe } };
const all: Record<string, Texts> = { en: source, ...translated };

const forms = (text: string | Plural | undefined) =>
  typeof text === "string" ? [text] : Object.values(text ?? {});
const names = (text: string) =>
  [...text.matchAll(/\{(\w+)\}/g)]
    .map((match) => match[1] ?? "")
    .sort((a, b) => a.localeCompare(b));

describe.each(Object.entries(translated))("%s", (_tag, words) => {
  test("has the keys of English, no more and no less", () => {
    expect(Object.keys(words).sort()).toEqual(Object.keys(source).sort());
  });

  test("fills in the same names as English", () => {
    for (const [key, text] of Object.entries(source)) {
      const wanted = names(forms(text)[0] ?? "");
      for (const form of forms(words[key])) expect([key, names(form)]).toEqual([key, wanted]);
    }
  });
});

describe.each(Object.entries(all))("%s", (tag, words) => {
  test("has exactly the plural forms of the language", () => {
    const categories = new Intl.PluralRules(tag).resolvedOptions().pluralCategories.sort();
    for (const [key, text] of Object.entries(words)) {
      if (typeof text !== "string")
        expect([key, Object.keys(text).sort()]).toEqual([key, categories]);
    }
  });

  test("leaves no text empty", () => {
    expect(
      Object.values(words)
        .flatMap(forms)
        .filter((text) => text.trim() === ""),
    ).toEqual([]);
  });
});

test("the two parts of a language share no key", () => {
  expect(Object.keys(en).filter((key) => key in moreEn)).toEqual([]);
});

test("every error code and every reason for a report has words", () => {
  for (const code of Object.values(ErrorCode)) expect(moreEn).toHaveProperty(`error${code}`);
  for (const reason of Object.values(ReportReason))
    expect(moreEn).toHaveProperty(`reason${reason}`);
});

test("an error code of a later version says its number", () => {
  expect(new Language("en", { ...en, ...moreEn }).reason(4711)).toContain("4,711");
});

test("the first language of the reader that we speak is chosen", () => {
  expect(chooseLanguage(["fr-FR", "de-AT", "en"])).toBe("de");
  expect(chooseLanguage(["fr", "es"])).toBe("en");
  expect(chooseLanguage([])).toBe("en");
});

test("the count chooses the form", () => {
  const language = new Language("en", en);
  expect(language.text("members", { count: 1 })).toBe("1 member");
  expect(language.text("members", { count: 1200 })).toBe("1,200 members");
});

test("what somebody wrote is not filled in again", () => {
  const language = new Language("en", en);
  expect(language.text("saidBy", { name: "{text}", text: "x" })).toBe("{text}: x");
});

test("days are counted by the calendar", () => {
  const evening = new Date(2026, 2, 28, 23, 59).getTime();
  expect(daysBetween(evening, new Date(2026, 2, 29, 0, 1).getTime())).toBe(1);
  expect(daysBetween(evening, new Date(2026, 2, 30, 23, 0).getTime())).toBe(2);
});
