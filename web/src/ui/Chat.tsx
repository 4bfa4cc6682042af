/** One chat: header, messages, composer. */

import { Show, createMemo } from "solid-js";
import type { ChatView } from "../client/types";
import type { ChatState } from "../state/chat";
import { ChatKind } from "../state/kinds";
import { Banners } from "./Banners";
import { ChatAvatar } from "./ChatList";
import { Composer } from "./Composer";
import { Icon } from "./Icon";
import * as icons from "./icons";
import { useMessenger, useShell } from "./shell";
import { Timeline } from "./Timeline";
import { nameOf, titleOf } from "./words";

export function Chat(props: { chat: ChatState }) {
  const shell = useShell();
  const title = createMemo(() => {
    const view = props.chat.view();
    return view ? titleOf(shell, view) : "";
  });
  return (
    <main class="chat" aria-label={title()}>
      <header class="bar">
        <button class="round back" aria-label={shell.t("back")} onClick={() => shell.nav.up()}>
          <Icon path={icons.back} />
        </button>
        <Show when={props.chat.view()}>
          {(view) => <Heading view={view()} chat={props.chat} title={title()} />}
        </Show>
      </header>
      <div class="narrow">
        <Banners />
      </div>
      {/* Another chat is another timeline: nothing of the scrolling is shared. */}
      <Show when={props.chat} keyed>
        {(chat) => <Timeline chat={chat} />}
      </Show>
      <Composer chat={props.chat} />
    </main>
  );
}

function Heading(props: { view: ChatView; chat: ChatState; title: string }) {
  const shell = useShell();
  const openInfo = () => {
    const { kind, peer } = props.view;
    if (kind === ChatKind.GROUP) shell.nav.openSheet({ name: "info" });
    if (kind === ChatKind.DIRECT) shell.nav.openSheet({ name: "person", user: peer });
  };
  return (
    <button class="heading" disabled={props.view.kind === ChatKind.NOTES} onClick={openInfo}>
      <ChatAvatar chat={props.view} title={props.title} />
      <h1>
        <bdi>{props.title}</bdi>
      </h1>
      <Subtitle view={props.view} chat={props.chat} />
    </button>
  );
}

/** The most useful of: what the link does, who types, who is there, how many there are. */
function Subtitle(props: { view: ChatView; chat: ChatState }) {
  const shell = useShell();
  const state = useMessenger();
  const typing = () => {
    const [first, ...others] = props.chat.typing();
    if (first === undefined) return "";
    if (props.view.kind === ChatKind.DIRECT) return shell.t("typingShort");
    if (others.length > 0) return shell.t("typingSome", { count: others.length + 1 });
    return shell.t("typing", { name: nameOf({ shell, state }, first) });
  };
  const link = () => {
    if (state.status().link === "connecting") return shell.t("connecting");
    return state.status().updating ? shell.t("updating") : "";
  };
  const about = () => {
    const { kind, memberCount, peer } = props.view;
    if (kind === ChatKind.GROUP) return shell.t("members", { count: memberCount });
    const presence = kind === ChatKind.DIRECT ? state.presenceOf(peer) : undefined;
    if (presence?.online) return shell.t("online");
    if (!presence?.seenAt) return "";
    return shell.t("lastSeen", {
      when: shell.language().moment(presence.seenAt * 1000, state.now()),
    });
  };
  return (
    <Show when={typing() || link() || about()}>
      {(text) => (
        <span
          class="subtitle"
          classList={{ lively: typing() !== "" || text() === shell.t("online") }}
        >
          {text()}
        </span>
      )}
    </Show>
  );
}
