/** Which commands are on the way: never more than the link carries in about a round trip. */
import { encode } from "../protocol/codec";
import { HELLO_OUTBOX_BYTES_MAX, OUTBOX_UNCONFIRMED_MAX, VERSION } from "../protocol/codes.gen";
import { Hello, Restart } from "../protocol/messages.gen";
import type { Channel, Opening } from "./connection";
import { firstUnanswered, fromNumber } from "./outbox";
import type { Queued, Store } from "./store";
import { syncState } from "./sync";

const WINDOW_MIN = 4_096; // bytes of unanswered commands
const WINDOW_MAX = 65_536;
const TAIL = 20; // newest rows with each head, if they are unread
const CHUNK = 32;

export class Sender {
  #window = WINDOW_MIN;
  #fastestMs = Infinity;
  #notBefore = 0;
  /**
   * No command above this number may leave: after a new epoch only what the server knows
   * already, to hear its answer.
   */
  last = Infinity;
  #isPumping = false;
  #isStale = false;

  readonly #store: Store;
  readonly #now: () => number;
  readonly #send: (frame: Uint8Array) => boolean;

  constructor(store: Store, now: () => number, send: (frame: Uint8Array) => boolean) {
    this.#store = store;
    this.#now = now;
    this.#send = send;
  }

  /** The hello as the store stands, with the head of the outbox. */
  async opening(flags: number, build: number): Promise<Opening> {
    const { sync, first, queued, isHeld } = await this.#store.read(
      ["singles", "commands"],
      async (tx) => {
        const first = await firstUnanswered(tx);
        return {
          first,
          sync: await syncState(tx),
          queued: await fromNumber(tx, first.id, first.number, CHUNK),
          isHeld: (await tx.single("requeue")) === true,
        };
      },
    );
    if (!isHeld) this.last = Infinity;
    else if (this.last === Infinity) this.last = 0;
    const isFree = this.#now() >= this.#notBefore;
    const commands = isFree ? head(queued.filter(({ number }) => number <= this.last)) : [];
    const hello = encode({
      tag: Hello,
      version: VERSION,
      epoch: sync.epoch,
      cursor: sync.cursor,
      outbox: first.id,
      number: first.number,
      build,
      flags,
      tail: TAIL,
      backfillTo: sync.to,
      backfillAt: sync.at,
      backfillAlias: sync.alias,
      commands,
    });
    return { hello, channel: this.#channel(first, commands, !isFree) };
  }

  #channel(
    first: { id: number; number: number },
    commands: Uint8Array[],
    isPaused: boolean,
  ): Channel {
    return {
      isLive: false,
      isOld: false,
      outbox: first.id,
      next: first.number,
      toSend: first.number + commands.length,
      isPaused,
      isWelcome: false,
      placed: { seq: 0, changes: 0, at: 0 },
      sent: commands.map(({ length }) => ({ bytes: length, at: this.#now() })),
    };
  }

  #hasRoom(channel: Channel, bytes: number): boolean {
    const { sent } = channel;
    const onTheWay = sent.reduce((sum, item) => sum + item.bytes, 0);
    const isFull = sent.length > 0 && onTheWay + bytes > this.#window;
    return !isFull && sent.length < OUTBOX_UNCONFIRMED_MAX && channel.toSend <= this.last;
  }

  /** One command just written: it leaves at once if it is the next and there is room. */
  offer(channel: Channel | null, queued: Queued): void {
    const isNext = channel?.outbox === queued.outbox && channel.toSend === queued.number;
    if (channel && isNext && !this.#isPumping && this.#leave(channel, queued)) return;
    if (channel) void this.pump(channel);
  }

  #leave(channel: Channel, queued: Queued): boolean {
    if (channel.isPaused || channel.isOld) return false;
    if (!this.#hasRoom(channel, queued.bytes.length)) return false;
    this.#left(channel, queued); // first: the connection asks whether an answer is owed
    if (this.#send(queued.bytes)) return true;
    channel.toSend--;
    channel.sent.pop();
    return false;
  }

  #left(channel: Channel, queued: Queued): void {
    channel.toSend++;
    channel.sent.push({ bytes: queued.bytes.length, at: this.#now() });
  }

  /** Send what waits in the store and has room. */
  async pump(channel: Channel): Promise<void> {
    this.#isStale = true;
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#isStale && channel.isLive) {
        this.#isStale = false;
        this.#isStale = this.#leaveAll(channel, await this.#waiting(channel)) || this.#isStale;
      }
    } finally {
      this.#isPumping = false;
    }
  }

  /** Whether all had room, and there may be more. */
  #leaveAll(channel: Channel, waiting: Queued[]): boolean {
    return (
      waiting.length > 0 &&
      waiting.every((item) => item.number !== channel.toSend || this.#leave(channel, item))
    );
  }

  #waiting(channel: Channel): Promise<Queued[]> {
    if (channel.isPaused || channel.isOld || !this.#hasRoom(channel, 0)) return Promise.resolve([]);
    return this.#store.read(["commands"], (tx) =>
      fromNumber(tx, channel.outbox, channel.toSend, CHUNK),
    );
  }

  /** The frames that have room now, for a body that is about to be posted. */
  async frames(channel: Channel): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = [];
    for (const queued of await this.#waiting(channel)) {
      const isNext = queued.number === channel.toSend;
      if (!isNext || !this.#hasRoom(channel, queued.bytes.length)) break;
      frames.push(queued.bytes);
      this.#left(channel, queued);
    }
    return frames;
  }

  /** The oldest unanswered command got its answer: its number, and how long that took. */
  answered(channel: Channel): { number: number; ms: number } {
    const oldest = channel.sent.shift();
    const ms = oldest ? this.#now() - oldest.at : 0;
    if (oldest) this.#adapt(channel, ms);
    return { number: channel.next++, ms };
  }

  /** A full window that is answered quickly may grow; one that queues up must shrink. */
  #adapt(channel: Channel, ms: number): void {
    this.#fastestMs = Math.min(this.#fastestMs, Math.max(ms, 1));
    const onTheWay = channel.sent.reduce((sum, item) => sum + item.bytes, 0);
    if (ms > 4 * this.#fastestMs) this.#window = Math.max(WINDOW_MIN, this.#window / 2);
    else if (ms < 2 * this.#fastestMs && onTheWay > this.#window / 2) {
      this.#window = Math.min(WINDOW_MAX, this.#window * 2);
    }
  }

  /** Nothing leaves before `restart`. */
  hold(channel: Channel, ms = 0): void {
    channel.isPaused = true;
    channel.sent = [];
    if (ms) this.#notBefore = this.#now() + ms;
  }

  /** Commands are counted from here on; what waits leaves. */
  restart(channel: Channel, outbox: number, number: number): void {
    channel.isPaused = false;
    channel.outbox = outbox;
    channel.next = channel.toSend = number;
    channel.sent = [];
    if (channel.isLive && this.#send(encode({ tag: Restart, outbox, number }))) {
      void this.pump(channel);
    }
  }
}

/** As many commands as may ride in a hello. */
function head(queued: readonly Queued[]): Uint8Array[] {
  let left = HELLO_OUTBOX_BYTES_MAX;
  const end = queued.findIndex(({ bytes }) => (left -= bytes.length) < 0);
  return queued.slice(0, end < 0 ? queued.length : end).map(({ bytes }) => bytes);
}
