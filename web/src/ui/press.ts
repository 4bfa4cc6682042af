/** Asking for a menu: right button, long press, or the keyboard. */

const LONG_MS = 480;
const MOVE_PX_MAX = 10;

/** Calls `open` with the place where the menu of `box` was asked for. */
export function onLongPress(box: HTMLElement, open: (x: number, y: number) => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let start: Touch | undefined;
  let isOpened = false;
  const stop = () => clearTimeout(timer);
  box.addEventListener("contextmenu", (event) => {
    // The browser's own menu serves links and selected text better.
    const isLink = event.target instanceof Element && event.target.closest("a") !== null;
    if (isLink || getSelection()?.isCollapsed === false) return;
    event.preventDefault();
    stop();
    if (!isOpened) open(event.clientX, event.clientY);
  });
  // Passive: scrolling need not wait for these two.
  const touched = (event: TouchEvent) => {
    start = event.touches[0];
    isOpened = false;
    stop();
    if (event.touches.length !== 1) return;
    timer = setTimeout(() => {
      isOpened = true;
      navigator.vibrate?.(8);
      if (start) open(start.clientX, start.clientY);
    }, LONG_MS);
  };
  const moved = ({ touches: [touch] }: TouchEvent) => {
    if (!touch || !start) return;
    const distance = Math.hypot(touch.clientX - start.clientX, touch.clientY - start.clientY);
    if (distance > MOVE_PX_MAX) stop();
  };
  box.addEventListener("touchstart", touched, { passive: true });
  box.addEventListener("touchmove", moved, { passive: true });
  box.addEventListener("touchend", (event) => {
    stop();
    // Letting go must not press what the menu put under the finger.
    if (isOpened) event.preventDefault();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== box) return;
    const { left, bottom } = box.getBoundingClientRect();
    event.preventDefault();
    open(left, bottom);
  });
}
