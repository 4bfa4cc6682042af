/** The list of chats with its search field and the menu for new ones. */

import { For, Show, createMemo } from "solid-js";
import type { ChatView } from "../client/types";
import { ChatKind, RowKind } from "../state/kinds";
import { Avatar } from "./Avatar";
import { Banners } from "./Banners";
import { Icon, Logo, Tick } from "./Icon";
import * as icons from "./icons";
import { useMessenger, useShell } from "./shell";
import { nameOf, rowText, tickLabel, tickOf, titleOf } from "./words";

const NEAR_END_PX = 400;

export function ChatList() {
  const shell = useShell();
  const { chats } = useMessenger();
  const onScroll = (event: Event & { currentTarget: HTMLElement }) => {
    const box = event.currentTarget;
    if (box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX) chats.showMore();
  };
  return (
    <nav class="list" aria-label={shell.t("chats")} onKeyDown={moveFocus}>
      <ListHeader />
      <Banners />
      <div class="scroll" onScroll={onScroll}>
        <For each={chats.visible()}>{(place) => <ChatRow chat={place.value()} />}</For>
        <Show when={chats.isEmpty()}>
          <Empty />
        </Show>
        <Show when={!chats.isEmpty() && chats.filter() && chats.visible().length === 0}>
          <p class="hint centre">{shell.t("noMatches")}</p>
        </Show>
      </div>
    </nav>
  );
}

/** Up and down go from chat to chat; the links themselves follow each other by Tab. */
function moveFocus(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>(".chat-row")];
  const at = rows.findIndex((row) => row === document.activeElement);
  rows[Math.min(rows.length - 1, Math.max(0, at + step))]?.focus();
  event.preventDefault();
}

function ListHeader() {
  const shell = useShell();
  const state = useMessenger();
  const openMenu = (event: MouseEvent & { currentTarget: HTMLElement }) => {
    const box = event.currentTarget.getBoundingClientRect();
    shell.openMenu({
      label: shell.t("newMenu"),
      x: box.right,
      y: box.bottom,
      items: [
        {
          icon: icons.people,
          label: shell.t("newGroup"),
          run: () => shell.nav.openSheet({ name: "new" }),
        },
        {
          icon: icons.link,
          label: shell.t("inviteLink"),
          run: () => shell.nav.openSheet({ name: "invite" }),
        },
        {
          icon: icons.bookmark,
          label: shell.t("notes"),
          run: () => void state.openWhenMade(state.messenger.openDirect(0)),
        },
      ],
    });
  };
  return (
    <header class="bar">
      <button
        class="round"
        aria-label={shell.t("settings")}
        onClick={() => shell.nav.openSheet({ name: "settings" })}
      >
        <Logo />
      </button>
      <label class="search">
        <Icon path={icons.search} />
        <input
          type="search"
          placeholder={shell.t("search")}
          aria-label={shell.t("search")}
          value={state.chats.filter()}
          onInput={(event) => state.chats.setFilter(event.currentTarget.value)}
        />
      </label>
      <button
        class="round tinted"
        aria-label={shell.t("newMenu")}
        aria-haspopup="menu"
        onClick={openMenu}
      >
        <Icon path={icons.plus} />
      </button>
    </header>
  );
}

function Empty() {
  const shell = useShell();
  return (
    <div class="empty">
      <Logo />
      <h2>{shell.t("noChats")}</h2>
      <p>{shell.t("noChatsHint")}</p>
      <button class="primary" onClick={() => shell.nav.openSheet({ name: "invite" })}>
        {shell.t("inviteSomebody")}
      </button>
    </div>
  );
}

function ChatRow(props: { chat: ChatView }) {
  const shell = useShell();
  const state = useMessenger();
  const title = createMemo(() => titleOf(shell, props.chat));
  const isOpen = () => shell.nav.route().chat === props.chat.id;
  const time = () => {
    const row = props.chat.preview;
    return row ? shell.language().brief(row.at * 1000, state.now()) : "";
  };
  return (
    <a
      class="chat-row"
      href={`#c${props.chat.id}`}
      aria-current={isOpen() ? "page" : undefined}
      onClick={(event) => {
        event.preventDefault();
        shell.nav.openChat(props.chat.id);
      }}
    >
      <ChatAvatar chat={props.chat} title={title()} />
      <span class="title">
        <bdi>{title()}</bdi>
      </span>
      <span class="when">
        <OwnTick chat={props.chat} />
        {time()}
      </span>
      <Preview chat={props.chat} />
      <Show when={props.chat.unread > 0}>
        <span class="badge" aria-label={shell.t("unread", { count: props.chat.unread })}>
          {props.chat.unread >= 999 ? "999+" : props.chat.unread}
        </span>
      </Show>
    </a>
  );
}

export function ChatAvatar(props: { chat: ChatView; title: string }) {
  const state = useMessenger();
  const isDirect = () => props.chat.kind === ChatKind.DIRECT;
  return (
    <Avatar
      id={isDirect() ? props.chat.peer : props.chat.id}
      name={props.title}
      icon={props.chat.kind === ChatKind.NOTES ? icons.bookmark : undefined}
      isGroup={props.chat.kind === ChatKind.GROUP}
      isOnline={isDirect() && state.presenceOf(props.chat.peer)?.online}
    />
  );
}

function OwnTick(props: { chat: ChatView }) {
  const shell = useShell();
  const state = useMessenger();
  const name = () => {
    const row = props.chat.preview;
    const isOwn = row?.kind === RowKind.TEXT && row.author === state.status().user;
    return isOwn ? tickOf(props.chat, row) : null;
  };
  return (
    <Show when={name()}>{(tick) => <Tick name={tick()} label={tickLabel(shell, tick())} />}</Show>
  );
}

function Preview(props: { chat: ChatView }) {
  const shell = useShell();
  const state = useMessenger();
  const author = () => {
    const row = props.chat.preview;
    if (row?.kind !== RowKind.TEXT || props.chat.kind !== ChatKind.GROUP) return "";
    const isOwn = row.author === state.status().user;
    return isOwn ? shell.t("you") : nameOf({ shell, state }, row.author).split(" ")[0];
  };
  const draft = () => shell.nav.route().chat !== props.chat.id && props.chat.draft?.trim();
  const text = () => {
    const row = props.chat.preview;
    return draft() || (row ? rowText({ shell, state }, row) : shell.t("nothingYet"));
  };
  return (
    <span class="preview">
      <Show when={draft() ? shell.t("draft") : author()}>
        {(front) => <b classList={{ danger: !!draft() }}>{front()}: </b>}
      </Show>
      <bdi>{text()}</bdi>
    </span>
  );
}
