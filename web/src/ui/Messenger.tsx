/** The signed-in app: the list, the chat beside or above it, a sheet above both. */

import { Show, createEffect, onCleanup } from "solid-js";
import type { Messenger as Client } from "../client/types";
import { startOfDay } from "../i18n/language";
import { NO_CONNECTION } from "../state/kinds";
import { MessengerState } from "../state/messenger";
import { Chat } from "./Chat";
import { ChatList } from "./ChatList";
import { Logo } from "./Icon";
import { later } from "./later";
import { MessengerContext, useShell } from "./shell";

const LATER_MS = 3_000;

const Sheets = later(async () => (await import("./more/Sheets")).Sheets);

export function Messenger(props: { client: Client }) {
  const shell = useShell();
  /** Most of these words come later; without a link some are missing. */
  const tell = (text: () => string) => void shell.loadMore().then(() => shell.say(text()));
  const state = new MessengerState(props.client, shell.nav, {
    notesTitle: () => shell.t("notes"),
    startOfDay,
    missChat: () => tell(() => shell.t("chatGone")),
    regret: () => tell(() => shell.t("dropped")),
    complain: (code) => tell(() => capitalised(shell.language().reason(code))),
  });
  const onVisible = () => state.looks(document.visibilityState === "visible");
  document.addEventListener("visibilitychange", onVisible);
  onCleanup(() => {
    document.removeEventListener("visibilitychange", onVisible);
    clearTimeout(timer);
    state.close();
  });
  createEffect(() => state.show(shell.nav.route().chat));
  // What is not needed to read and write comes when the line is likely to be free.
  const timer = setTimeout(() => void shell.loadMore(), LATER_MS);
  createEffect(() => {
    if (shell.nav.route().sheet || shell.nav.route().join) void shell.loadMore();
  });
  createEffect(() => {
    const unread = state.chats.unread();
    document.title = unread > 0 ? `(${unread}) Kentong` : "Kentong";
  });
  return (
    <MessengerContext.Provider value={state}>
      <div class="panes" classList={{ "in-chat": shell.nav.route().chat !== 0 }}>
        <ChatList />
        <Show when={state.chat()} fallback={<Nothing />}>
          {(chat) => <Chat chat={chat()} />}
        </Show>
      </div>
      <Show when={shell.nav.route().sheet || shell.nav.route().join}>
        <Sheets
          route={shell.nav.route()}
          failed={() => shell.say(shell.language().reason(NO_CONNECTION))}
        />
      </Show>
    </MessengerContext.Provider>
  );
}

function Nothing() {
  const shell = useShell();
  return (
    <div class="chat nothing">
      <Logo />
      <p>{shell.t("selectChat")}</p>
    </div>
  );
}

function capitalised(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
