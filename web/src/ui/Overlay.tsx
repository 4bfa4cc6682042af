/** What lies above the page: menus, questions, short notices. */

import { For, Show, onCleanup, onMount } from "solid-js";
import type { JSX } from "solid-js";
import { Icon } from "./Icon";
import { useShell, type MenuItem, type MenuView, type Question } from "./shell";

const EDGE_PX = 8;

/** A modal box of the browser: it keeps the focus and gives it back. `close` asks to leave. */
export function Modal(props: {
  class: string;
  label: string;
  close(): void;
  place?(box: HTMLElement): void;
  children: JSX.Element;
}) {
  let box: HTMLDialogElement | undefined;
  let isLeaving = false;
  onMount(() => {
    const before = document.activeElement;
    box?.showModal();
    if (box) props.place?.(box);
    onCleanup(() => {
      isLeaving = true;
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    });
  });
  return (
    <dialog
      ref={box}
      class={props.class}
      aria-label={props.label}
      onClick={(event) => event.target === box && props.close()}
      onCancel={(event) => {
        event.preventDefault();
        props.close();
      }}
      // Browsers close without asking when Escape is pressed twice.
      onClose={() => !isLeaving && props.close()}
    >
      {props.children}
    </dialog>
  );
}

export function Menu(props: { menu: MenuView }) {
  const shell = useShell();
  const choose = (item: MenuItem) => shell.nav.closeOverlay(() => item.run());
  const place = (box: HTMLElement) => {
    const x = Math.min(props.menu.x, innerWidth - box.offsetWidth - EDGE_PX);
    const y = Math.min(props.menu.y, innerHeight - box.offsetHeight - EDGE_PX);
    box.style.setProperty("--x", `${Math.max(EDGE_PX, x)}px`);
    box.style.setProperty("--y", `${Math.max(EDGE_PX, y)}px`);
  };
  return (
    <Modal class="menu" label={props.menu.label} close={() => shell.nav.closeOverlay()} place={place}>
      <div role="menu" onKeyDown={moveInMenu}>
        <For each={props.menu.items}>
          {(item) => (
            <button role="menuitem" classList={{ danger: item.isDanger }} onClick={() => choose(item)}>
              <Icon name={item.icon} />
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
  items.at((at + step) % items.length)?.focus();
  event.preventDefault();
}

export function Ask(props: { question: Question }) {
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
