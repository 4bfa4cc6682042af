import { describe, expect, test } from "vitest";
import { countCharacters, hue, HUES, initials, isEmojiOnly, tokens } from "../../src/state/text";

const links = (text: string) => tokens(text).flatMap((token) => (token.url ? [token.url] : []));

describe("links", () => {
  test("the tokens of a text are the text", () => {
    for (const text of [
      "",
      "a",
      "see https://a.org/x, (http://b.net)! ok",
      "https://",
      "a\nhttp://x.y\n",
    ]) {
      expect(
        tokens(text)
          .map((token) => token.text)
          .join(""),
      ).toBe(text);
    }
  });

  test("only http and https lead anywhere", () => {
    expect(
      links("javascript:alert(1) data:text/html,x ftp://a.org file:///etc mailto:a@b.c"),
    ).toEqual([]);
    expect(links("HTTPS://A.org/B http://b.net")).toEqual(["https://a.org/B", "http://b.net/"]);
  });

  test("the end of the sentence is not part of a link", () => {
    expect(links("At https://a.org/x. And http://b.net/y?z=1!")).toEqual([
      "https://a.org/x",
      "http://b.net/y?z=1",
    ]);
    expect(links("(https://a.org/x)")).toEqual(["https://a.org/x"]);
    expect(links("https://a.org/x_(y)")).toEqual(["https://a.org/x_(y)"]);
  });

  test("a user name that pretends to be a host is not a link", () => {
    expect(links("https://bank.example@evil.example/")).toEqual([]);
  });
});

describe("characters", () => {
  test("are counted as code points", () => {
    for (const text of ["", "abc", "😱😱", "a\ud800b", "é", "👨‍👩‍👧"]) {
      expect(countCharacters(text)).toBe(Array.from(text).length);
    }
  });

  test("a few emoji alone are large, text is not", () => {
    expect(["👍", "😂 😂", "🇮🇩", "👨‍👩‍👧", "❤️"].map(isEmojiOnly)).not.toContain(false);
    expect(["", " ", "ok 👍", "12", "#", "👍".repeat(20)].map(isEmojiOnly)).not.toContain(true);
  });
});

describe("avatars", () => {
  test("initials are first letters of the first and last word", () => {
    expect(initials("Made Ayu Lestari")).toBe("ML");
    expect(initials("bima")).toBe("B");
    expect(initials("  ")).toBe("?");
    expect(initials("😱")).toBe("😱");
  });

  test("a colour stays with an id and all are used", () => {
    const hues = Array.from({ length: 400 }, (_, at) => hue(70_000 + at));
    expect(hue(70_000)).toBe(hues[0]);
    expect(new Set(hues).size).toBe(HUES);
  });
});
