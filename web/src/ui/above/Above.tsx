/** Menus and questions. */

import { For, Show } from "solid-js";
import { Icon } from "../Icon";
import { useShell, type MenuItem, type MenuView, type Question } from "../shell";
import { Modal } from "./Modal";

const EDGE_PX = 8;

/** The one that is open, if any. */
export function Above(props: { menu: MenuView | null; question: Question | null }) {
  return (
    <>
      <Show when={props.menu} keyed>
        {(menu) => <Menu menu={menu} />}
      </Show>
      <Show when={props.question} keyed>
        {(question) => <Ask question={question} />}
      </Show>
    </>
  );
}

function Menu(props: { menu: MenuView }) {
  const shell = useShell();
  const choose = (item: MenuItem) => shell.nav.closeOverlay(() => item.run());
  const place = (box: HTMLElement) => {
    const x = Math.min(props.menu.x, innerWidth - box.offsetWidth - EDGE_PX);
    const y = Math.min(props.menu.y, innerHeight - box.offsetHeight - EDGE_PX);
    box.style.setProperty("--x", `${Math.max(EDGE_PX, x)}px`);
    box.style.setProperty("--y", `${Math.max(EDGE_PX, y)}px`);
  };
  return (
    <Modal
      class="menu"
      label={props.menu.label}
      close={() => shell.nav.closeOverlay()}
      place={place}
    >
      <div role="menu" onKeyDown={moveInMenu}>
        <For each={props.menu.items}>
          {(item) => (
            <button
              role="menuitem"
              classList={{ danger: item.isDanger }}
              onClick={() => choose(item)}
            >
              <Icon path={item.icon} />
              {item.label}
            </button>
          )}
        </For>
      </div>
    </Modal>
  );
}

function moveInMenu(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  const items = [...event.currentTarget.querySelectorAll("button")];
  const at = items.findIndex((item) => item === document.activeElement);
  items[(at + step + items.length) % items.length]?.focus();
  event.preventDefault();
}

function Ask(props: { question: Question }) {
  const shell = useShell();
  const run = () => shell.nav.closeOverlay(() => props.question.run());
  return (
    <Modal class="ask" label={props.question.title} close={() => shell.nav.closeOverlay()}>
      <h2>{props.question.title}</h2>
      <Show when={props.question.hint}>
        <p>{props.question.hint}</p>
      </Show>
      <footer>
        <button class="quiet" autofocus onClick={() => shell.nav.closeOverlay()}>
          {shell.t("cancel")}
        </button>
        <button class="primary" classList={{ danger: props.question.isDanger }} onClick={run}>
          {props.question.action}
        </button>
      </footer>
    </Modal>
  );
}
