/**
 * The one that talks to the server, in the tab that leads: turns frames into changes of
 * the store, one transaction each and in order, and says afterwards what changed.
 */
import {
  Malformed,
  decode,
  decodeFromServer,
  encode,
  inflates,
  unpackRows,
  type Outgoing,
} from "../protocol/codec";
import { ErrorCode, HelloFlag, WelcomeFlag } from "../protocol/codes.gen";
import {
  Accepted,
  Changed,
  Devices,
  Done,
  Failed,
  Forked,
  GetRange,
  Goodbye,
  Heads,
  Invite,
  Later,
  Looks,
  Mark,
  Marked,
  Members,
  OutboxState,
  People,
  Ping,
  Posted,
  Presence,
  Refusal,
  Rows,
  SendText,
  Typing,
  Welcome,
  type FromServer,
  type Notice as Said,
} from "../protocol/messages.gen";
import type { Queue } from "./epoch";
import type { Events } from "./events";
import { Connection, type Channel, type Opening, type Placed, type Speaker } from "./connection";
import { answer, forgetOld, makesChat, type Answer } from "./outbox";
import { Requests, type Question } from "./requests";
import { Sender } from "./sender";
import type { Queued, Store, Transaction } from "./store";
import * as live from "./live";
import * as sync from "./sync";
import { noEffects, STATE, type Effects } from "./sync";
import type { LinkState } from "./types";
import type { Window } from "./windows";
import { Wishes } from "./wishes";
import type { World } from "./world";

interface Look {
  foreground: boolean;
  chats: readonly number[];
}

/** What is still to be answered of a question for rows. */
interface Range extends Window {
  tag: typeof GetRange;
  chat: number;
}

const RETRY_MS = 3_000;
const LATER_MS_MIN = 100;
const RETRY_MS_MAX = 300_000;
const ENDINGS: readonly number[] = [
  ErrorCode.UNAUTHORISED,
  ErrorCode.SUSPENDED,
  ErrorCode.UNSUPPORTED_VERSION,
  ErrorCode.ORIGIN_FORBIDDEN,
];

export class Session implements Speaker {
  readonly connection: Connection;
  readonly #requests: Requests;
  readonly #sender: Sender;
  #chain: Promise<unknown> = Promise.resolve();
  #channel: Channel | null = null;
  #user = 0;
  #looks: Look = { foreground: true, chats: [] };
  readonly #wishes: Wishes;
  readonly #resets: sync.Resets = new Map();
  readonly #queue: Queue;
  readonly #runs = new Map<number, Range>(); // what is still to come, by request
  #goodbyes = 0;
  #isListed = false;

  readonly #store: Store;
  readonly #world: World;
  readonly #events: Events;
  readonly #build: number;

  constructor(store: Store, world: World, events: Events, build: number) {
    this.#store = store;
    this.#world = world;
    this.#events = events;
    this.#build = build;
    const send = (frame: Uint8Array): boolean => this.connection.send(frame);
    this.connection = new Connection(world, this, encode({ tag: Ping }));
    this.#requests = new Requests(send, (ms, action) => void world.after(ms, action));
    const say = (frame: Uint8Array): boolean => this.connection.say(frame);
    this.#wishes = new Wishes(store, world, this.#requests, say, () => this.pause(RETRY_MS));
    const sender = new Sender(store, () => world.now(), send);
    this.#sender = sender;
    const ask = (question: Question): Promise<FromServer> => this.ask(question);
    const channel = (): Channel | null => this.#channel;
    const nudge = (): void => this.connection.nudge();
    this.#queue = { store, sender, events, known: new Map(), ask, channel, nudge };
  }

  async start(): Promise<void> {
    await this.prepare();
    this.connection.start();
  }

