/** Our own drawings on a grid of 24: strokes of the current colour. */

const PATHS = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  send: "M12 19V6M6 11.5L12 5.5l6 6",
  save: "M5 12.5l4.5 4.5L19 7.5",
  plus: "M12 5v14M5 12h14",
  more: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  search: "M10.5 17a6.5 6.5 0 100-13 6.5 6.5 0 000 13zM15.5 15.5L20 20",
  reply: "M9.5 6.5l-5 5 5 5M5 11.5h8a6 6 0 016 6v1",
  edit: "M5 19l1-4L16 5l3 3L9 18zM13.5 7.5l3 3",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
  flag: "M6 21V4M6 5c4-2.5 7 2 12 0v8c-5 2-8-2.5-12 0",
  down: "M6 10l6 6 6-6",
  people:
    "M9 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM3 20c0-3.5 2.5-6 6-6s6 2.5 6 6" +
      "M15.5 4.5a3.5 3.5 0 010 6.4M17 14.4c2.4.7 4 2.8 4 5.6",
  person: "M12 11.5a4 4 0 100-8 4 4 0 000 8zM4.5 20.5c0-4 3-6.5 7.5-6.5s7.5 2.5 7.5 6.5",
  link: "M10 14l4-4M8.5 11.5l-2 2a4 4 0 005.6 5.6l2-2M15.5 12.5l2-2a4 4 0 00-5.6-5.6l-2 2",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.8v4.4M9 14.8v4.4",
  bookmark: "M7 4h10v16l-5-4-5 4z",
  info: "M12 21a9 9 0 100-18 9 9 0 000 18zM12 11v5.5M12 7.5v.01",
  leave: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
  block: "M12 21a9 9 0 100-18 9 9 0 000 18zM5.6 5.6l12.8 12.8",
  share: "M12 15V4M8 7.5L12 3.5l4 4M6 11H5v9.5h14V11h-1",
  device: "M7 3h10v18H7zM11 18h2",
  retry: "M19.5 12a7.5 7.5 0 11-2.2-5.3M19.5 3v4.5H15",
  offline:
    "M3 9a14 14 0 014-2.6M21 9A14 14 0 0010.5 4.600M6.5 13a8 8 0 013-1.700" +
      "M17.5 13a8 8 0 00-1.5-1M12 18.500v.01M4 4l16 16",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon(props: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[props.name]} />
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
