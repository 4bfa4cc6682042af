/** Send what waits in the outbox by POST /sync; used when no page is open. */
import { split, join } from "../protocol/codec";
import { Session, type Events } from "../client/session";
import { Store } from "../client/store";
import { exchange, type World } from "../client/world";

const PREFIX = "kentong-";
const ROUNDS_MAX = 50; // a hello carries a few hundred bytes

/** Rejects while there is no network, so that the browser tries again. */
export async function flushOutbox(build: number): Promise<void> {
  for (const { name } of await indexedDB.databases()) {
    if (name?.startsWith(PREFIX)) await flushStore(name, build);
  }
}

async function flushStore(name: string, build: number): Promise<void> {
  const store = await Store.open(name);
  const session = new Session(store, world(), silence(), build);
  try {
    for (let round = 0; round < ROUNDS_MAX && (await waiting(store)) > 0; round++) {
      const { hello, channel } = await session.opening(true);
      const answer = await exchange(join([hello]));
      for (const frame of split(answer)) await session.receive(channel, frame);
    }
  } finally {
    store.close();
  }
}

function waiting(store: Store): Promise<number> {
  return store.read(["commands"], (tx) => tx.count("commands", "open", 1));
}

function world(): World {
  return {
    socket: () => {
      throw new Error("a worker opens no socket");
    },
    post: exchange,
    now: () => performance.now(),
    after: () => () => undefined,
    random: () => Math.random(),
    date: () => Date.now(),
  };
}

/** Nobody looks: pages read the store when they open. */
function silence(): Events {
  const nothing = (): void => undefined;
  return {
    changed: nothing,
    status: nothing,
    answered: nothing,
    counted: nothing,
    outdated: nothing,
    typing: nothing,
    presence: nothing,
    notice: nothing,
    fenced: nothing,
  };
}
