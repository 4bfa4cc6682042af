/** What every screen has at hand: words, messages to the reader, questions and menus. */

import { type Accessor, createContext, useContext } from "solid-js";
import type { Language, LanguageTag, Values, WordKey } from "../i18n/language";
import type { MessengerState } from "../state/messenger";
import type { Navigation } from "../state/navigation";
import type { Theme } from "./preferences";

export interface MenuItem {
  /** A path of icons.ts. */
  icon: string;
  label: string;
  isDanger?: boolean;
  run(): void;
}

/** Items beside a place on the page, in CSS pixels; on a narrow screen at its lower edge. */
export interface MenuView {
  items: MenuItem[];
  x: number;
  y: number;
  label: string;
}

export interface Question {
  title: string;
  hint?: string;
  action: string;
  isDanger?: boolean;
  run(): void;
}

export interface Shell {
  language: Accessor<Language>;
  t(key: WordKey, values?: Values): string;
  /** Fetches the second part of the texts; never rejects. */
  loadMore(): Promise<void>;
  nav: Navigation;
  say(text: string): void;
  ask(question: Question): void;
  openMenu(menu: MenuView): void;
  theme: Accessor<Theme>;
  setTheme(theme: Theme): void;
  /** "" follows the browser. */
  languageTag: Accessor<LanguageTag | "">;
  setLanguageTag(tag: LanguageTag | ""): void;
}

export const ShellContext = createContext<Shell>();
export const MessengerContext = createContext<MessengerState>();

export function useShell(): Shell {
  const shell = useContext(ShellContext);
  if (!shell) throw new Error("outside of the shell");
  return shell;
}

export function useMessenger(): MessengerState {
  const state = useContext(MessengerContext);
  if (!state) throw new Error("not signed in");
  return state;
}
