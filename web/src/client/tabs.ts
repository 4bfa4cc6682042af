/**
 * The tabs of one browser: one leads and owns the connection, the others follow. The lead
 * is a Web Lock, so it passes on when its tab dies. Plain HTTP pages have no locks: there
 * tabs ask each other, and if two lead for a moment the server fences the older one; both
 * may write to the store meanwhile, since every transaction checks what it builds on.
 */

/** What tabs say to each other. */
export type Talk =
  | { about: "who" }
  | { about: "here" }
  | { about: "gone" }
  | { about: string; [detail: string]: unknown };

export interface TabEvents {
  lead(): void;
  /** Another tab leads now; also said anew when that tab changes. */
  follow(): void;
  hear(talk: Talk): void;
}

const ANSWER_MS = 300; // for a tab that leads to say so
const GRACE_MS = 1_000; // for a busy one

export class Tabs {
  isLeader = false;
  readonly #channel: BroadcastChannel | null;
  #election: ReturnType<typeof setTimeout> | null = null;
  #release: () => void = () => undefined;

  readonly #name: string;
  readonly #events: TabEvents;

  constructor(name: string, events: TabEvents) {
    this.#name = name;
    this.#events = events;
    this.#channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(name) : null;
    if (this.#channel) this.#channel.onmessage = ({ data }) => this.#hear(data as Talk);
  }

  start(): void {
    if (!this.hasLocks) {
      addEventListener("pagehide", () => this.isLeader && this.say({ about: "gone" }));
      return this.#elect(ANSWER_MS);
    }
    this.say({ about: "who" });
    void navigator.locks.request(this.#name, () => this.#holdLead());
  }

  get hasLocks(): boolean {
    return typeof navigator !== "undefined" && "locks" in navigator;
  }

  #holdLead(): Promise<void> {
    this.#lead();
    return new Promise((resolve) => (this.#release = resolve));
  }

  #lead(): void {
    this.isLeader = true;
    this.#events.lead();
    this.say({ about: "here" });
  }

  /** To all other tabs. */
  say(talk: Talk): void {
    this.#channel?.postMessage(talk);
  }

  #hear(talk: Talk): void {
    if (talk.about === "who") {
      if (this.isLeader) this.say({ about: "here" });
    } else if (talk.about === "here") this.#heardLeader();
    else if (talk.about === "gone") this.#elect(Math.random() * ANSWER_MS);
    else this.#events.hear(talk);
  }

  #heardLeader(): void {
    if (this.#election) clearTimeout(this.#election);
    this.#election = null;
    if (!this.isLeader) this.#events.follow();
  }

  /** Lead unless somebody who does answers in time. Locks make this needless. */
  #elect(ms: number): void {
    if (this.hasLocks || this.isLeader || this.#election) return;
    this.say({ about: "who" });
    this.#election = setTimeout(() => {
      this.#election = null;
      this.#lead();
    }, ms);
  }

  /** Something was asked of the tab that leads: make sure that it is there. */
  expectLeader(): void {
    this.#elect(GRACE_MS);
  }

  /** The server told this tab that a newer connection took over: does another tab lead? */
  yield(otherwise: () => void): void {
    if (this.hasLocks || !this.#channel) return otherwise();
    this.isLeader = false;
    this.#events.follow();
    this.#election = setTimeout(() => {
      this.#election = null;
      this.isLeader = true;
      otherwise();
    }, ANSWER_MS);
    this.say({ about: "who" });
  }

  stop(): void {
    this.#release();
    this.#channel?.close();
  }
}
