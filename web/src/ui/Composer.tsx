/** Where a message is written. */

import { Show, createEffect, on } from "solid-js";
import type { ChatState } from "../state/chat";
import { RowKind } from "../state/kinds";
import { Icon } from "./Icon";
import * as icons from "./icons";
import { useMessenger, useShell } from "./shell";
import { nameOf, titleOf } from "./words";

/** A finger writes lines, a keyboard sends them. */
const isTouch = () => matchMedia("(pointer: coarse)").matches;

export function Composer(props: { chat: ChatState }) {
  const state = useMessenger();
  const peer = () => props.chat.view()?.peer ?? 0;
  const isBlocked = () => peer() > 0 && state.isBlocked(peer());
  return (
    <Show when={!isBlocked()} fallback={<Blocked user={peer()} />}>
      <Show when={!props.chat.view()?.unreachable} fallback={<Unreachable chat={props.chat} />}>
        <Form chat={props.chat} />
      </Show>
    </Show>
  );
}

function Blocked(props: { user: number }) {
  const shell = useShell();
  const state = useMessenger();
  void shell.loadMore();
  return (
    <div class="composer closed">
      {shell.t("blockedHint", { name: nameOf({ shell, state }, props.user) })}
      <button
        class="quiet"
        onClick={() => void state.attempt(state.messenger.blockUser(props.user, false))}
      >
        {shell.t("unblock")}
      </button>
    </div>
  );
}

function Unreachable(props: { chat: ChatState }) {
  const shell = useShell();
  void shell.loadMore();
  const name = () => {
    const view = props.chat.view();
    return view ? titleOf(shell, view) : "";
  };
  return <div class="composer closed">{shell.t("unreachable", { name: name() })}</div>;
}

function Form(props: { chat: ChatState }) {
  const shell = useShell();
  const state = useMessenger();
  const composer = () => props.chat.composer;
  let area: HTMLTextAreaElement | undefined;
  const send = () => {
    area?.focus();
    void state.attempt(props.chat.send());
  };
  createEffect(on([() => composer().text()], () => area && fit(area)));
  createEffect(on([() => composer().mode()], () => area?.focus(), { defer: true }));
  createEffect(on([() => props.chat], () => !isTouch() && area?.focus()));
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <ModeBar chat={props.chat} />
      <div class="write">
        <textarea
          ref={(element) => {
            area = element;
          }}
          rows={1}
          dir="auto"
          enterkeyhint={isTouch() ? "enter" : "send"}
          placeholder={shell.t("message")}
          aria-label={shell.t("message")}
          value={composer().text()}
          onInput={(event) => composer().type(event.currentTarget.value)}
          onKeyDown={(event) => onKey(event, props.chat, send)}
        />
        <Counter left={composer().left()} />
      </div>
      {/* Pressing it must not take the keyboard away. */}
      <button
        class="send"
        disabled={!composer().canSend()}
        aria-label={shell.t(composer().mode()?.name === "edit" ? "save" : "send")}
        onPointerDown={(event) => event.preventDefault()}
      >
        <Icon path={composer().mode()?.name === "edit" ? icons.save : icons.send} />
      </button>
    </form>
  );
}

function fit(area: HTMLTextAreaElement): void {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight}px`;
}

function onKey(event: KeyboardEvent, chat: ChatState, send: () => void): void {
  // While a word is being composed, keys belong to the input method; 229 is how Safari says it.
  if (event.isComposing || event.keyCode === 229) return;
  const { composer } = chat;
  if (event.key === "Enter" && !event.shiftKey && !event.altKey && !isTouch()) {
    event.preventDefault();
    send();
  } else if (event.key === "Escape" && composer.mode()) {
    event.stopPropagation();
    composer.cancel();
  } else if (event.key === "ArrowUp" && composer.text() === "") {
    const last = chat.lastOwnText();
    if (!last) return;
    event.preventDefault();
    composer.edit(last);
  }
}

function Counter(props: { left: number | null }) {
  const shell = useShell();
  const label = () => {
    const left = props.left ?? 0;
    return shell.t(left < 0 ? "charactersOver" : "charactersLeft", { count: Math.abs(left) });
  };
  return (
    <Show when={props.left !== null}>
      <span
        class="counter"
        classList={{ over: (props.left ?? 0) < 0 }}
        title={label()}
        role="status"
      >
        <span aria-hidden="true">{props.left}</span>
        <span class="unseen">{(props.left ?? 0) < 0 ? label() : ""}</span>
      </span>
    </Show>
  );
}

function ModeBar(props: { chat: ChatState }) {
  const shell = useShell();
  const state = useMessenger();
  const mode = () => props.chat.composer.mode();
  const label = () => {
    const current = mode();
    if (current?.name === "edit") return shell.t("editing");
    return shell.t("replyTo", { name: nameOf({ shell, state }, current?.row.author ?? 0) });
  };
  return (
    <Show when={mode()}>
      {(current) => (
        <div class="mode">
          <Icon path={current().name === "edit" ? icons.edit : icons.reply} />
          <div class="quote">
            <b>{label()}</b>
            <span dir="auto">{current().row.kind === RowKind.TEXT ? current().row.text : ""}</span>
          </div>
          <button
            type="button"
            class="round"
            aria-label={shell.t("cancel")}
            onClick={() => props.chat.composer.cancel()}
          >
            <Icon path={icons.close} />
          </button>
        </div>
      )}
    </Show>
  );
}
