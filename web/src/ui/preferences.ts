/** What this browser remembers about how things look. Works without storage, forgetting. */

import { isLanguage, type LanguageTag } from "../i18n/language";

export type Theme = "automatic" | "light" | "dark";

const THEME = "kentong.theme";
const LANGUAGE = "kentong.language";

function recall(key: string): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function remember(key: string, value: string): void {
  try {
    if (value) localStorage.setItem(key, value);
    else localStorage.removeItem(key);
  } catch {
    // A browser that refuses storage shows the default next time.
  }
}

export function recallTheme(): Theme {
  const theme = recall(THEME);
  return theme === "light" || theme === "dark" ? theme : "automatic";
}

export function applyTheme(theme: Theme): void {
  remember(THEME, theme === "automatic" ? "" : theme);
  if (theme === "automatic") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function recallLanguage(): LanguageTag | "" {
  const tag = recall(LANGUAGE);
  return isLanguage(tag) ? tag : "";
}

export function rememberLanguage(tag: LanguageTag | ""): void {
  remember(LANGUAGE, tag);
}
