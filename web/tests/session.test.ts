import { beforeEach, describe, expect, test, vi } from "vitest";
import { answer, current, enqueue } from "../src/client/outbox";
import { Session } from "../src/client/session";
import type { Queued, Store } from "../src/client/store";
import type { Status } from "../src/client/types";
import { decode, encode, split, type Outgoing } from "../src/protocol/codec";
import { ErrorCode, WelcomeFlag } from "../src/protocol/codes.gen";
import {
  Accepted,
  Failed,
  GetHeads,
  GetOutbox,
  GetRange,
  Heads,
  Mark,
  OutboxState,
  Read,
  Received,
  Restart,
  Rows,
  SendText,
  Welcome,
  type FromServer,
  type Head,
  type Message,
} from "../src/protocol/messages.gen";
import { CHAT, ME, ModelChat, PEER } from "./model";
import { freshStore, write } from "./store";
import { TestWorld } from "./world";

let store: Store;
let world: TestWorld;
let session: Session;
let status: Partial<Status>;
let model: ModelChat;
const NOW = 1_000;

beforeEach(async () => {
  store = await freshStore();
  world = new TestWorld();
  status = {};
  model = new ModelChat();
  const nothing = (): void => undefined;
  const events = {
    changed: nothing,
    answered: nothing,
    counted: nothing,
    outdated: nothing,
    typing: nothing,
    presence: nothing,
    notice: nothing,
    fenced: nothing,
    status: (part: Partial<Status>) => Object.assign(status, part),
  };
  await write(store, async (tx) => {
    await current(tx);
    await tx.setSingle("me", { user: ME, name: "", blocked: [] });
    await tx.setSingle("sync", { epoch: 1, cursor: 50, to: 0, at: 0, alias: 0 });
  });
  session = new Session(store, world, events, 0);
});

const text = (words: string): Promise<Queued> =>
  write(store, (tx) => enqueue(tx, { tag: SendText, chat: CHAT, text: words }, NOW));

/** What the client said on its socket. */
const heard = (): Message[] => world.socketNow.sent.map((frame) => decode(frame) as Message);
const heardOf = <M extends Message>(tag: M["tag"]): M[] =>
  heard().filter((message): message is M => message.tag === tag);
const say = (message: Outgoing<FromServer>): void => world.socketNow.say(encode(message));
const heads = (head: Head, more: Partial<Heads> = {}): void =>
  say({ tag: Heads, clock: ++model.clock, heads: [head], ...more });

async function welcome(more: Partial<Welcome> = {}): Promise<void> {
  const { length } = world.sockets;
  if (!length) await session.start();
  await vi.waitFor(() => expect(world.sockets.length).toBeGreaterThan(0));
  world.socketNow.open();
  status.link = "connecting";
  say({ tag: Welcome, time: NOW, number: 1, ...more });
  await vi.waitFor(() => expect(status.link).toBe("online"));
}

/** The connection breaks, a probe finds the server, and a new one opens. */
async function reconnect(): Promise<void> {
  world.socketNow.onclose?.();
  await vi.waitFor(() => expect(world.openPosts).toHaveLength(1));
  world.openPosts[0]?.answer([encode({ tag: Welcome, time: NOW, number: 1 })]);
  await vi.waitFor(() => expect(world.sockets).toHaveLength(2));
  await welcome();
}

describe("after a restore", () => {
  const RESET = { flags: WelcomeFlag.RESET | WelcomeFlag.BEHIND, epoch: 2 };

  test("it is updating until what the server lost is queued again", async () => {
    await write(store, async (tx) => {
      const queued = await enqueue(tx, { tag: SendText, chat: CHAT, text: "lost" }, NOW);
      await answer(tx, queued, { made: 1 }, NOW);
    });
    const { outbox } = await text("waits");
    await welcome(RESET);
    heads(model.head(), { cursor: 9 });
    await vi.waitFor(() => expect(heardOf(GetOutbox)).toMatchObject([{ outbox }]));
    expect(status.updating).toBe(true);
    say({ tag: OutboxState, request: heardOf<GetOutbox>(GetOutbox)[0]?.request ?? 0, number: 0 });
    await vi.waitFor(() => expect(status.updating).toBe(false));
    await vi.waitFor(() =>
      expect(heard().slice(-3)).toMatchObject([
        { tag: Restart, number: 1 },
        { tag: SendText, text: "lost" },
        { tag: SendText, text: "waits" },
      ]),
    );
    expect(heardOf<Restart>(Restart)[0]?.outbox).not.toBe(outbox);
  });

  test("the answers that the server owes are heard first", async () => {
    const { outbox } = await text("known");
    await text("lost");
    await welcome(RESET);
    heads(model.head(), { cursor: 9 });
    await vi.waitFor(() => expect(heardOf(GetOutbox)).toHaveLength(1));
    say({ tag: OutboxState, request: heardOf<GetOutbox>(GetOutbox)[0]?.request ?? 0, number: 1 });
    await vi.waitFor(() =>
      expect(heard().slice(-2)).toMatchObject([
        { tag: Restart, outbox, number: 1 },
        { tag: SendText, text: "known" },
      ]),
    );
    expect(status.updating).toBe(true);
    say({ tag: Accepted, seq: 1, changes: 0 });
    await vi.waitFor(() => expect(status.updating).toBe(false));
    await vi.waitFor(() => expect(heard().slice(-1)).toMatchObject([{ text: "lost" }]));
    expect(heardOf(Restart)).toHaveLength(2);
  });
});

