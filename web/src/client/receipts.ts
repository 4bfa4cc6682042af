/** What the server is told about what came: gathered for a moment, so that it costs little. */
import { MARKS_MAX } from "../protocol/codes.gen";
import type { Outgoing } from "../protocol/codec";
import { Got, Received, type Notice } from "../protocol/messages.gen";
import type { World } from "./world";

const GOT_BYTES = 1_024;
const GOT_MS = 100;
const RECEIVED_MS = 2_000;

export class Receipts {
  #bytes = 0;
  readonly #held = new Map<number, number>();

  readonly #world: World;
  readonly #say: (notice: Outgoing<Notice>) => void;

  constructor(world: World, say: (notice: Outgoing<Notice>) => void) {
    this.#world = world;
    this.#say = say;
  }

  /** A bulk message of this size is stored. */
  got(bytes: number): void {
    if (this.#bytes === 0) this.#world.after(GOT_MS, () => this.#sayGot());
    this.#bytes += bytes;
    if (this.#bytes >= GOT_BYTES) this.#sayGot();
  }

  #sayGot(): void {
    if (this.#bytes) this.#say({ tag: Got, size: this.#bytes });
    this.#bytes = 0;
  }

  /** This device holds a chat up to `seq`. */
  received(chat: number, seq: number): void {
    if (this.#held.size === 0) this.#world.after(RECEIVED_MS, () => this.#sayReceived());
    this.#held.set(chat, Math.max(seq, this.#held.get(chat) ?? 0));
  }

  #sayReceived(): void {
    const marks = [...this.#held].map(([chat, seq]) => ({ chat, seq }));
    this.#held.clear();
    while (marks.length) this.#say({ tag: Received, marks: marks.splice(0, MARKS_MAX) });
  }
}
