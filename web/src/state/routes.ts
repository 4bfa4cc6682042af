/** Where the reader is: a chat beside the list, perhaps a sheet above both. Pure. */

export type Sheet =
  | { name: "info" }
  | { name: "person"; user: number }
  | { name: "report"; seq: number }
  | { name: "add" }
  | { name: "new" }
  | { name: "invite" }
  | { name: "settings" };

export interface Route {
  /** Chat id; 0: the list alone. */
  chat: number;
  sheet: Sheet | null;
  /** Token of an invite link that was followed, "" for none. */
  join: string;
  /** Recovery code of a link that was followed. */
  recover?: string;
}

export const HOME: Route = { chat: 0, sheet: null, join: "" };

const PLAIN_SHEETS = ["info", "add", "new", "invite", "settings"] as const;

/** Reads the part of the address after "#"; what it does not know is the list. */
export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#/, "");
  const link = /^(join|recover)=([\w-]+)$/.exec(text);
  if (link) return { ...HOME, [link[1] ?? ""]: link[2] };
  const match = /^(?:c(-?\d{1,16}))?(?:\/(\w+)(?:=(\d{1,16}))?)?$/.exec(text);
  if (!match) return HOME;
  return {
    chat: Number(match[1] ?? 0),
    sheet: parseSheet(match[2], Number(match[3] ?? 0)),
    join: "",
  };
}

function parseSheet(name: string | undefined, value: number): Sheet | null {
  if (name === "person") return value > 0 ? { name, user: value } : null;
  if (name === "report") return { name, seq: value };
  const plain = PLAIN_SHEETS.find((known) => known === name);
  return plain ? { name: plain } : null;
}

/** The opposite of parseRoute. */
export function formatRoute(route: Route): string {
  if (route.join) return `#join=${route.join}`;
  if (route.recover) return `#recover=${route.recover}`;
  const chat = route.chat === 0 ? "" : `c${route.chat}`;
  return `#${chat}${route.sheet ? `/${formatSheet(route.sheet)}` : ""}`;
}

function formatSheet(sheet: Sheet): string {
  if (sheet.name === "person") return `person=${sheet.user}`;
  return sheet.name === "report" ? `report=${sheet.seq}` : sheet.name;
}
