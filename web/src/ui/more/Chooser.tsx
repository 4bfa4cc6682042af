/** Choosing among the people one has a chat with. */

import { For, Show, createMemo, createSignal } from "solid-js";
import { Avatar } from "../Avatar";
import { Icon } from "../Icon";
import * as icons from "../icons";
import { useMessenger, useShell } from "../shell";

const SEARCH_FROM = 8;

export function Chooser(props: {
  without: readonly number[];
  chosen: readonly number[];
  choose(users: readonly number[]): void;
}) {
  const shell = useShell();
  const { chats } = useMessenger();
  const [filter, setFilter] = createSignal("");
  const people = createMemo(() =>
    chats.people().filter(({ user }) => !props.without.includes(user)),
  );
  const visible = () => {
    const wanted = filter().trim().toLocaleLowerCase();
    return people().filter(({ name }) => name.toLocaleLowerCase().includes(wanted));
  };
  const toggle = (user: number) => {
    const others = props.chosen.filter((known) => known !== user);
    props.choose(others.length < props.chosen.length ? others : [...others, user]);
  };
  return (
    <div class="people">
      <h3 class="section">{shell.t("choosePeople")}</h3>
      <Show when={people().length > SEARCH_FROM}>
        <label class="search">
          <Icon path={icons.search} />
          <input
            type="search"
            placeholder={shell.t("searchPeople")}
            aria-label={shell.t("searchPeople")}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        </label>
      </Show>
      <For each={visible()} fallback={<p class="hint">{shell.t("nobodyKnown")}</p>}>
        {({ user, name }) => (
          <button
            type="button"
            class="person"
            role="checkbox"
            aria-checked={props.chosen.includes(user)}
            onClick={() => toggle(user)}
          >
            <Avatar id={user} name={name} />
            <span>
              <bdi>{name}</bdi>
            </span>
            <span class="check">
              <Icon path={icons.save} />
            </span>
          </button>
        )}
      </For>
    </div>
  );
}
