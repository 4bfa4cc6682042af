/**
 * Every screen with made-up data and no server, for looking at it: `npm run dev`, then
 * /dev/?chats=12&rows=300&link=offline&joined=0 and the like.
 */

import { render } from "solid-js/web";
import { RequestFailed } from "../src/client/types";
import type { Door } from "../src/state/join";
import { App, loadLanguage } from "../src/ui/App";
import { recallLanguage } from "../src/ui/preferences";
import { watchViewport } from "../src/ui/viewport";
import { MadeUpMessenger } from "./messenger";

const wish = new URLSearchParams(location.search);

const door: Door = {
  async invite(token) {
    if (token === "bad") throw new RequestFailed(23);
    const registration = "invite";
    if (token === "owner") return { kind: "owner", title: "", memberCount: 0, registration };
    if (token === "group")
      return { kind: "group", title: "Sunday market", memberCount: 23, registration };
    return { kind: "person", title: "Wayan Sudarta", memberCount: 0, registration };
  },
  async registration() {
    return wish.get("closed") ? "closed" : "open";
  },
  unsavedCode: () => "",
  savedCode: () => undefined,
  async prove() {
    return { challenge: "", nonce: "" };
  },
  async join() {
    return "tanah-hujan-bambu-7391-kopi-senja";
  },
  async recover() {
    throw new RequestFailed(27);
  },
};

async function start(): Promise<void> {
  const client = new MadeUpMessenger(wish);
  Object.assign(window, { messenger: client });
  const language = await loadLanguage(recallLanguage());
  const root = document.getElementById("app");
  if (!root) return;
  const parts = {
    client: wish.get("joined") === "0" ? null : client,
    door,
    open: () => Promise.resolve(client),
  };
  render(() => <App parts={parts} language={language} />, root);
  watchViewport();
}

void start();
