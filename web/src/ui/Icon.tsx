/** Our own drawings: strokes of the current colour. */

export function Icon(props: { path: string }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={props.path} />
    </svg>
  );
}

const TICKS = {
  waiting: "M9 3.500a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM9 6v3.300l2 1.2",
  sent: "M4.5 9.500l3 3 6-7",
  delivered: "M1.5 9.500l3 3 6-7M8.5 12l.5.5 6.5-7",
  failed: "M9 3.500a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM9 6.200v3.300M9 11.700v.01",
} as const;

export type TickName = keyof typeof TICKS | "read";

/** How far an own message got. */
export function Tick(props: { name: TickName; label: string }) {
  return (
    <svg class={`tick ${props.name}`} viewBox="0 0 18 18" role="img" aria-label={props.label}>
      <path d={TICKS[props.name === "read" ? "delivered" : props.name]} />
    </svg>
  );
}

/** The sign of the house: a slit drum, struck. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 48 48" aria-hidden="true">
      <rect class="drum" x="13" y="4" width="22" height="40" rx="11" />
      <rect class="slit" x="21.5" y="12" width="5" height="24" rx="2.5" />
      <path class="sound" d="M7 18a14 14 0 000 12M41 18a14 14 0 010 12" />
    </svg>
  );
}
