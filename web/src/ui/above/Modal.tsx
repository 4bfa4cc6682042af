/** The frame of everything that lies above the page. */

import { onCleanup, onMount, type JSX } from "solid-js";
import "../styles/above.css";

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
      // While it is open the page below takes no focus.
      box?.close();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    });
  });
  return (
    <dialog
      ref={(element) => {
        box = element;
      }}
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
