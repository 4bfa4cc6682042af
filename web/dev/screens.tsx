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
    if (token === "group") return { title: "Sunday market", memberCount: 23, chat: 0 };
    return { title: "Wayan Sudarta", memberCount: 0, chat: 0 };
  },
  async join() {
    if (wish.get("closed")) throw new RequestFailed(24);
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
