/** What a text is made of: links, code points, emoji. Pure. */

export interface Token {
  text: string;
  /** Where the token leads; absent for plain text. */
  url?: string;
}

/** Counts as the server does: code points, not UTF-16 units. */
export function countCharacters(text: string): number {
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
}

const LINK = /\bhttps?:\/\/[^\s<>"“”«»]+/gi;
const TRAILING = /[.,:;!?'’…*_~]+$/;

/** Splits a text into plain parts and http(s) links; joined they are the text again. */
export function tokens(text: string): Token[] {
  const parts: Token[] = [];
  let done = 0;
  for (const match of text.matchAll(LINK)) {
    const shown = withoutTrailing(match[0]);
    const url = safeUrl(shown);
    if (!url) continue;
    if (match.index > done) parts.push({ text: text.slice(done, match.index) });
    parts.push({ text: shown, url });
    done = match.index + shown.length;
  }
  if (done < text.length) parts.push({ text: text.slice(done) });
  return parts;
}

/** The end of a sentence is not part of a link, nor is a bracket that was opened before it. */
function withoutTrailing(link: string): string {
  for (;;) {
    const shorter = link.replace(TRAILING, "");
    const last = shorter.slice(-1);
    const closes =
      (last === ")" && !shorter.includes("(")) || (last === "]" && !shorter.includes("["));
    const next = closes ? shorter.slice(0, -1) : shorter;
    if (next === link) return link;
    link = next;
  }
}

function safeUrl(link: string): string | null {
  try {
    const url = new URL(link);
    const isWeb = url.protocol === "https:" || url.protocol === "http:";
    // A user name before the host is how links pretend to lead elsewhere.
    return isWeb && url.username === "" && url.password === "" ? url.href : null;
  } catch {
    return null;
  }
}

const EMOJI =
  /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|\u200d|\ufe0f|\s)+$/u;
const EMOJI_UNITS_MAX = 24;

/** A few emoji and nothing else: shown larger. */
export function isEmojiOnly(text: string): boolean {
  return text.length <= EMOJI_UNITS_MAX && text.trim() !== "" && EMOJI.test(text);
}

/** Up to two letters that stand for a name. */
export function initials(name: string): string {
  const words = name.split(/[\s\-_.]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = [words[0], words.length > 1 ? words[words.length - 1] : undefined].map(
    (word) => /[\p{L}\p{N}]\p{M}*/u.exec(word ?? "")?.[0] ?? "",
  );
  return letters.join("").toLocaleUpperCase() || /\S/u.exec(name)?.[0] || "?";
}

export const HUES = 8;

/** A colour number of 0 … HUES - 1 that stays with an id; neighbours differ. */
export function hue(id: number): number {
  return Math.abs(id) % HUES;
}
