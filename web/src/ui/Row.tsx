/** One entry of a chat: a bubble with what belongs to it, or a line of what happened. */

import { For, Show, createMemo } from "solid-js";
import type { RowView } from "../client/types";
import type { ChatState } from "../state/chat";
import { ChatKind, NO_CONNECTION } from "../state/kinds";
import { hue, isEmojiOnly, tokens } from "../state/text";
import { type RowEntry, isBubble } from "../state/timeline";
import { Avatar } from "./Avatar";
import { Icon, Tick } from "./Icon";
import * as icons from "./icons";
import { onLongPress } from "./press";
import { useMessenger, useShell } from "./shell";
import { nameOf, rowText, systemText, tickLabel, tickOf } from "./words";

interface RowProps {
  entry: RowEntry;
  chat: ChatState;
}

export function Row(props: RowProps) {
  const shell = useShell();
  const state = useMessenger();
  const row = () => props.entry.row;
  return (
    <Show
      when={isBubble(row())}
      fallback={
        <p class="system" data-key={row().key} data-seq={row().seq} dir="auto">
          <span>{systemText({ shell, state }, row())}</span>
        </p>
      }
    >
      <Bubble {...props} />
    </Show>
  );
}

function Bubble(props: RowProps) {
  const shell = useShell();
  const state = useMessenger();
  const row = () => props.entry.row;
  const isOwn = () => row().author === state.status().user;
  const isGroup = () => props.chat.view()?.kind === ChatKind.GROUP;
  const name = () => nameOf({ shell, state }, row().author);
  const openMenu = async (x: number, y: number) => {
    const loading = import("./above/actions").catch(() => null);
    const [part] = await Promise.all([loading, shell.loadMore()]);
    if (!part) return shell.say(shell.language().reason(NO_CONNECTION));
    const items = part.actionsOf({ shell, state }, props.chat, row());
    shell.openMenu({ label: shell.t("messageActions"), x, y, items });
  };
  return (
    <div
      class="row"
      classList={{
        own: isOwn(),
        starts: props.entry.starts,
        ends: props.entry.ends,
        faced: isGroup() && !isOwn(),
        failed: row().state === "failed",
      }}
      data-key={row().key}
      data-seq={row().seq || Infinity}
    >
      <Show when={isGroup() && !isOwn() && props.entry.starts}>
        <button
          class="face"
          tabindex="-1"
          aria-label={name()}
          onClick={() => shell.nav.openSheet({ name: "person", user: row().author })}
        >
          <Avatar id={row().author} name={name()} />
        </button>
      </Show>
      <div
        class="bubble"
        tabindex="-1"
        ref={(box) => onLongPress(box, (x, y) => void openMenu(x, y))}
      >
        <Show when={isGroup() && !isOwn() && props.entry.starts}>
          <span class={`author hue${hue(row().author)}`} dir="auto">
            {name()}
          </span>
        </Show>
        <Show when={row().replyTo > 0}>
          <Quote chat={props.chat} seq={row().replyTo} />
        </Show>
        <Text row={row()} chat={props.chat} isOwn={isOwn()} />
        <Show when={row().state === "failed"}>
          <Failure row={row()} chat={props.chat} />
        </Show>
        <button
          class="round row-more"
          tabindex="-1"
          aria-label={shell.t("messageActions")}
          onClick={(event) => void openMenu(event.clientX, event.clientY)}
        >
          <Icon path={icons.more} />
        </button>
      </div>
    </div>
  );
}

function Text(props: { row: RowView; chat: ChatState; isOwn: boolean }) {
  const shell = useShell();
  const parts = createMemo(() => tokens(props.row.text));
  const at = () => props.row.at * 1000;
  const tick = () => {
    const view = props.chat.view();
    return props.isOwn && view ? tickOf(view, props.row) : null;
  };
  return (
    <div class="text" classList={{ large: isEmojiOnly(props.row.text) }} dir="auto">
      <For each={parts()}>
        {(part) => (
          <Show when={part.url} fallback={part.text}>
            {(url) => (
              <a href={url()} target="_blank" rel="noopener noreferrer nofollow">
                {part.text}
              </a>
            )}
          </Show>
        )}
      </For>
      <span class="meta">
        <Show when={props.row.edited}>{shell.t("edited")} </Show>
        <time title={shell.language().full(at())}>{shell.language().clock(at())}</time>
        <Show when={props.row.pending && props.row.state === "sent"}>
          <Tick name="waiting" label={shell.t("waiting")} />
        </Show>
        <Show when={!props.row.pending || props.row.state !== "sent" ? tick() : null}>
          {(name) => <Tick name={name()} label={tickLabel(shell, name())} />}
        </Show>
      </span>
    </div>
  );
}

function Quote(props: { chat: ChatState; seq: number }) {
  const shell = useShell();
  const state = useMessenger();
  const row = () => props.chat.quoted(props.seq);
  const author = () => row()?.author ?? 0;
  return (
    <button class={`quote hue${hue(author())}`} onClick={() => props.chat.jumpTo(props.seq)}>
      <Show when={row()} fallback={<span>{shell.t("quoteMissing")}</span>}>
        {(found) => (
          <>
            <b dir="auto">{nameOf({ shell, state }, author())}</b>
            <span dir="auto">{rowText({ shell, state }, found())}</span>
          </>
        )}
      </Show>
    </button>
  );
}

function Failure(props: { row: RowView; chat: ChatState }) {
  const shell = useShell();
  const state = useMessenger();
  void shell.loadMore();
  const discard = () => void state.messenger.discardFailed(props.row.key);
  return (
    <div class="failure" role="alert">
      <p>{shell.t("failed", { reason: shell.language().reason(props.row.error) })}</p>
      <Show when={!props.chat.view()?.unreachable}>
        <button class="quiet" onClick={() => void props.chat.takeBack(props.row)}>
          {shell.t("writeAgain")}
        </button>
      </Show>
      <button class="quiet" onClick={discard}>
        {shell.t("discard")}
      </button>
    </div>
  );
}