  /** Before the first hello: a server says who this is only to those that know nothing yet. */
  async prepare(): Promise<void> {
    const now = this.#seconds();
    await this.#store.write(["singles", "commands"], async (tx) => {
      this.#user = (await tx.single("me"))?.user ?? 0;
      await forgetOld(tx, now);
    });
  }

  #seconds(): number {
    return Math.floor(this.#world.date() / 1000);
  }

  // -- What the tabs ask ---------------------------------------------------------------------

  /** A command was written to the store. */
  offer(queued: Queued): void {
    if (this.#channel?.isLive) this.#sender.offer(this.#channel, queued);
    else this.connection.nudge();
  }

  /** Rejects with RequestFailed; waits for a link. */
  ask(question: Question): Promise<FromServer> {
    return this.#requests.ask(question);
  }

  /** Rows of a run that is not exact here, unless they are on their way. */
  fetch(chat: number, run: Window): void {
    const isComing = [...this.#runs.values()].some(
      (item) => item.chat === chat && item.first <= run.first && item.last >= run.last,
    );
    if (isComing) return;
    const question: Range = { tag: GetRange, ...run, chat };
    let number = 0;
    const refused = (): void => {
      this.#runs.delete(number);
      // An answer to a POST holds only so much: what is left is asked for by itself.
      if (question.first > run.first) this.fetch(chat, question);
    };
    this.#requests
      .ask(question, (request) => this.#runs.set((number = request), question))
      .catch(refused);
  }

  /** Safe to lose: typing, read marks. */
  say(notice: Outgoing<Said>): void {
    this.#wishes.say(notice);
  }

  look(foreground: boolean, chats: readonly number[]): void {
    const isBack = foreground && !this.#looks.foreground;
    this.#looks = { foreground, chats };
    this.connection.setForeground(foreground);
    this.say(this.#looksNotice());
    if (isBack) this.connection.online();
  }

  #looksNotice(): Outgoing<Looks> {
    return { tag: Looks, foreground: Number(this.#looks.foreground), chats: this.#looks.chats };
  }

  // -- Speaker ---------------------------------------------------------------------------------

  async opening(isProbe: boolean): Promise<Opening> {
    await this.#chain;
    const flags =
      (isProbe ? HelloFlag.PROBE : 0) |
      (inflates ? 0 : HelloFlag.NO_INFLATE) |
      (this.#looks.foreground ? 0 : HelloFlag.BACKGROUND);
    const opening = await this.#sender.opening(flags, this.#build);
    if (isProbe) return opening;
    const before = this.#channel;
    this.#channel = opening.channel;
    // An exchange that was answered has arrived; of other connections nobody knows.
    if (before?.isWelcome && !before.isLive) return opening;
    this.#wishes.ended();
    return opening;
  }

  async further(channel: Channel): Promise<Uint8Array[]> {
    const reads = await this.#wishes.reads();
    const { foreground, chats } = this.#looks;
    const looks = foreground && chats.length > 0 ? [encode(this.#looksNotice())] : [];
    // On a live channel each command leaves at the moment when it is counted.
    if (channel.isLive) void this.#sender.pump(channel);
    const commands = channel.isLive ? [] : await this.#sender.frames(channel);
    return [...commands, ...this.#requests.frames(), ...looks, ...reads];
  }

  receive(channel: Channel, frame: Uint8Array): Promise<void> {
    const done = this.#chain.then(() => this.#handle(channel, frame));
    this.#chain = done.catch(() => undefined);
    return done;
  }

  isOwed(channel: Channel): boolean {
    return channel.sent.length > 0 || this.#requests.size > 0;
  }

  linkChanged(link: LinkState): void {
    this.#events.status({ link });
  }

  counted(bytesUp: number, bytesDown: number): void {
    this.#events.counted(bytesUp, bytesDown);
  }

  // -- Messages -----------------------------------------------------------------------------------

  async #handle(channel: Channel, frame: Uint8Array): Promise<void> {
    const message = decodeFromServer(frame);
    if (!message) return; // from a newer server
    if (!channel.isWelcome && message.tag !== Welcome && message.tag !== Goodbye) {
      throw new Malformed("Welcome comes first");
    }
    await this.#handleSession(channel, message);
    await this.#handleState(channel, message);
    this.#handleAnswer(message);
    const isBulk = message.tag === Heads || message.tag === Rows;
    if (channel.isLive && isBulk) this.#wishes.got(frame.length);
  }

  async #handleSession(channel: Channel, message: FromServer): Promise<void> {
    switch (message.tag) {
      case Welcome:
        return this.#welcome(channel, message);
      case Goodbye:
        return this.#goodbye(message);
      case Accepted: {
        const { seq, changes, at } = channel.placed;
        const placed = {
          seq: seq + message.seq,
          changes: changes + message.changes,
          at: at + message.at,
        };
        channel.placed = placed;
        return this.#answered(channel, { made: placed.seq, placedAt: placed.at }, placed);
      }
      case Done:
        return this.#answered(channel, { made: message.chat, text: message.text });
      case Refusal:
        return this.#answered(channel, { code: message.code });
      case Later:
        return this.#later(channel, message);
      case Forked:
        return this.#forked(channel);
    }
  }

  async #handleState(channel: Channel, message: FromServer): Promise<void> {
    switch (message.tag) {
      case Heads:
        await this.#apply((tx, effects) =>
          sync.applyHeads(tx, message, !channel.isOld, effects, this.#resets),
        );
        this.#requests.answered(message.request, message);
        return this.#wishes.headsCame(message.heads);
      case Mark:
        return channel.isOld ? undefined : this.#wishes.mark(message.cursor);
      case Posted:
        return this.#apply((tx, effects) => live.applyPosted(tx, message, this.#user, effects));
      case Marked:
        return this.#apply((tx, effects) => live.applyMarked(tx, message, effects));
      case Changed:
        return this.#apply((tx, effects) => live.applyChanged(tx, message, this.#user, effects));
      case Rows:
        return this.#rows(message);
      case Typing: {
        const { alias } = message;
        const [chat] = await this.#store.read(["chats"], (tx) => tx.by("chats", "alias", alias));
        return chat && this.#events.typing(chat.chat, message.user);
      }
      case Presence:
        return this.#events.presence(message.user, message.online > 0, message.seenAt);
    }
  }

  #handleAnswer(message: FromServer): void {
    switch (message.tag) {
      case People:
      case Members:
      case Devices:
      case OutboxState:
      case Invite:
        return this.#requests.answered(message.request, message);
      case Failed:
        return this.#requests.failed(message);
    }
  }

  /** One transaction, and then tell what changed. */
  async #apply(work: (tx: Transaction, effects: Effects) => Promise<void>): Promise<void> {
    const effects = noEffects();
    await this.#store.write(STATE, (tx) => work(tx, effects));
    this.#found(effects);
    effects.held.forEach((seq, chat) => this.#wishes.received(chat, seq));
    this.#events.changed(effects);
  }

  #found(effects: Effects): void {
    if (effects.isLost) this.pause(RETRY_MS); // the next hello says the old cursor
    if (effects.isListed) {
      this.#isListed = true;
      this.#settle();
    }
    this.#wishes.want(effects.ask);
  }

  async #rows(message: Rows): Promise<void> {
    const asked = this.#runs.get(message.request);
    if (!asked) return;
    const rows = await unpackRows(message.packed, message.deflated);
    const page = { rows, asOf: message.asOf, more: message.more };
    if (!page.more) {
      this.#runs.delete(message.request);
      this.#requests.answered(message.request, message);
    }
    await this.#apply(async (tx, effects) => {
      // Asked again, on another connection, it is for the rest only.
      asked.first = await sync.applyRows(tx, asked.chat, asked, page);
      effects.chats.add(asked.chat);
    });
  }

  // -- The session ------------------------------------------------------------------------------

  async #welcome(channel: Channel, message: Welcome): Promise<void> {
    const { flags } = message;
    channel.isWelcome = true;
    channel.placed = { seq: 0, changes: 0, at: message.time };
    this.#goodbyes = 0;
    void this.#wishes.mark(0);
    this.#resets.clear();
    if (message.user) this.#user = message.user;
    const effects = noEffects();
    const isReset = (flags & WelcomeFlag.RESET) > 0;
    const rare = flags & (WelcomeFlag.RESET | WelcomeFlag.HORIZON) ? await import("./epoch") : null;
    const isHeld = await this.#store.write(STATE, async (tx) => {
      if (isReset) await rare?.startAnew(tx, message.epoch, effects);
      else if (rare) await rare.doubtEverything(tx);
      else if (message.epoch) {
        await tx.setSingle("sync", { ...(await sync.syncState(tx)), epoch: message.epoch });
      }
      if (message.user && (await tx.single("me"))?.user !== message.user) {
        await tx.setSingle("me", { user: message.user, name: "", blocked: [] });
      }
      return (await tx.single("requeue")) === true;
    });
    if (isReset) {
      this.#queue.known.clear();
      this.#sender.last = 0;
      this.#sender.hold(channel);
      this.#events.changed(effects);
    }
    this.#isListed = !rare && !(flags & WelcomeFlag.BEHIND);
    this.#events.status({
      link: "online",
      updating: isHeld || !this.#isListed,
      clockOffsetMs: message.time * 1000 + 500 - this.#world.date(),
      user: this.#user,
    });
    if (this.#build && message.build && message.build !== this.#build) this.#events.outdated();
    this.#settle();
  }

  #goodbye({ code, retryAfterMs }: Goodbye): void {
    if (ENDINGS.includes(code)) {
      this.connection.stop();
      return this.#events.status({ ended: code, link: "offline" });
    }
    // Whatever was asked must not end the next session too.
    if (code === ErrorCode.MALFORMED || code === ErrorCode.TOO_LARGE) this.#requests.failAll(code);
    if (code === ErrorCode.FENCED) return this.#events.fenced();
    this.pause(retryAfterMs || RETRY_MS);
  }

  /** Come back after this long, or up to half as long again; later with each goodbye. */
  pause(ms: number): void {
    const longer = Math.min(ms * 2 ** this.#goodbyes++, RETRY_MS_MAX);
    this.connection.pause(longer * (1 + this.#world.random() / 2));
  }

  /** Connect again after about this long, though the connection was stopped. */
  again(ms: number): void {
    this.connection.resumeAfter(ms * (0.5 + this.#world.random()));
  }

  async #answered(channel: Channel, said: Answer, placed?: Placed): Promise<void> {
    const isAlone = channel.sent.length === 1;
    const { number, ms } = this.#sender.answered(channel);
    if (channel.isLive && isAlone && ms) this.connection.measured(ms);
    const place = { outbox: channel.outbox, number };
    const effects = noEffects();
    const queued = await this.#store.write(STATE, async (tx) => {
      const found = await answer(tx, place, said, this.#seconds());
      if (found) effects.chats.add(found.chat);
      if (found && placed && found.tag === SendText) {
        await this.#accepted(tx, found, placed, effects);
      }
      return found;
    });
    void this.#sender.pump(channel);
    if (number === this.#sender.last) this.#settle(); // the last that the server owed
    if (!queued) return;
    this.#found(effects);
    const isMoved = makesChat(queued.tag);
    this.#events.changed(effects, isMoved ? { from: -queued.order, to: queued.made } : undefined);
    this.#events.answered(queued.order);
    const { code, open, chat } = queued;
    if (code && !open) this.#events.notice({ kind: "refused", code, chat: Math.max(chat, 0) });
  }

  async #accepted(
    tx: Transaction,
    queued: Queued,
    state: Placed,
    effects: Effects,
  ): Promise<void> {
    const command = decode(queued.bytes) as SendText;
    let { replyTo } = command;
    if (replyTo < 0) {
      const [target] = await tx.by("commands", "number", [queued.outbox, -replyTo]);
      replyTo = target?.made ?? 0;
    }
    const content = { author: this.#user, text: command.text, replyTo };
    await live.applyAccepted(tx, queued, state, content, effects);
  }

  #later(channel: Channel, later: Later): void {
    const number = channel.next;
    const retryAfterMs = later.retryAfterMs || LATER_MS_MIN;
    this.#sender.hold(channel, retryAfterMs);
    this.#world.after(retryAfterMs, () => {
      if (channel === this.#channel && channel.isLive && !channel.isOld) {
        this.#sender.restart(channel, channel.outbox, number);
      } else this.connection.nudge();
    });
  }

  async #forked(channel: Channel): Promise<void> {
    this.#sender.hold(channel);
    const { forked } = await import("./epoch");
    await forked(this.#queue, channel);
    this.#settle();
  }

  // -- A new epoch -----

  /** Once everything is listed: queue again what the server lost, if it lost something. */
  #settle(): void {
    if (this.#isListed) this.#requeue().catch(() => this.pause(RETRY_MS));
  }

  async #requeue(): Promise<void> {
    if (await this.#store.read(["singles"], (tx) => tx.single("requeue"))) {
      const { settle } = await import("./epoch");
      if (!(await settle(this.#queue))) return;
    }
    this.#events.status({ updating: false });
  }
}
