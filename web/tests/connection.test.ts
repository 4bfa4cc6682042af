import { beforeEach, describe, expect, test } from "vitest";
import { Connection, type Channel, type Opening, type Speaker } from "../src/client/connection";
import type { LinkState } from "../src/client/types";
import { FRAME, TestWorld, settle, type TestSocket } from "./world";

const PING = new Uint8Array([0x91, 0x35]);

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

  test("probes are renewed every 1.5 s or, one in four, 6 s; after two minutes less", async () => {
    await opened();
    speaker.isWaiting = true;
    connection.send(FRAME);
    await world.pass(5_000 + 3 * 1_500 - 100);
    expect(world.posts.length).toBe(3);
    await world.pass(6_000);
    expect(world.posts.length).toBe(4);
    await world.pass(200);
    expect(world.posts.length).toBe(5);
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
    for (let minute = 0; minute < 11; minute++) {
      world.time += 60_000;
      world.posts[world.posts.length - 1]?.answer();
      await settle();
    }
    expect(world.sockets).toHaveLength(length + 1); // it may go by now
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
