/** The messenger without a screen: what the screens talk to. */
import type { Messenger, MessengerOptions } from "./types";

/** Open the local store and begin to connect. Shows what is kept before any network. */
export function openMessenger(options: MessengerOptions): Promise<Messenger> {
  throw new Error(`build ${options.build} has no messenger yet`);
}
