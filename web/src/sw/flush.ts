/** Send what waits in the outbox by POST /sync; used when no page is open. */
import { split, join } from "../protocol/codec";
import type { Events } from "../client/events";
import { Session } from "../client/session";
import { Store } from "../client/store";
import { exchange, type World } from "../client/world";

const PREFIX = "kentong-";
const IDLE_MAX = 3; // rounds without an answer: a fork takes one

/** Rejects while not everything can be sent, so that the browser tries again. */
export async function flushOutbox(build: number): Promise<void> {
  for (const { name } of await indexedDB.databases()) {
    if (name?.startsWith(PREFIX)) await flushStore(name, build);
  }
}

async function flushStore(name: string, build: number): Promise<void> {
  const store = await Store.open(name);
  const session = new Session(store, world(), silence(), build);
  try {
    await session.prepare();
    let idle = 0;
    for (let left = await waiting(store); left > 0; ) {
      const { hello, channel } = await session.opening(true);
      const answer = await exchange(join([hello]));
      for (const frame of split(answer)) await session.receive(channel, frame);
      const before = left;
      left = await waiting(store);
      idle = left < before ? 0 : idle + 1;
      if (idle === IDLE_MAX) throw new Error("the server takes nothing now");
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
