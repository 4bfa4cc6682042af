/**
 * What a connection still has to say besides commands and questions: acknowledgements and
 * marks, gathered for a moment so that they cost little, and which heads it wants.
 */
import { encode, type Outgoing } from "../protocol/codec";
import { HEADS_MAX, MARKS_MAX } from "../protocol/codes.gen";
import { GetHeads, Got, Read, Received, type Head, type Notice } from "../protocol/messages.gen";
import type { Requests } from "./requests";
import type { Store } from "./store";
import { applyMark } from "./sync";
import { unreadAfter } from "./unread";
import { version } from "./windows";
import type { World } from "./world";

const GOT_BYTES = 1_024;
const GOT_MS = 100;
const RECEIVED_MS = 2_000;
const SAID_AGAIN_MS = 60_000; // what was said so shortly before a connection ended
const TAIL = 20; // newest rows with each head
const WANTED_MS = 300; // a head that does not fit may be explained by what follows
const UNSURE_MS = 2_000; // for a head to show a mark

export class Wishes {
  #gotBytes = 0;
  /** How far this device holds a chat, still to be said. */
  readonly #held = new Map<number, number>();
  readonly #said = new Map<number, { seq: number; at: number }>();
  /** Chats whose head is wanted unless they reach this version otherwise. */
  readonly #wanted = new Map<number, number>();
  /** Chats whose head was asked for. */
  readonly #asked = new Set<number>();
  /** On this connection: how far a chat is read. */
  readonly #saidReads = new Map<number, number>();
  /** The newest cursor, waits for heads. */
  #mark = 0;

  readonly #store: Store;
  readonly #world: World;
  readonly #requests: Requests;
  readonly #say: (frame: Uint8Array) => boolean;
  readonly #onLost: () => void;

  /** `onLost`: a head could not be had, and only a new listing helps. */
  constructor(
    store: Store,
    world: World,
    requests: Requests,
    say: (frame: Uint8Array) => boolean,
    onLost: () => void,
  ) {
    this.#store = store;
    this.#world = world;
    this.#requests = requests;
    this.#say = say;
    this.#onLost = onLost;
  }

  /** A connection is gone: what may not have arrived is said again on the next one. */
  ended(): void {
    this.#gotBytes = 0;
    this.#saidReads.clear();
    for (const [chat, { seq, at }] of this.#said) {
      if (this.#world.now() - at > SAID_AGAIN_MS) continue;
      this.#said.delete(chat);
      this.received(chat, seq);
    }
  }

  /** Safe to lose: typing, and read marks, since they stand in the store. */
  say(notice: Outgoing<Notice>): boolean {
    const isSaid = this.#say(encode(notice));
    if (isSaid && notice.tag === Read) this.#saidRead(notice as Read);
    return isSaid;
  }

  // -- What came -----------------------------------------------------------------------------

  /** A bulk message of this size is stored. */
  got(bytes: number): void {
    if (!this.#gotBytes) this.#world.after(GOT_MS, () => this.#sayGot());
    this.#gotBytes += bytes;
    if (this.#gotBytes >= GOT_BYTES) this.#sayGot();
  }

  #sayGot(): void {
    if (this.#gotBytes) this.say({ tag: Got, size: this.#gotBytes });
    this.#gotBytes = 0;
  }

  /** This device holds a chat up to `seq`. */
  received(chat: number, seq: number): void {
    if (this.#said.get(chat)?.seq === seq) return;
    if (!this.#held.size) this.#world.after(RECEIVED_MS, () => this.#sayReceived());
    this.#held.set(chat, Math.max(seq, this.#held.get(chat) ?? 0));
  }

  #sayReceived(): void {
    const all = [...this.#held].map(([chat, seq]) => ({ chat, seq }));
    this.#held.clear();
    while (all.length) {
      const marks = all.splice(0, MARKS_MAX);
      const at = this.say({ tag: Received, marks }) ? this.#world.now() : Infinity;
      for (const { chat, seq } of marks) this.#said.set(chat, { seq, at });
    }
  }

  // -- Heads ---------------------------------------------------------------------------------

  /** Ask for the heads of these chats, unless what follows brings them to these versions. */
  want(versions: ReadonlyMap<number, number>): void {
    if (!versions.size) return;
    if (!this.#wanted.size) this.#world.after(WANTED_MS, () => void this.#askHeads());
    for (const [chat, wanted] of versions) {
      this.#wanted.set(chat, Math.max(wanted, this.#wanted.get(chat) ?? 0));
    }
  }

  async #askHeads(): Promise<void> {
    const chats = await this.#store.read(["chats"], (tx) => tx.all("chats"));
    const versions = new Map(chats.map((chat) => [chat.chat, version(chat)]));
    const needed: number[] = [];
    for (const [chat, wanted] of this.#wanted) {
      if (this.#asked.has(chat)) continue; // looked at again when that one came
      this.#wanted.delete(chat);
      if (wanted > (versions.get(chat) ?? 0)) needed.push(chat);
    }
    while (needed.length) this.#ask(needed.splice(0, HEADS_MAX));
    return this.#moveCursor();
  }

  #ask(chats: number[]): void {
    chats.forEach((chat) => this.#asked.add(chat));
    this.#requests
      .ask({ tag: GetHeads, chats, tail: TAIL })
      .catch(() => {
        this.#mark = 0;
        this.#onLost();
      })
      .finally(() => {
        chats.forEach((chat) => this.#asked.delete(chat));
        void this.#askHeads();
      });
  }

  /** Heads are stored: one that did not know how far this user has read is told again. */
  async headsCame(heads: readonly Head[]): Promise<void> {
    const said = heads.filter(({ chat }) => this.#saidReads.delete(chat));
    if (said.length) (await this.reads()).forEach((frame) => this.#say(frame));
  }

  // -- The cursor ----------------------------------------------------------------------------

  /** The cursor waits for heads that are wanted: they stand below it. 0: a listing begins. */
  mark(cursor: number): Promise<void> {
    this.#mark = cursor;
    return this.#moveCursor();
  }

  async #moveCursor(): Promise<void> {
    const cursor = this.#mark;
    if (!cursor || this.#asked.size || this.#wanted.size) return;
    this.#mark = 0;
    await this.#store.write(["singles"], (tx) => applyMark(tx, cursor));
  }

  // -- Read marks ----------------------------------------------------------------------------

  /** Own read marks that no head has shown, unless they were said on this connection. */
  async reads(): Promise<Uint8Array[]> {
    const reads = await this.#store.read(["singles"], (tx) => tx.single("reads"));
    return Object.entries(reads ?? {})
      .map(([chat, seq]): Read => ({ tag: Read, chat: Number(chat), seq }))
      .filter(({ chat, seq }) => seq > (this.#saidReads.get(chat) ?? 0))
      .map((read) => this.#saidRead(read));
  }

  #saidRead(read: Read): Uint8Array {
    this.#saidReads.set(read.chat, read.seq);
    this.#world.after(UNSURE_MS, () => void this.#checkUnread(read));
    return encode(read);
  }

  /** Ask for the head where the rows kept here can't tell what a mark leaves unread. */
  async #checkUnread({ chat: id, seq }: Read): Promise<void> {
    const isUnsure = await this.#store.read(["singles", "chats", "rows"], async (tx) => {
      if ((await tx.single("reads"))?.[id] !== seq) return false; // a head has shown it
      const chat = await tx.get("chats", id);
      return chat && (await unreadAfter(tx, chat, seq)) !== chat.unread;
    });
    if (isUnsure) this.want(new Map([[id, Infinity]]));
  }
}
