/** Ties navigation to the browser's history and to the Escape key. */

import type { Navigation, Pages } from "../state/navigation";

interface Mark {
  depth: number;
}

export const pages: Pages & { depth(): number } = {
  address: () => location.hash,
  push: (address, depth) => history.pushState({ depth } satisfies Mark, "", address),
  replace: (address, depth) => history.replaceState({ depth } satisfies Mark, "", address),
  back: () => history.back(),
  depth: () => depthOf(history.state),
};

/** Entries that are not ours (a typed address, a followed link) begin at 0. */
function depthOf(state: unknown): number {
  const isMark = typeof state === "object" && state !== null && "depth" in state;
  return isMark && typeof state.depth === "number" ? state.depth : 0;
}

/** Returns what ends the watching. */
export function watchPages(nav: Navigation): () => void {
  const onMove = () => nav.moved(pages.depth());
  const onKey = (event: KeyboardEvent) => {
    const isModal = document.querySelector("dialog[open]") !== null;
    if (event.key !== "Escape" || event.defaultPrevented || isModal || event.isComposing) return;
    if (nav.route().chat !== 0) nav.up();
  };
  addEventListener("popstate", onMove);
  addEventListener("keydown", onKey);
  return () => {
    removeEventListener("popstate", onMove);
    removeEventListener("keydown", onKey);
  };
}
