/**
 * Keeps the eye where it is while rows come and go above and below it.
 *
 * The browser's own scroll anchoring is switched off: Safari has none, and two would fight.
 */

import { createEffect, on, onCleanup } from "solid-js";
import type { ChatState } from "../state/chat";

/** This near to the end counts as being there. */
const PINNED_PX = 48;
const FLASH_MS = 1_600;

interface Anchor {
  key: string;
  top: number;
}

export class Scroll {
  #anchors: Anchor[] = [];
  #isPinned = true;
  #isPlaced = false;

  readonly #box: HTMLElement;
  readonly #chat: ChatState;
  readonly #onPinned: (isPinned: boolean) => void;

  constructor(
    box: HTMLElement,
    chat: ChatState,
    onPinned: (isPinned: boolean) => void,
  ) {
    this.#box = box;
    this.#chat = chat;
    this.#onPinned = onPinned;
  }

  /** Until the component that calls goes away. */
  watch(): void {
    const box = this.#box;
    const chat = this.#chat;
    const observer = new ResizeObserver(() => this.restore());
    observer.observe(box);
    for (const content of box.children) observer.observe(content);
    const onScroll = () => this.#scrolled();
    const onVisible = () => this.#report();
    box.addEventListener("scroll", onScroll, { passive: true });
    document.addEventListener("visibilitychange", onVisible);
    onCleanup(() => {
      observer.disconnect();
      box.removeEventListener("scroll", onScroll);
      document.removeEventListener("visibilitychange", onVisible);
    });
    // At once: a scroll event before it would take the new place for the reader's wish.
    createEffect(on(chat.drawn, () => this.restore()));
    createEffect(on([chat.target, chat.isReady], () => this.#goToTarget()));
  }

  /** Something changed the page: put what was seen back to where it was. */
  restore(): void {
    if (!this.#isPlaced) return;
    if (this.#isPinned && this.#chat.reachesEnd()) {
      this.#box.scrollTop = this.#box.scrollHeight;
    } else {
      const top = this.#box.getBoundingClientRect().top;
      for (const anchor of this.#anchors) {
        const row = this.#find(`[data-key="${CSS.escape(anchor.key)}"]`);
        if (!row) continue;
        const moved = row.getBoundingClientRect().top - top - anchor.top;
        if (Math.abs(moved) >= 1) this.#box.scrollTop += moved;
        break;
      }
    }
    this.#remember();
  }

  #goToTarget(): void {
    const target = this.#chat.target();
    if (!target || !this.#chat.isReady()) return;
    const row = target.seq > 0 ? this.#rowAt(target.seq) : null;
    this.#isPlaced = true;
    if (!row) {
      this.#isPinned = target.seq === 0;
      this.#box.scrollTop = this.#box.scrollHeight;
    } else {
      const above = this.#box.clientHeight / (target.flash ? 3 : 5);
      const top = row.getBoundingClientRect().top - this.#box.getBoundingClientRect().top;
      this.#box.scrollTop += top - above;
      if (target.flash) flash(row);
    }
    this.#remember();
  }

  /** The row of this number, or the first one after it. */
  #rowAt(seq: number): HTMLElement | null {
    return this.#rows().find((row) => Number(row.dataset.seq) >= seq) ?? null;
  }

  #scrolled(): void {
    if (!this.#isPlaced) return;
    this.#remember();
  }

  #loadEdges(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    if (scrollTop < clientHeight * 2) this.#chat.loadOlder();
    if (scrollHeight - scrollTop - clientHeight < clientHeight * 2) this.#chat.loadNewer();
  }

  #remember(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    this.#isPinned = scrollHeight - scrollTop - clientHeight < PINNED_PX && this.#chat.reachesEnd();
    const top = this.#box.getBoundingClientRect().top;
    this.#anchors = this.#onScreen().map((row) => {
      return { key: row.dataset.key ?? "", top: row.getBoundingClientRect().top - top };
    });
    this.#onPinned(this.#isPinned);
    this.#report();
    this.#loadEdges();
  }

  /** Says how far the reader has seen, if somebody is looking at all. */
  #report(): void {
    if (!this.#isPlaced || document.visibilityState !== "visible") return;
    const seqs = this.#onScreen().map((row) => Number(row.dataset.seq));
    // Rows that wait in the outbox have no number yet: they count as the end.
    const end = this.#chat.view()?.lastSeq ?? 0;
    this.#chat.seen(this.#isPinned ? end : Math.min(end, Math.max(0, ...seqs)), this.#isPinned);
  }

  #onScreen(): HTMLElement[] {
    const box = this.#box.getBoundingClientRect();
    const rows = this.#rows();
    const first = search(rows, (row) => row.getBoundingClientRect().bottom > box.top);
    const end = search(rows, (row) => row.getBoundingClientRect().top >= box.bottom);
    return rows.slice(first, end);
  }

  #rows(): HTMLElement[] {
    return [...this.#box.querySelectorAll<HTMLElement>("[data-seq]")];
  }

  #find(selector: string): HTMLElement | null {
    return this.#box.querySelector(selector);
  }
}

/** Index of the first item for which `holds` is true, which it is for all after it. */
function search<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && holds(item)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function flash(row: HTMLElement): void {
  row.classList.add("flash");
  setTimeout(() => row.classList.remove("flash"), FLASH_MS);
}
