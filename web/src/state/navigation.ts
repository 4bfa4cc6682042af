/** Moves between routes so that "back" always means one level up. */

import { type Accessor, createSignal } from "solid-js";
import { HOME, type Route, type Sheet, parseRoute, formatRoute } from "./routes";

/** What navigation needs of the browser's history. */
export interface Pages {
  address(): string;
  push(address: string, depth: number): void;
  replace(address: string, depth: number): void;
  back(): void;
}

/** How far a route is from the list: the list 0, a chat 1, a sheet one more. */
function level(route: Route): number {
  return (route.chat === 0 ? 0 : 1) + (route.sheet ? 1 : 0);
}

export class Navigation {
  readonly route: Accessor<Route>;
  readonly #setRoute: (route: Route) => void;
  /** Entries of ours below the current one, so that back never leaves the app by surprise. */
  #depth: number;
  #overlay: (() => void) | null = null;
  #afterwards: (() => void) | null = null;

  readonly #pages: Pages;

  constructor(
    pages: Pages,
    depth: number,
  ) {
    this.#pages = pages;
    const [route, setRoute] = createSignal(parseRoute(pages.address()));
    this.route = route;
    this.#setRoute = setRoute;
    this.#depth = depth;
  }

  /** Goes deeper by a new entry; sideways and up it takes the place of the current one. */
  go(route: Route): void {
    const deeper = level(route) > level(this.route()) && !this.#overlay;
    this.#dropOverlay();
    if (deeper) this.#pages.push(formatRoute(route), ++this.#depth);
    else this.#pages.replace(formatRoute(route), this.#depth);
    this.#setRoute(route);
  }

  openChat(chat: number): void {
    this.go({ ...HOME, chat });
  }

  openSheet(sheet: Sheet): void {
    this.go({ ...HOME, chat: this.route().chat, sheet });
  }

  /** The current chat got another id: same place, other name. */
  rename(from: number, to: number): void {
    const route = this.route();
    if (route.chat !== from) return;
    const next = { ...route, chat: to };
    this.#pages.replace(formatRoute(next), this.#depth);
    this.#setRoute(next);
  }

  up(): void {
    if (this.#depth > 0) return this.#pages.back();
    const { chat, sheet } = this.route();
    this.go(sheet && chat ? { ...HOME, chat } : HOME);
  }

  /** A menu or question above everything, closed by "back" like a page. */
  openOverlay(close: () => void): void {
    this.#dropOverlay();
    this.#overlay = close;
    this.#pages.push(formatRoute(this.route()), ++this.#depth);
  }

  /** Goes back to the page below; `then` runs once the browser is there. */
  closeOverlay(then?: () => void): void {
    if (!this.#overlay) return;
    this.#afterwards = then ?? null;
    this.#pages.back();
  }

  /** The browser moved: by its own buttons, by a gesture, or because we asked. */
  moved(depth: number): void {
    this.#depth = depth;
    this.#dropOverlay();
    this.#setRoute(parseRoute(this.#pages.address()));
    const afterwards = this.#afterwards;
    this.#afterwards = null;
    afterwards?.();
  }

  #dropOverlay(): void {
    const close = this.#overlay;
    this.#overlay = null;
    close?.();
  }
}
