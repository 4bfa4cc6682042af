import { beforeEach, expect, test } from "vitest";
import type { Channel } from "../src/client/connection";
import { current, enqueue } from "../src/client/outbox";
import { Sender } from "../src/client/sender";
import type { Queued, Store } from "../src/client/store";
import { decode } from "../src/protocol/codec";
import { HELLO_OUTBOX_BYTES_MAX, OUTBOX_UNCONFIRMED_MAX } from "../src/protocol/codes.gen";
import { SendText, type Hello } from "../src/protocol/messages.gen";
import { freshStore, write } from "./store";

let store: Store;
let sender: Sender;
let sent: Uint8Array[];
let isUp: boolean;
let onSend: () => void;

beforeEach(async () => {
  store = await freshStore();
  await write(store, current);
  sent = [];
  isUp = true;
  onSend = () => undefined;
  sender = new Sender(
    store,
    () => 0,
    (frame) => {
      if (isUp) sent.push(frame);
      onSend();
      return isUp;
    },
  );
});

const post = (text: string): Promise<Queued> =>
  write(store, (tx) => enqueue(tx, { tag: SendText, chat: 5, text }, 1));

async function live(): Promise<{ channel: Channel; hello: Hello }> {
  const { channel, hello } = await sender.opening(0, 0);
  channel.isLive = true;
  return { channel, hello: decode(hello) as Hello };
}

test("an answer is owed at the moment a command leaves", async () => {
  const { channel } = await live();
  let owed = 0;
  onSend = () => (owed = channel.sent.length);
  sender.offer(channel, await post("a"));
  expect(owed).toBe(1);
});

test("a command that could not leave leaves with the next connection, once", async () => {
  const { channel } = await live();
  isUp = false;
  sender.offer(channel, await post("a"));
  expect(channel).toMatchObject({ toSend: 1, sent: [] });
  channel.isOld = true;
  isUp = true;
  const { hello } = await live();
  expect(hello.commands).toHaveLength(1);
  expect(sent).toEqual([]);
});

test("the hello carries the head of the outbox as far as it fits", async () => {
  for (let i = 0; i < 20; i++) await post("x".repeat(60));
  const { hello, channel } = await live();
  const bytes = hello.commands.reduce((sum, { length }) => sum + length, 0);
  expect(bytes).toBeLessThanOrEqual(HELLO_OUTBOX_BYTES_MAX);
  expect(hello.commands.length).toBeGreaterThan(5);
  expect(channel.toSend).toBe(hello.commands.length + 1);
});

test("at first 4 KiB are on the way; answers let more leave, in order", async () => {
  for (let i = 0; i < 30; i++) await post(`${i}`.padStart(500, "."));
  const { channel } = await live();
  await sender.pump(channel);
  const onTheWay = (): number => channel.sent.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(onTheWay()).toBeLessThanOrEqual(4_096);
  while (channel.sent.length > 0) {
    sender.answered(channel);
    await sender.pump(channel);
  }
  expect(channel.next).toBe(31);
  const texts = sent.map((frame) => (decode(frame) as SendText).text.replace(/^\.*/, ""));
  const all = Array.from({ length: 30 }, (_, i) => `${i}`);
  expect(texts).toEqual(all.slice(1)); // the first rode in the hello
});

test("a command written while the connection opens leaves once, and in its turn", async () => {
  const { channel } = await live();
  const first = await post("a");
  const pumping = sender.pump(channel);
  sender.offer(channel, first);
  sender.offer(channel, await post("b"));
  await pumping;
  await expect.poll(() => sent.length).toBe(2);
  expect(sent.map((frame) => (decode(frame) as SendText).text)).toEqual(["a", "b"]);
});

test("never more than 256 are unanswered", async () => {
  const { channel } = await live();
  channel.sent = Array.from({ length: OUTBOX_UNCONFIRMED_MAX }, () => ({ bytes: 1, at: 0 }));
  sender.offer(channel, await post("a"));
  await sender.pump(channel);
  expect(sent).toEqual([]);
});

test("nothing leaves before Restart, and then from the number it names", async () => {
  const { channel } = await live();
  const first = await post("a");
  sender.offer(channel, first);
  sender.hold(channel);
  sender.offer(channel, await post("b"));
  expect(sent).toHaveLength(1);
  sender.restart(channel, first.outbox, 1);
  await expect.poll(() => sent.length).toBe(4); // a, Restart, a, b
  expect(channel).toMatchObject({ next: 1, toSend: 3 });
});

test("while Later holds, a new connection carries no commands", async () => {
  await post("a");
  const { channel } = await live();
  sender.hold(channel, 5_000);
  const { hello, channel: next } = await live();
  expect(hello.commands).toEqual([]);
  expect(next.isPaused).toBe(true);
});
