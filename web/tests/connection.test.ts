import { beforeEach, describe, expect, test } from "vitest";
import { Connection, type Channel, type Opening, type Speaker } from "../src/client/connection";
import type { LinkState } from "../src/client/types";
import type { Socket, World } from "../src/client/world";
import { join } from "../src/protocol/codec";

const PING = new Uint8Array([0x91, 0x35]);
const FRAME = new Uint8Array([1]);

class TestSocket implements Socket {
  binaryType = "";
  readyState = 0;
  sent: Uint8Array[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: (() => void) | null = null;

  send(frame: Uint8Array): void {
    this.sent.push(frame);
  }

  close(): void {
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  say(): void {
    this.onmessage?.({ data: FRAME.slice().buffer });
  }
}

/** A network and a clock moved by hand. */
class TestWorld implements World {
  time = 0;
  sockets: TestSocket[] = [];
  posts: { answer: () => void; signal: AbortSignal }[] = [];
  private timers: { at: number; action: () => void }[] = [];

  get socketNow(): TestSocket {
    return this.sockets[this.sockets.length - 1] as TestSocket;
  }

  get openPosts(): typeof this.posts {
    return this.posts.filter(({ signal }) => !signal.aborted);
  }

  socket(): Socket {
    this.sockets.push(new TestSocket());
    return this.socketNow;
  }

  post(_: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("aborted")));
      this.posts.push({ signal, answer: () => resolve(join([FRAME])) });
    });
  }

  now = (): number => this.time;
  date = (): number => this.time;
  random = (): number => 0.5;

  after(ms: number, action: () => void): () => void {
    const timer = { at: this.time + ms, action };
    this.timers.push(timer);
    return () => (this.timers = this.timers.filter((item) => item !== timer));
  }

  get waiting(): number {
    return this.timers.length;
  }

  /** Let time pass, one timer after the other. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settle();
      const next = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((item) => item !== next);
      this.time = Math.max(this.time, next.at);
      next.action();
    }
    this.time = end;
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

class TestSpeaker implements Speaker {
  links: LinkState[] = [];
  isWaiting = false;

  opening(): Promise<Opening> {
    const channel: Channel = {
      isLive: false,
      isOld: false,
      outbox: 1,
      next: 1,
      toSend: 1,
      isPaused: false,
      isWelcome: false,
      placed: { seq: 0, changes: 0, at: 0 },
      sent: [],
    };
    return Promise.resolve({ hello: new Uint8Array([0x91, 1]), channel });
  }

  further = (): Promise<Uint8Array[]> => Promise.resolve([]);

  receive(channel: Channel): Promise<void> {
    channel.isWelcome = true;
    return Promise.resolve();
  }

  isOwed = (): boolean => this.isWaiting;
  linkChanged = (link: LinkState): number => this.links.push(link);
  counted = (): void => undefined;
}

let world: TestWorld;
let speaker: TestSpeaker;
let connection: Connection;

beforeEach(async () => {
  world = new TestWorld();
  speaker = new TestSpeaker();
  connection = new Connection(world, speaker, PING);
  connection.start();
  await settle();
});

async function opened(): Promise<TestSocket> {
  const socket = world.socketNow;
  socket.open();
  socket.say();
  await settle();
  return socket;
}

describe("quiet", () => {
  test("an idle connection has one timer: the ping, after 55 s in front", async () => {
    const socket = await opened();
    await world.pass(20_000);
    expect(world.waiting).toBe(1);
    expect(socket.sent).toEqual([]);
    await world.pass(36_000);
    expect(socket.sent).toEqual([PING]);
  });

  test("after 240 s when nobody looks", async () => {
    const socket = await opened();
    connection.setForeground(false);
    await world.pass(200_000);
    expect(socket.sent).toEqual([]);
    await world.pass(41_000);
    expect(socket.sent).toEqual([PING]);
  });
});

describe("silence", () => {
  test("without a byte for 5 s though something is owed, it probes beside", async () => {
    const socket = await opened();
    speaker.isWaiting = true;
    connection.send(FRAME);
    await world.pass(4_000);
    expect(world.posts).toHaveLength(0);
    await world.pass(1_100);
    expect(world.openPosts).toHaveLength(1);
    expect(socket.readyState).toBe(1);
    expect(world.sockets).toHaveLength(1);
  });

  test("probes are renewed every 1.5 s, after two minutes ever less", async () => {
    await opened();
    speaker.isWaiting = true;
    connection.send(FRAME);
    await world.pass(5_100 + 15_000);
    expect(world.posts.length).toBeGreaterThanOrEqual(10);
    expect(world.openPosts).toHaveLength(1);
    await world.pass(600_000);
    const before = world.posts.length;
    await world.pass(60_000);
    expect(world.posts.length - before).toBeLessThanOrEqual(3);
  });

  test("an answered probe opens a new WebSocket", async () => {
    const old = await opened();
    speaker.isWaiting = true;
    connection.send(FRAME);
    await world.pass(5_100);
    world.openPosts[0]?.answer();
    await settle();
    expect(old.readyState).toBe(3);
    expect(world.sockets).toHaveLength(2);
  });

  test("the old one that speaks again is kept", async () => {
    const old = await opened();
    speaker.isWaiting = true;
    connection.send(FRAME);
    await world.pass(5_100);
    old.say();
    await settle();
    expect(world.openPosts).toHaveLength(0);
    expect(world.sockets).toHaveLength(1);
    expect(speaker.links[speaker.links.length - 1]).toBe("online");
  });

  test("a link event probes at once", async () => {
    await opened();
    connection.online();
    await settle();
    expect(world.openPosts).toHaveLength(1);
  });
});

describe("no connection", () => {
  test("it never gives up and opens no WebSocket before a probe was answered", async () => {
    world.socketNow.onclose?.();
    await world.pass(3_600_000);
    expect(world.sockets).toHaveLength(1);
    expect(world.openPosts).toHaveLength(1);
  });

  test("where WebSockets are blocked it polls, one POST after the other", async () => {
    for (let time = 0; time < 2; time++) {
      world.socketNow.onclose?.();
      await settle();
      world.openPosts[world.openPosts.length - 1]?.answer();
      await settle();
    }
    const { length } = world.sockets;
    for (let time = 0; time < 5; time++) {
      world.posts[world.posts.length - 1]?.answer();
      await settle();
    }
    expect(world.sockets).toHaveLength(length);
    expect(speaker.links[speaker.links.length - 1]).toBe("online");
  });

  test("a stopped connection does nothing any more", async () => {
    await opened();
    connection.stop();
    await world.pass(3_600_000);
    expect(world.waiting).toBe(0);
    expect(world.sockets).toHaveLength(1);
    expect(world.posts).toHaveLength(0);
  });
});
