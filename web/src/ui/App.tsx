/** The frame around every screen: words, menus, questions, notices, the door or the app. */

import { Show, createEffect, createSignal, onCleanup, type Accessor } from "solid-js";
import type { Messenger as Client } from "../client/types";
import {
  Language,
  chooseLanguage,
  loadMoreWords,
  loadWords,
  type LanguageTag,
} from "../i18n/language";
import type { Door } from "../state/join";
import { NO_CONNECTION } from "../state/kinds";
import { Navigation } from "../state/navigation";
import { HOME } from "../state/routes";
import { pages, watchPages } from "./pages";
import { Join } from "./Join";
import { later } from "./later";
import { Messenger } from "./Messenger";
import { applyTheme, recallLanguage, recallTheme, rememberLanguage } from "./preferences";
import { ShellContext, type MenuView, type Question, type Shell } from "./shell";

const NOTICE_MS = 3_500;

const Above = later(async () => (await import("./above/Above")).Above);

/** What the app is built from: a signed-in client, or the door to become one. */
export interface Parts {
  /** null: this device is not signed in. */
  client: Client | null;
  door: Door;
  /** Called after joining; resolves to the signed-in client. */
  open(): Promise<Client>;
}

export function App(props: { parts: Parts; language: Language }) {
  const above = createAbove();
  const shell = createShell(props.language, above);
  const [client, setClient] = createSignal(props.parts.client);
  const link = shell.nav.route();
  const goInside = async () => {
    const opened = await props.parts.open();
    // The link was used by joining: its place in the history is the list's.
    shell.nav.go(HOME);
    setClient(opened);
  };
  return (
    <ShellContext.Provider value={shell}>
      <Show
        when={client()}
        fallback={<Join door={props.parts.door} link={link} onInside={() => void goInside()} />}
      >
        {(opened) => <Messenger client={opened()} />}
      </Show>
      <Show when={above.menu() || above.question()}>
        <Above
          menu={above.menu()}
          question={above.question()}
          failed={() => shell.say(shell.language().reason(NO_CONNECTION))}
        />
      </Show>
      <div class="notice" role="status" classList={{ shown: above.notice() !== "" }}>
        {above.notice()}
      </div>
    </ShellContext.Provider>
  );
}

interface AboveState {
  menu: Accessor<MenuView | null>;
  setMenu: (menu: MenuView | null) => void;
  question: Accessor<Question | null>;
  setQuestion: (question: Question | null) => void;
  notice: Accessor<string>;
  say: (text: string) => void;
}

function createAbove(): AboveState {
  const [menu, setMenu] = createSignal<MenuView | null>(null);
  const [question, setQuestion] = createSignal<Question | null>(null);
  const [notice, setNotice] = createSignal("");
  let timer: ReturnType<typeof setTimeout> | undefined;
  const say = (text: string) => {
    setNotice(text);
    clearTimeout(timer);
    timer = setTimeout(() => setNotice(""), NOTICE_MS);
  };
  return { menu, setMenu, question, setQuestion, notice, say };
}

function createShell(first: Language, above: AboveState): Shell {
  const nav = new Navigation(pages, pages.depth());
  onCleanup(watchPages(nav));
  const [language, setLanguage] = createSignal(first);
  const [theme, setTheme] = createSignal(recallTheme());
  const [languageTag, setLanguageTag] = createSignal(recallLanguage());
  createEffect(() => applyTheme(theme()));
  createEffect(() => {
    document.documentElement.lang = language().tag;
  });
  const shell: Shell = {
    language,
    t: (key, values) => language().text(key, values),
    nav,
    say: above.say,
    ask(question) {
      nav.openOverlay(() => above.setQuestion(null));
      above.setQuestion(question);
    },
    openMenu(menu) {
      nav.openOverlay(() => above.setMenu(null));
      above.setMenu(menu);
    },
    theme,
    setTheme,
    languageTag,
    async loadMore() {
      const now = language();
      if (now.isComplete()) return;
      const more = await loadMoreWords(chooseLanguage([now.tag])).catch(() => null);
      if (more && language() === now) setLanguage(now.with(more));
    },
    setLanguageTag(tag) {
      setLanguageTag(tag);
      rememberLanguage(tag);
      void loadLanguage(tag).then((loaded) => {
        setLanguage(loaded);
        return shell.loadMore();
      });
    },
  };
  return shell;
}

/** The chosen language, or the first of the browser's that we speak; its second part follows. */
export async function loadLanguage(tag: LanguageTag | ""): Promise<Language> {
  const chosen = tag || chooseLanguage(navigator.languages);
  // The reader's own regional formats, where they speak that language.
  const regional = navigator.languages.find((known) => known.startsWith(chosen)) ?? chosen;
  return new Language(regional, await loadWords(chosen));
}
