/** The messages of a chat, day by day. */

import { For, Show, createComputed, createEffect, createSignal, on, onMount } from "solid-js";
import type { ChatState } from "../state/chat";
import { KeyedList, type Place } from "../state/keyed";
import { ChatKind } from "../state/kinds";
import { type Day, type Entry, type RowEntry, isSameEntry } from "../state/timeline";
import { Icon } from "./Icon";
import * as icons from "./icons";
import { Row } from "./Row";
import { Scroll } from "./scroll";
import { useMessenger, useShell } from "./shell";
import { nameOf, rowText } from "./words";

export function Timeline(props: { chat: ChatState }) {
  const shell = useShell();
  const [isPinned, setPinned] = createSignal(true);
  let box: HTMLDivElement | undefined;
  onMount(() => {
    if (box) new Scroll(box, props.chat, setPinned).watch();
  });
  return (
    <div class="timeline-frame">
      <div
        class="timeline"
        ref={(element) => {
          box = element;
        }}
        tabindex="0"
        role="group"
        aria-label={shell.t("messages")}
        onKeyDown={moveFocus}
      >
        <div class="rows">
          <Show when={props.chat.reachesStart()}>
            <Beginning chat={props.chat} />
          </Show>
          <For each={props.chat.days.places()}>
            {(day) => <DaySection day={day} chat={props.chat} />}
          </For>
        </div>
      </div>
      <JumpToEnd chat={props.chat} isPinned={isPinned()} />
      <Announcer chat={props.chat} />
    </div>
  );
}

/** The arrow keys go from message to message once one has the focus. */
function moveFocus(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>(".bubble")];
  const at = rows.findIndex((row) => row === document.activeElement);
  if (step === 0 || (at < 0 && step > 0)) return;
  rows[at < 0 ? rows.length - 1 : Math.min(rows.length - 1, Math.max(0, at + step))]?.focus();
  event.preventDefault();
}

function Beginning(props: { chat: ChatState }) {
  const shell = useShell();
  const isNotes = () => props.chat.view()?.kind === ChatKind.NOTES;
  return <p class="beginning">{shell.t(isNotes() ? "notesHint" : "startOfChat")}</p>;
}

function DaySection(props: { day: Place<Day>; chat: ChatState }) {
  const shell = useShell();
  const state = useMessenger();
  const entries = new KeyedList<Entry>((entry) => entry.key, isSameEntry);
  createComputed(() => entries.update(props.day.value().entries));
  return (
    <section>
      <h3 class="day">
        <span>{shell.language().day(props.day.value().at, state.now())}</span>
      </h3>
      <For each={entries.places()}>
        {(place) => <EntryView entry={place.value()} chat={props.chat} />}
      </For>
    </section>
  );
}

function EntryView(props: { entry: Entry; chat: ChatState }) {
  const shell = useShell();
  const state = useMessenger();
  const row = (): RowEntry | null => (props.entry.kind === "row" ? props.entry : null);
  return (
    <Show
      when={row()}
      fallback={
        <p class="hole">
          {shell.t(state.status().link === "online" ? "loadingRows" : "missingRows")}
        </p>
      }
    >
      {(entry) => (
        <>
          <Show when={entry().firstUnread}>
            <p class="divider">
              <span>{shell.t("newMessages")}</span>
            </p>
          </Show>
          <Row entry={entry()} chat={props.chat} />
        </>
      )}
    </Show>
  );
}

function JumpToEnd(props: { chat: ChatState; isPinned: boolean }) {
  const shell = useShell();
  const unread = () => props.chat.view()?.unread ?? 0;
  return (
    <Show when={props.chat.isReady() && !(props.isPinned && props.chat.reachesEnd())}>
      <button class="jump" aria-label={shell.t("newest")} onClick={() => props.chat.jumpToEnd()}>
        <Icon path={icons.down} />
        <Show when={unread() > 0}>
          <span class="badge">{unread()}</span>
        </Show>
      </button>
    </Show>
  );
}

/** Reads new messages of others out to those who listen to the screen. */
function Announcer(props: { chat: ChatState }) {
  const shell = useShell();
  const state = useMessenger();
  const [text, setText] = createSignal("");
  createEffect(
    on([() => props.chat.view()?.lastSeq ?? 0], ([seq], before) => {
      const row = props.chat.view()?.preview;
      if (
        !row ||
        !before ||
        before[0] === 0 ||
        seq <= before[0] ||
        row.author === state.status().user
      )
        return;
      const name = nameOf({ shell, state }, row.author);
      setText(shell.t("saidBy", { name, text: rowText({ shell, state }, row) }));
    }),
  );
  return (
    <div class="unseen" aria-live="polite">
      {text()}
    </div>
  );
}
