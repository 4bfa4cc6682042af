/** One entry of a chat: a bubble with what belongs to it, or a line of what happened. */

import { For, Show, createMemo } from "solid-js";
import type { RowView } from "../client/types";
import { type ChatState, mayChange } from "../state/chat";
import { ChatKind, Role } from "../state/kinds";
import { hue, isEmojiOnly, tokens } from "../state/text";
import { type RowEntry, isBubble } from "../state/timeline";
import { Avatar } from "./Avatar";
import { Icon, Tick } from "./Icon";
import { onLongPress } from "./press";
import { useMessenger, useShell, type MenuItem } from "./shell";
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
  const openMenu = (x: number, y: number) => {
    shell.openMenu({ label: shell.t("messageActions"), x, y, items: actions() });
  };
  const actions = useActions(props);
  const press = onLongPress(openMenu);
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
        <button class="face" tabindex="-1" aria-label={name()} onClick={() => shell.nav.openSheet({ name: "person", user: row().author })}>
          <Avatar id={row().author} name={name()} />
        </button>
      </Show>
      <div
        class="bubble"
        tabindex="-1"
        onContextMenu={press.onContextMenu}
        onTouchStart={press.onTouchStart}
        onTouchMove={press.onTouchMove}
        onTouchEnd={press.onTouchEnd}
        onKeyDown={press.onKeyDown}
      >
        <Show when={isGroup() && !isOwn() && props.entry.starts}>
          <span class={`author hue${hue(row().author)}`} dir="auto">{name()}</span>
        </Show>
        <Show when={row().replyTo > 0}>
          <Quote chat={props.chat} seq={row().replyTo} />
        </Show>
        <Text row={row()} chat={props.chat} isOwn={isOwn()} />
        <Show when={row().state === "failed"}>
          <Failure row={row()} chat={props.chat} />
        </Show>
      </div>
      <button
        class="round row-more"
        tabindex="-1"
        aria-label={shell.t("messageActions")}
        onClick={(event) => openMenu(event.clientX, event.clientY)}
      >
        <Icon name="more" />
      </button>
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
  const discard = () => void state.messenger.discardFailed(props.row.key);
  return (
    <div class="failure" role="alert">
      <p>{shell.t("failed", { reason: shell.language().reason(props.row.error) })}</p>
      <button class="quiet" onClick={() => void props.chat.takeBack(props.row)}>
        {shell.t("writeAgain")}
      </button>
      <button class="quiet" onClick={discard}>
        {shell.t("discard")}
      </button>
    </div>
  );
}

/** What the reader may do with a message, in the order of use. */
function useActions(props: RowProps): () => MenuItem[] {
  const shell = useShell();
  const state = useMessenger();
  const { messenger } = state;
  const remove = (row: RowView) =>
    shell.ask({
      title: shell.t("deleteAsk"),
      hint: shell.t("deleteHint"),
      action: shell.t("delete"),
      isDanger: true,
      run: () => void state.attempt(messenger.deleteMessage(props.chat.id(), row.seq)),
    });
  const copy = async (row: RowView) => {
    await navigator.clipboard.writeText(row.text);
    shell.say(shell.t("copied"));
  };
  return () => {
    const { chat } = props;
    const { row } = props.entry;
    const view = chat.view();
    const isOwn = row.author === state.status().user;
    const isOwner = view?.kind === ChatKind.GROUP && view.role === Role.OWNER;
    const isStored = mayChange(row);
    const item = (isThere: boolean, item: MenuItem) => (isThere ? [item] : []);
    return [
      ...item(isStored, { icon: "reply", label: shell.t("reply"), run: () => chat.composer.reply(row) }),
      ...item(isStored && isOwn, { icon: "edit", label: shell.t("edit"), run: () => chat.composer.edit(row) }),
      ...item(navigator.clipboard !== undefined, { icon: "copy", label: shell.t("copy"), run: () => void copy(row) }),
      ...item(isStored && !isOwn, {
        icon: "flag",
        label: shell.t("report"),
        run: () => shell.nav.openSheet({ name: "report", seq: row.seq }),
      }),
      ...item(isStored && (isOwn || isOwner), {
        icon: "trash",
        label: shell.t("delete"),
        isDanger: true,
        run: () => remove(row),
      }),
    ];
  };
}
