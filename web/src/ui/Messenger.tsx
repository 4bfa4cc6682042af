/** The signed-in app: the list, the chat beside or above it, a sheet above both. */

import { Match, Show, Suspense, Switch, createEffect, lazy, onCleanup } from "solid-js";
import type { Messenger as Client } from "../client/types";
import { startOfDay } from "../i18n/language";
import { MessengerState } from "../state/messenger";
import { Chat } from "./Chat";
import { ChatList } from "./ChatList";
import { Logo } from "./Icon";
import { Modal } from "./Overlay";
import { MessengerContext, useShell } from "./shell";

const Sheets = lazy(() => import("./more/Sheets"));
const FollowLink = lazy(() => import("./more/FollowLink"));

export function Messenger(props: { client: Client }) {
  const shell = useShell();
  const state = new MessengerState(props.client, shell.nav, {
    notesTitle: () => shell.t("notes"),
    startOfDay,
    regret: () => shell.say(shell.t("dropped")),
    complain: (code) => shell.say(capitalised(shell.language().reason(code))),
  });
  const onVisible = () => state.looks(document.visibilityState === "visible");
  document.addEventListener("visibilitychange", onVisible);
  onCleanup(() => {
    document.removeEventListener("visibilitychange", onVisible);
    state.close();
  });
  createEffect(() => state.show(shell.nav.route().chat));
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
      <Above />
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

function Above() {
  const shell = useShell();
  return (
    <Suspense>
      <Switch>
        <Match when={shell.nav.route().join}>
          {(token) => (
            <Modal class="sheet" label={shell.t("inviteLink")} close={() => shell.nav.up()}>
              <FollowLink token={token()} />
            </Modal>
          )}
        </Match>
        <Match when={shell.nav.route().sheet}>{(sheet) => <Sheets sheet={sheet()} />}</Match>
      </Switch>
    </Suspense>
  );
}

function capitalised(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
