/** Starts the web client: the words of the reader first, then what this device keeps. */

import { render } from "solid-js/web";
import { instance, inviteTarget, join, policy, recover } from "./client/join";
import { openMessenger } from "./client/messenger";
import type { Messenger } from "./client/types";
import type { Door } from "./state/join";
import { App, loadLanguage } from "./ui/App";
import { recallLanguage } from "./ui/preferences";
import { watchViewport } from "./ui/viewport";

const build = Number(document.documentElement.dataset.build);

const door: Door = {
  async invite(token) {
    const { kind, title, member_count, registration } = await inviteTarget(token);
    return { kind, title, memberCount: member_count ?? 0, registration: registration ?? "invite" };
  },
  async registration() {
    return (await policy()).registration;
  },
  async join(name, token, registration) {
    return (await join(name, token, registration)).recovery_code;
  },
  async recover(code) {
    await recover(code);
  },
};

async function start(): Promise<void> {
  const isSignedIn = instance() !== "";
  const [language, client] = await Promise.all([
    loadLanguage(recallLanguage()),
    isSignedIn ? openMessenger({ build }) : null,
  ]);
  const open = (): Promise<Messenger> => openMessenger({ build, fresh: true });
  const root = document.getElementById("app");
  if (!root) throw new Error("index.html lacks #app");
  root.replaceChildren();
  render(() => <App parts={{ client, door, open }} language={language} />, root);
  watchViewport();
}

void start();
