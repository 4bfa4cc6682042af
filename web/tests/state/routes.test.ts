import { expect, test } from "vitest";
import { Navigation, type Pages } from "../../src/state/navigation";
import { formatRoute, HOME, parseRoute, type Route } from "../../src/state/routes";

/** A browser's history. */
class History implements Pages {
  entries = [{ address: "#", depth: 0 }];
  at = 0;
  moved: (depth: number) => void = () => undefined;

  address(): string {
    return this.entries[this.at]?.address ?? "";
  }

  push(address: string, depth: number): void {
    this.entries = [...this.entries.slice(0, this.at + 1), { address, depth }];
    this.at++;
  }

  replace(address: string, depth: number): void {
    this.entries[this.at] = { address, depth };
  }

  back(): void {
    this.at = Math.max(0, this.at - 1);
    this.moved(this.entries[this.at]?.depth ?? 0);
  }
}

function opened(): { history: History; nav: Navigation } {
  const history = new History();
  const nav = new Navigation(history, 0);
  history.moved = (depth) => nav.moved(depth);
  return { history, nav };
}

test("an address leads back to its route", () => {
  const routes: Route[] = [
    HOME,
    { ...HOME, join: "a-B_9" },
    { ...HOME, recover: "abcd-efgh-1234" },
    { chat: 12, sheet: null, join: "" },
    { chat: -3, sheet: { name: "info" }, join: "" },
    { chat: 0, sheet: { name: "settings" }, join: "" },
    { chat: 7, sheet: { name: "person", user: 70_001 }, join: "" },
    { chat: 7, sheet: { name: "report", seq: 9 }, join: "" },
  ];
  for (const route of routes) expect(parseRoute(formatRoute(route))).toEqual(route);
});

test("an address that makes no sense is the list", () => {
  for (const hash of ["", "#", "#x", "#c", "#cc1", "#c1/nothing/else", "#join=", "#join=a b"]) {
    expect(parseRoute(hash)).toEqual(HOME);
  }
});

test("back goes from sheet to chat to list", () => {
  const { nav } = opened();
  nav.openChat(5);
  nav.openSheet({ name: "info" });
  nav.up();
  expect(nav.route()).toEqual({ chat: 5, sheet: null, join: "" });
  nav.up();
  expect(nav.route()).toEqual(HOME);
});

test("going from chat to chat adds nothing to go back through", () => {
  const { history, nav } = opened();
  nav.openChat(5);
  nav.openChat(6);
  expect(history.entries.length).toBe(2);
});

test("up from a chat that was opened by its address is the list", () => {
  const history = new History();
  history.replace("#c5", 0);
  const nav = new Navigation(history, 0);
  nav.up();
  expect(nav.route()).toEqual(HOME);
});

test("back closes a menu and leaves the page", () => {
  const { history, nav } = opened();
  nav.openChat(5);
  let isOpen = true;
  nav.openOverlay(() => (isOpen = false));
  history.back();
  expect(isOpen).toBe(false);
  expect(nav.route().chat).toBe(5);
});

test("what a menu starts happens after it is gone", () => {
  const { history, nav } = opened();
  nav.openChat(5);
  nav.openOverlay(() => undefined);
  nav.closeOverlay(() => nav.openSheet({ name: "settings" }));
  expect(nav.route().sheet).toEqual({ name: "settings" });
  expect(history.entries.map((entry) => entry.address)).toEqual(["#", "#c5", "#c5/settings"]);
});

test("a recovery code leaves the address with the first page that opens", () => {
  const { history, nav } = opened();
  history.entries[0] = { address: "#recover=abcd-1234", depth: 0 };
  nav.moved(0);
  expect(nav.route().recover).toBe("abcd-1234");
  nav.openSheet({ name: "settings" });
  expect(history.address()).toBe("#/settings");
  nav.go(HOME);
  expect(history.address()).toBe("#");
});
