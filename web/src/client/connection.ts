/**
 * The link to the server: one WebSocket kept through short outages, probes by POST beside
 * it when it seems dead, long polls where WebSockets never open. It knows frames and time,
 * not what they mean. No DOM here.
 */
import { Malformed, join, split, toToken } from "../protocol/codec";
import type { LinkState } from "./types";
import type { Socket, World } from "./world";

/** Where an own text stands, the chat's changes up to it, seconds since 1970. */
export interface Placed {
  seq: number;
  changes: number;
  at: number;
}

/** One way on which a hello was said: the answers on it are counted from `next` on. */
export interface Channel {
  /** WebSocket: may be sent to, bulk on it is acknowledged. */
  isLive: boolean;
  /** Replaced by a newer one: its listing and marks don't count any more. */
  isOld: boolean;
  outbox: number;
  /** Number of the command that the next answer belongs to. */
  next: number;
  /** Number of the first command not sent on it. */
  toSend: number;
  /** Nothing may be sent before Restart. */
  isPaused: boolean;
  /** Whether Welcome was heard. */
  isWelcome: boolean;
  /** What the Accepted before said, or the Welcome; the next one counts from it. */
  placed: Placed;
  /** Commands sent and not answered: how long they are, when they left. */
  sent: { bytes: number; at: number }[];
}

/** What is said first. */
export interface Opening {
  hello: Uint8Array;
  channel: Channel;
}

/** Who says and hears what travels. */
export interface Speaker {
  /** Where the store stands, once everything received is in it. */
  opening(isProbe: boolean): Promise<Opening>;
  /** What follows the hello: more commands, open requests, notices. */
  further(channel: Channel): Promise<Uint8Array[]>;
  /** Resolves once the frame is dealt with; rejects with Malformed. */
  receive(channel: Channel, frame: Uint8Array): Promise<void>;
  /** Whether an answer is outstanding on this channel. */
  isOwed(channel: Channel): boolean;
  linkChanged(state: LinkState): void;
  counted(up: number, down: number): void;
}

const SILENCE_MS = 5_000; // without a byte though something is owed
const PROBE_MS = 1_500;
const PROBE_MS_MAX = 30_000;
const PATIENT_EVERY = 4; // one probe in so many gets four times as long
const PATIENCE_MS = 120_000; // of probing at the first pace
const BLOCKED_AFTER = 2; // WebSockets that failed although a probe was answered
const POLL_MS = 40_000; // the server answers within 25 s
const POLLING_MS = 600_000; // then WebSockets are tried again
const PING_FRONT_MS = 55_000;
const PING_BACK_MS = 240_000;
const UPGRADE_BYTES = 40; // of ours in the upgrade: names around the token

export class Connection {
  #socket: Socket | null = null;
  #channel: Channel | null = null;
  #isOpen = false; // the socket's upgrade was answered
  #isPolling = false;
  #mayCut = false; // the long poll that is open asks for nothing
  #hasEnded = false;
  #failures = 0;
  #seeking: AbortController | null = null;
  #poll: AbortController | null = null;
  #stopWatching: (() => void) | null = null;
  #stopPinging: (() => void) | null = null;
  #stopPausing: (() => void) | null = null;
  #heardAt = 0;
  #owedAt = 0;
  #lastTraffic = 0;
  #roundTripMs = 0;
  #isForeground = true;
  #pinged = false;
  /** Notices for the next long poll. */
  readonly #unsaid: Uint8Array[] = [];

  readonly #world: World;
  readonly #speaker: Speaker;
  readonly #ping: Uint8Array;

  constructor(world: World, speaker: Speaker, ping: Uint8Array) {
    this.#world = world;
    this.#speaker = speaker;
    this.#ping = ping;
  }

  start(): void {
    this.#hasEnded = false;
    void this.#connect();
  }

  /** Close everything; `start` begins again. */
  stop(): void {
    this.#hasEnded = true;
    this.#drop();
  }