describe("marks", () => {
  /** A chat whose rows below the last are not known here, read up to 3. */
  async function readSome(): Promise<void> {
    for (const word of ["a", "b", "c", "d", "e"]) model.post(PEER, word);
    await welcome();
    heads(model.head());
    const chats = (): Promise<unknown> => write(store, (tx) => tx.all("chats"));
    await vi.waitFor(async () => expect(await chats()).toHaveLength(1));
    await write(store, (tx) => tx.setSingle("reads", { [CHAT]: 3 }));
    session.say({ tag: Read, chat: CHAT, seq: 3 });
  }

  test("what holes hide the server is asked for, until a head shows the mark", async () => {
    await readSome();
    for (const known of [0, 3]) {
      const reads = heardOf(Read).length;
      const asked = heardOf(GetHeads).length;
      await vi.waitFor(async () => {
        await world.pass(500);
        expect(heardOf(GetHeads)).toHaveLength(asked + 1);
      });
      model.readSeq = known;
      const request = heardOf<GetHeads>(GetHeads)[asked]?.request ?? 0;
      heads(model.head(), { request });
      if (known === 0) await vi.waitFor(() => expect(heardOf(Read)).toHaveLength(reads + 1));
    }
    const reads = (): Promise<unknown> => write(store, (tx) => tx.single("reads"));
    await vi.waitFor(async () => expect(await reads()).toEqual({}));
    expect(heardOf(Read)).toHaveLength(2);
  });

  test("others are told again what may have been lost with a connection", async () => {
    await readSome();
    await vi.waitFor(async () => {
      await world.pass(500);
      expect(heardOf(Received)).toMatchObject([{ marks: [{ chat: CHAT, seq: 5 }] }]);
    });
    await reconnect();
    await vi.waitFor(async () => {
      await world.pass(500);
      expect(heardOf(Received)).toHaveLength(1);
      expect(heardOf(Read)).toHaveLength(1);
    });
  });

  test("a long poll says them once, and again only if it was not answered", async () => {
    await write(store, (tx) => tx.setSingle("reads", { [CHAT]: 3 }));
    await session.start();
    const answered = [
      encode({ tag: Welcome, time: NOW, number: 1 }),
      encode({ tag: Mark, cursor: 60 }),
    ];
    for (let blocked = 1; blocked <= 2; blocked++) {
      await vi.waitFor(() => expect(world.sockets).toHaveLength(blocked));
      world.socketNow.onclose?.();
      await vi.waitFor(() => expect(world.posts).toHaveLength(blocked));
      world.posts[blocked - 1]?.answer(answered);
    }
    const saysRead = async (post: number): Promise<boolean> => {
      await vi.waitFor(() => expect(world.posts).toHaveLength(post));
      const frames = split(world.posts[post - 1]?.body ?? new Uint8Array());
      return frames.some((frame) => decode(frame)?.tag === Read);
    };
    expect(await saysRead(3)).toBe(true);
    world.posts[2]?.answer(answered);
    expect(await saysRead(4)).toBe(false);
    world.posts[3]?.fail();
    await vi.waitFor(() => expect(world.posts).toHaveLength(5)); // a probe
    world.posts[4]?.answer(answered);
    expect(await saysRead(6)).toBe(true);
  });
});

describe("rows that were asked for", () => {
  const RUN = { first: 1, last: 4, asOf: 0 };
  const ranges = (): GetRange[] => heardOf<GetRange>(GetRange);
  const windows = (): Promise<unknown> => write(store, (tx) => tx.all("chats"));

  /** As the server packs them: seq and at of all but the first are differences. */
  function packed(first: number, count: number): Uint8Array {
    const row = (seq: number): number[] => [0x94, seq, 1, PEER, 0xa1, 0x61];
    const later = Array.from({ length: count - 1 }, () => row(1));
    return new Uint8Array([0x90 + count, ...row(first), ...later.flat()]);
  }

  const page = (request: number, first: number, count: number, more: number): void =>
    say({ tag: Rows, request, chat: CHAT, asOf: 5, packed: packed(first, count), more });

  async function ask(): Promise<void> {
    for (const word of ["a", "b", "c", "d", "e"]) model.post(PEER, word);
    await welcome();
    heads(model.head());
    await vi.waitFor(async () => expect(await windows()).toHaveLength(1));
    session.fetch(CHAT, { ...RUN });
    expect(ranges()).toMatchObject([RUN]);
  }

  const known = (last: number): Promise<void> =>
    vi.waitFor(async () =>
      expect(await windows()).toMatchObject([
        { windows: last < 4 ? [{ first: 1, last }, { first: 5 }] : [{ first: 1, last: 5 }] },
      ]),
    );

  test("count page by page; what did not fit into one answer is asked for by itself", async () => {
    await ask();
    page(1, 1, 2, 1);
    await known(2);
    say({ tag: Failed, request: 1, code: ErrorCode.TOO_LARGE });
    await vi.waitFor(() => expect(ranges().slice(1)).toMatchObject([{ ...RUN, first: 3 }]));
    page(2, 3, 2, 0);
    await known(4);
    expect(ranges()).toHaveLength(2);
  });

  test("are asked for again, on another connection, from where they broke off", async () => {
    await ask();
    page(1, 1, 3, 1);
    await known(3);
    await reconnect();
    await vi.waitFor(() => expect(ranges()).toMatchObject([{ ...RUN, first: 4 }]));
  });

  test("are not asked for again where nothing came", async () => {
    await ask();
    say({ tag: Failed, request: 1, code: ErrorCode.TOO_LARGE });
    await world.pass(5_000);
    expect(ranges()).toHaveLength(1);
  });
});
