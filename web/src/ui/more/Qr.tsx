/** A text as a QR code, always dark on light: cameras want it so. */

import { Show, createMemo } from "solid-js";
import { qrCode } from "../../state/qr";

const QUIET = 4;

export function Qr(props: { text: string; label: string }) {
  const code = createMemo(() => qrCode(props.text));
  return (
    <Show when={code()}>
      {(rows) => (
        <svg
          class="qr"
          role="img"
          aria-label={props.label}
          viewBox={`${-QUIET} ${-QUIET} ${rows().length + 2 * QUIET} ${rows().length + 2 * QUIET}`}
        >
          <path d={path(rows())} />
        </svg>
      )}
    </Show>
  );
}

function path(rows: readonly boolean[][]): string {
  return rows
    .flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : "")))
    .join("");
}
