/** Starts the web client: the words of the reader first, then what this device keeps. */

import { render } from "solid-js/web";
import * as account from "./client/join";
import { openMessenger } from "./client/messenger";
import type { Messenger } from "./client/types";
import type { Door } from "./state/join";
import { App, loadLanguage } from "./ui/App";
import { recallLanguage } from "./ui/preferences";
import { watchViewport } from "./ui/viewport";

const build = Number(document.documentElement.dataset.build);

const door: Door = {
  async invite(token) {
    const { kind, title, member_count, registration } = await account.inviteTarget(token);
    return { kind, title, memberCount: member_count ?? 0, registration: registration ?? "invite" };
  },
  async registration() {
    return (await account.policy()).registration;
  },
  prove: account.prove,
  unsavedCode: account.unsavedCode,
  savedCode: account.savedCode,
  async join(name, token, proof) {
    return (await account.join(name, token, proof)).recovery_code;
  },
  async recover(code) {
    await account.recover(code);
  },
};

async function start(): Promise<void> {
  const isSignedIn = account.instance() !== "" && !account.unsavedCode();
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

start().catch((error: unknown) => {
  // A browser without storage: better a bare sentence than an empty page.
  document.body.append(`Kentong: ${String(error)}`);
});
