/** What this tab knows of the session, and who listens. */
import type { Events } from "./events";
import type { Effects } from "./sync";
import type { Change, Notice, Status } from "./types";

/** Listeners of one kind of news. */
class Listeners<T> {
  readonly #all = new Set<(news: T) => void>();

  /** The answer takes the listener away. */
  add(listener: (news: T) => void): () => void {
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  tell(news: T): void {
    this.#all.forEach((listener) => listener(news));
  }
}

export class Board implements Events {
  readonly changes = new Listeners<Change>();
  readonly typings = new Listeners<{ chat: number; user: number }>();
  readonly presences = new Listeners<{ user: number; online: boolean; seenAt: number }>();
  readonly notices = new Listeners<Notice>();
  /** Read again the parts of the status that stand in the store. */
  read: () => Promise<void> = () => Promise.resolve();
  onPeople: (users: readonly number[]) => void = () => undefined;
  /** Called while online, often. */
  onOnline: () => void = () => undefined;
  readonly #answers = new Map<number, () => void>();
  #mayBeLost = false;
  #current: Status = {
    link: "connecting",
    updating: false,
    waiting: 0,
    follower: false,
    user: 0,
    name: "",
    blocked: [],
    clockOffsetMs: 0,
    updateReady: false,
    ended: 0,
    bytesUp: 0,
    bytesDown: 0,
  };

  constructor(readonly build: number) {}

  whole(): Status {
    return this.#current;
  }

  /** Change parts of the status; tells only if one differs. */
  set(part: Partial<Status>): void {
    const before = this.#current;
    this.#current = { ...before, ...part };
    const names = Object.keys(part) as (keyof Status)[];
    if (names.some((name) => before[name] !== part[name])) this.announce({ status: true });
  }

  announce(change: Partial<Change>): void {
    this.changes.tell({ chats: [], moved: [], status: false, people: [], ...change });
  }

  // -- Events of the session ------------------------------------------------------------------

  changed(effects: Effects, moved?: { from: number; to: number }): void {
    if (effects.people.size) this.onPeople([...effects.people]);
    void this.read();
    this.announce({
      chats: [...effects.chats],
      moved: moved ? [moved] : [],
      status: effects.status,
      people: [...effects.people],
    });
  }

  status(part: Partial<Status>): void {
    this.set(part);
    if (this.#current.link === "online") this.onOnline();
    if (!this.#mayBeLost || this.#current.link !== "online") return;
    this.#mayBeLost = false;
    this.notice({ kind: "lost", code: 0, chat: 0 });
  }

  follows(follower: boolean): void {
    this.set({ follower });
  }

  answered(order: number): void {
    this.#answers.get(order)?.();
    this.#answers.delete(order);
  }

  /** Resolves once the command has an answer. */
  answer(order: number): Promise<void> {
    return new Promise((resolve) => this.#answers.set(order, resolve));
  }

  counted(up: number, down: number): void {
    this.#current.bytesUp += up;
    this.#current.bytesDown += down;
  }

  /** The new build is fetched first, so that reloading shows it at once. */
  outdated(): void {
    void import("./worker")
      .then(({ renewWorker }) => renewWorker())
      .catch(() => undefined)
      .then(() => this.set({ updateReady: true }));
  }

  typing(chat: number, user: number): void {
    this.typings.tell({ chat, user });
  }

  presence(user: number, online: boolean, seenAt: number): void {
    this.presences.tell({ user, online, seenAt });
  }

  notice(notice: Notice): void {
    this.notices.tell(notice);
  }

  fenced(): void {
    // The hub deals with it.
  }

  /** The store is new though nobody joined just now: if the server knows us, it was cleared. */
  expectLoss(): void {
    this.#mayBeLost = true;
  }
}
