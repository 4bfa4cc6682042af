/** Asking for a menu: right button, long press, or the keyboard. */

const LONG_MS = 480;
const MOVE_PX_MAX = 10;

interface PressHandlers {
  onContextMenu: (event: MouseEvent) => void;
  onTouchStart: (event: TouchEvent) => void;
  onTouchMove: (event: TouchEvent) => void;
  onTouchEnd: (event: TouchEvent) => void;
  onKeyDown: (event: KeyboardEvent & { currentTarget: HTMLElement }) => void;
}

export function onLongPress(open: (x: number, y: number) => void): PressHandlers {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let start: Touch | undefined;
  let isOpened = false;
  const stop = () => clearTimeout(timer);
  return {
    onContextMenu(event) {
      // The browser's own menu serves links and selected text better.
      const isLink = event.target instanceof Element && event.target.closest("a") !== null;
      if (isLink || getSelection()?.isCollapsed === false) return;
      event.preventDefault();
      stop();
      if (!isOpened) open(event.clientX, event.clientY);
    },
    onTouchStart(event) {
      start = event.touches[0];
      isOpened = false;
      stop();
      if (event.touches.length !== 1) return;
      timer = setTimeout(() => {
        isOpened = true;
        navigator.vibrate?.(8);
        if (start) open(start.clientX, start.clientY);
      }, LONG_MS);
    },
    onTouchMove(event) {
      const touch = event.touches[0];
      if (!touch || !start) return;
      const distance = Math.hypot(touch.clientX - start.clientX, touch.clientY - start.clientY);
      if (distance > MOVE_PX_MAX) stop();
    },
    onTouchEnd(event) {
      stop();
      // Letting go must not press what the menu put under the finger.
      if (isOpened) event.preventDefault();
    },
    onKeyDown(event) {
      if (event.key !== "Enter" || event.target !== event.currentTarget) return;
      const box = event.currentTarget.getBoundingClientRect();
      event.preventDefault();
      open(box.left, box.bottom);
    },
  };
}
