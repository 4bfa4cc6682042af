/**
 * The tabs of one browser: one leads and owns the connection, the others follow. The lead
 * is a Web Lock, so it passes on when its tab dies; a tab that the system froze keeps its
 * lock, so one that is answered by nobody takes it. Plain HTTP pages have no locks: there
 * tabs ask each other, and if two lead for a moment the server fences the older one; both
 * may write to the store meanwhile, since every transaction checks what it builds on.
 */

/** What tabs say to each other. */
export type Talk =
  | { about: "who" }
  | { about: "here" }
  | { about: "lead" }
  | { about: "gone" }
  | { about: string; [detail: string]: unknown };

export interface TabEvents {
  lead(): void;
  /** Another tab leads now; also said anew when that tab changes. */
  follow(): void;
  hear(talk: Talk): void;
}

const ANSWER_MS = 300; // for a tab that leads to say so
const GRACE_MS = 2_000; // for a busy one

export class Tabs {
  isLeader = false;
  #isFollowing = false;
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
    this.#queue();
  }

  get hasLocks(): boolean {
    return typeof navigator !== "undefined" && "locks" in navigator;
  }

  /** Lead as soon as the lock is free, or at once; whoever it is taken from waits for it again. */
  #queue(steal = false): void {
    const held = navigator.locks.request(this.#name, { steal }, () => this.#holdLead());
    held.catch((error: DOMException) => {
      if (error.name !== "AbortError") return;
      this.#follow();
      this.#queue();
    });
  }

  #holdLead(): Promise<void> {
    this.#lead();
    return new Promise((resolve) => (this.#release = resolve));
  }

  #lead(): void {
    this.#decided();
    this.isLeader = true;
    this.#isFollowing = false;
    this.#events.lead();
    this.say({ about: "lead" });
  }

  #follow(): void {
    this.isLeader = false;
    this.#isFollowing = true;
    this.#events.follow();
  }

  /** To all other tabs. */
  say(talk: Talk): void {
    this.#channel?.postMessage(talk);
  }

  #hear(talk: Talk): void {
    if (talk.about === "who") {
      if (this.isLeader) this.say({ about: "here" });
    } else if (talk.about === "here" || talk.about === "lead") {
      this.#decided();
      const isNews = talk.about === "lead" || !this.#isFollowing;
      if (isNews && !this.isLeader) this.#follow();
    } else if (talk.about === "gone") this.#elect(Math.random() * ANSWER_MS);
    else this.#events.hear(talk);
  }

  #decided(): void {
    if (this.#election) clearTimeout(this.#election);
    this.#election = null;
  }

  /** Lead unless somebody who does answers in time. */
  #elect(ms: number): void {
    if (this.isLeader || this.#election) return;
    this.say({ about: "who" });
    this.#election = setTimeout(() => {
      this.#election = null;
      if (this.hasLocks) this.#queue(true);
      else this.#lead();
    }, ms);
  }

  /** Something was asked of the tab that leads: make sure that it is there. */
  expectLeader(): void {
    this.#elect(GRACE_MS);
  }

  /** The server told this tab that a newer connection took over: does another tab lead? */
  yield(otherwise: () => void): void {
    if (this.hasLocks || !this.#channel) return otherwise();
    this.#follow();
    this.#decided(); // following asked for a leader in its own way
    this.#election = setTimeout(() => {
      this.#election = null;
      this.isLeader = true;
      otherwise();
    }, ANSWER_MS);
    this.say({ about: "who" });
  }

  stop(): void {
    this.#decided();
    this.#release();
    this.#channel?.close();
  }
}