  #drop(): void {
    this.#seeking?.abort();
    this.#poll?.abort();
    this.#stopPausing?.();
    this.#seeking = this.#poll = this.#stopPausing = null;
    this.#isPolling = false;
    this.#leaveSocket();
  }

  #leaveSocket(): void {
    const socket = this.#socket;
    this.#stopWatching?.();
    this.#stopPinging?.();
    this.#stopWatching = this.#stopPinging = null;
    if (this.#channel) this.#channel.isOld = true;
    this.#socket = this.#channel = null;
    this.#isOpen = this.#pinged = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** Try again after a while, sooner if the system says "online". */
  pause(ms: number): void {
    this.#drop();
    this.#speaker.linkChanged("waiting");
    this.#stopPausing = this.#world.after(ms, () => this.#resume());
  }

  resumeAfter(ms: number): void {
    this.#hasEnded = false;
    this.pause(ms);
  }

  #resume(): void {
    this.#stopPausing = null;
    if (!this.#hasEnded) void this.#seek();
  }

  /** The system says that there is a network again, or somebody looks again. */
  online(): void {
    if (this.#hasEnded) return;
    if (this.#stopPausing) {
      this.#stopPausing();
      this.#resume();
    } else if (this.#seeking) {
      this.#seeking.abort();
      this.#seeking = null;
      void this.#seek();
    } else if (this.#isOpen) {
      this.#pinged = this.send(this.#ping); // whichever answers first
      void this.#seek();
    } else if (this.#isPolling) this.#failures = BLOCKED_AFTER - 1;
  }

  setForeground(isForeground: boolean): void {
    this.#isForeground = isForeground;
    if (this.#isOpen) this.#armPing();
  }

  // -- The WebSocket ---------------------------------------------------------------------

  async #connect(): Promise<void> {
    this.#leaveSocket();
    this.#isPolling = false;
    this.#speaker.linkChanged("connecting");
    const { hello, channel } = await this.#speaker.opening(false);
    if (this.#hasEnded || this.#socket) return;
    const token = toToken(hello);
    const socket = this.#world.socket(token);
    this.#socket = socket;
    this.#channel = channel;
    channel.isLive = true;
    this.#speaker.counted(token.length + UPGRADE_BYTES, 0);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => void this.#opened(channel);
    socket.onmessage = ({ data }) => void this.#heard(channel, new Uint8Array(data));
    socket.onclose = () => this.#closed();
    this.#owe();
  }

  async #opened(channel: Channel): Promise<void> {
    this.#isOpen = true;
    this.#failures = 0;
    this.#touched();
    const frames = await this.#speaker.further(channel);
    if (this.#channel === channel) frames.forEach((frame) => this.send(frame));
  }

  async #heard(channel: Channel, frame: Uint8Array): Promise<void> {
    this.#speaker.counted(0, frame.length);
    this.#touched();
    await this.#deal(channel, frame);
    this.#watch();
  }

  async #deal(channel: Channel, frame: Uint8Array): Promise<void> {
    try {
      await this.#speaker.receive(channel, frame);
    } catch (error) {
      // A peer that isn't ours, or a disk that is full: both may pass.
      if (!channel.isOld) this.pause(error instanceof Malformed ? PROBE_MS_MAX : SILENCE_MS);
    }
  }

  #closed(): void {
    if (!this.#isOpen) this.#failures++;
    this.#leaveSocket();
    if (!this.#seeking && !this.#stopPausing) void this.#seek();
  }

  /** There is something to say: a long poll that only waits for news is cut short. */
  nudge(): void {
    if (this.#isPolling && this.#mayCut) this.#poll?.abort();
  }

  /** A notice: it leaves now or with the next long poll, or not at all. */
  say(frame: Uint8Array): boolean {
    if (!this.#isPolling) return this.send(frame);
    this.#unsaid.push(frame);
    this.nudge();
    return true;
  }

  /** Send now if there is a socket; otherwise `further` will say it. */
  send(frame: Uint8Array): boolean {
    this.nudge();
    if (!this.#isOpen || this.#socket?.readyState !== 1) return false;
    this.#socket.send(frame);
    this.#speaker.counted(frame.length, 0);
    this.#lastTraffic = this.#world.now();
    this.#owe();
    return true;
  }

  // -- Silence --------------------------------------------------------------------------------

  #touched(): void {
    this.#heardAt = this.#lastTraffic = this.#world.now();
    this.#pinged = false;
    if (this.#seeking && this.#isOpen) {
      this.#seeking.abort(); // the old one spoke: it lives
      this.#seeking = null;
      this.#speaker.linkChanged("online");
    }
    if (this.#isOpen && !this.#stopPinging) this.#armPing();
  }

  /** Something was said that asks for an answer. */
  #owe(): void {
    if (this.#stopWatching) return;
    this.#owedAt = this.#world.now();
    this.#watch();
  }

  #watch(): void {
    this.#stopWatching?.();
    this.#stopWatching = null;
    const channel = this.#channel;
    const isOwed = this.#pinged || !channel?.isWelcome || this.#speaker.isOwed(channel);
    if (!channel || !isOwed) return;
    const patience = Math.max(SILENCE_MS, 4 * this.#roundTripMs);
    const left = Math.max(this.#heardAt, this.#owedAt) + patience - this.#world.now();
    this.#stopWatching = this.#world.after(Math.max(left, 0), () => {
      this.#stopWatching = null;
      if (left > 0) this.#silent(patience);
    });
  }

  #silent(patience: number): void {
    const isSilent = this.#world.now() - Math.max(this.#heardAt, this.#owedAt) >= patience - 1;
    if (!isSilent) this.#watch();
    else if (!this.#seeking) void this.#seek();
  }

  #armPing(): void {
    this.#stopPinging?.();
    const every = this.#isForeground ? PING_FRONT_MS : PING_BACK_MS;
    const left = this.#lastTraffic + every - this.#world.now();
    this.#stopPinging = this.#world.after(Math.max(left, 0), () => {
      const isQuiet = this.#world.now() - this.#lastTraffic >= every - 1;
      if (isQuiet) {
        this.#pinged = this.send(this.#ping);
        this.#watch();
      }
      this.#armPing();
    });
  }

  /** A round trip was seen to take this long. */
  measured(ms: number): void {
    this.#roundTripMs = this.#roundTripMs ? (this.#roundTripMs * 7 + ms) / 8 : ms;
  }

  // -- Probing and polling -------------------------------------------------------------------

  /** Ask by POST until an answer comes, then open a new WebSocket. */
  async #seek(): Promise<void> {
    if (this.#seeking || this.#hasEnded) return;
    const control = new AbortController();
    const stopped = aborted(control.signal);
    this.#seeking = control;
    if (!this.#isOpen || !this.#pinged) this.#speaker.linkChanged("waiting");
    const since = this.#world.now();
    let interval = Math.max(PROBE_MS, 6 * this.#roundTripMs);
    for (let attempt = 1; !control.signal.aborted; attempt++) {
      const ms = attempt % PATIENT_EVERY ? interval : 4 * interval;
      const pause = this.#pauseFor(ms);
      if (await this.#probe(ms, control.signal)) break;
      await Promise.race([pause, stopped]);
      const isLong = this.#world.now() - since > PATIENCE_MS;
      if (isLong) interval = Math.min(interval * 1.5, PROBE_MS_MAX);
    }
    if (control.signal.aborted) return;
    this.#seeking = null;
    if (this.#stopPausing || this.#hasEnded) return;
    if (this.#failures < BLOCKED_AFTER) await this.#connect();
    else void this.#pollForever();
  }

  #pauseFor(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.after(ms, resolve));
  }

  /** One POST beside what may be dead; false after `ms` without an answer. */
  async #probe(ms: number, outer: AbortSignal): Promise<boolean> {
    const inner = new AbortController();
    const stop = (): void => inner.abort();
    outer.addEventListener("abort", stop);
    const clear = this.#world.after(ms, stop);
    try {
      const { hello, channel } = await this.#speaker.opening(true);
      const answer = await this.#exchange([hello], inner.signal);
      if (outer.aborted) return false;
      if (this.#socket && !this.#isOpen) this.#failures++;
      this.#leaveSocket();
      await this.#dealAll(channel, answer);
      return true;
    } catch {
      return false;
    } finally {
      clear();
      outer.removeEventListener("abort", stop);
    }
  }

  async #exchange(frames: Uint8Array[], signal: AbortSignal): Promise<Uint8Array[]> {
    const body = join(frames);
    this.#speaker.counted(body.length, 0);
    const answer = await this.#world.post(body, signal);
    this.#speaker.counted(0, answer.length);
    return split(answer);
  }

  async #dealAll(channel: Channel, frames: Uint8Array[]): Promise<void> {
    for (const frame of frames) await this.#deal(channel, frame);
    channel.isOld = true;
  }

  /** Where WebSockets are blocked: one POST after the other, each waits for news. */
  async #pollForever(): Promise<void> {
    this.#leaveSocket();
    this.#isPolling = true;
    this.#unsaid.length = 0;
    this.#speaker.linkChanged("online"); // a probe was answered just now
    const end = this.#world.now() + POLLING_MS;
    while (this.#isPolling) {
      const control = new AbortController();
      const { hello, channel } = await this.#speaker.opening(false);
      const frames = [...(await this.#speaker.further(channel)), ...this.#unsaid.splice(0)];
      this.#mayCut = !this.#speaker.isOwed(channel);
      this.#poll = control;
      this.#channel = channel;
      const clear = this.#world.after(POLL_MS, () => control.abort());
      try {
        const answer = await this.#exchange([hello, ...frames], control.signal);
        await this.#dealAll(channel, answer);
      } catch {
        if (!this.#isPolling) return;
        if (control.signal.aborted) continue; // there is something to say
        this.#isPolling = false;
        return this.#seek();
      } finally {
        clear();
      }
      if (this.#world.now() > end) this.#failures = BLOCKED_AFTER - 1;
      if (this.#failures < BLOCKED_AFTER) return this.#connect();
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}
