/** The way to the server from any tab: the session if this tab leads, else the one that does. */
import type { Outgoing } from "../protocol/codec";
import { ErrorCode } from "../protocol/codes.gen";
import type { FromServer, Notice as Said } from "../protocol/messages.gen";
import type { Question } from "./requests";
import type { Events } from "./events";
import { Session } from "./session";
import type { Queued, Store } from "./store";
import { noEffects } from "./sync";
import { Tabs } from "./tabs";
import { RequestFailed, type Status } from "./types";
import type { Window } from "./windows";
import type { World } from "./world";

/** What a tab that follows wants of the one that leads. */
type Wish =
  | { about: "offer"; queued: Queued }
  | { about: "ask"; id: string; question: Question }
  | { about: "fetch"; chat: number; run: Window }
  | { about: "say"; notice: Outgoing<Said> }
  | { about: "look"; tab: string; foreground: boolean; chats: readonly number[] };

/** What the tab that leads tells the others. */
type Told =
  | { about: "answer"; id: string; answer?: FromServer; code?: number }
  | { about: "status"; status: Partial<Status> }
  | { about: "event"; name: keyof Events; details: unknown[] };

interface Asked {
  question: Question;
  resolve: (answer: FromServer) => void;
  reject: (reason: RequestFailed) => void;
}

const FENCED_MS = 15_000; // two copies of one profile must not fight

export class Hub {
  #session: Session | null = null;
  readonly #tabs: Tabs;
  readonly #tab = `${Math.random()}`;
  readonly #asked = new Map<string, Asked>();
  readonly #looks = new Map<string, { foreground: boolean; chats: readonly number[] }>();
  #counter = 0;

  readonly #store: Store;
  readonly #world: World;
  readonly #build: number;
  readonly #events: Events & { follows(isFollower: boolean): void; whole(): Status };

  constructor(
    name: string,
    store: Store,
    world: World,
    build: number,
    events: Events & { follows(isFollower: boolean): void; whole(): Status },
  ) {
    this.#store = store;
    this.#world = world;
    this.#build = build;
    this.#events = events;
    this.#tabs = new Tabs(name, {
      lead: () => this.#lead(),
      follow: () => this.#follow(),
      hear: (talk) => this.#hear(talk as unknown as Wish | Told),
    });
  }

  start(): void {
    this.#tabs.start();
  }

  /** Nothing is sent or heard any more. */
  stop(): void {
    this.#session?.connection.stop();
    this.#tabs.stop();
  }

  // -- What this tab wants ------------------------------------------------------------------

  offer(queued: Queued): void {
    if (this.#session) this.#session.offer(queued);
    else this.#wish({ about: "offer", queued });
  }

  /** Rejects with RequestFailed; waits for a link. */
  ask(question: Question): Promise<FromServer> {
    if (this.#session) return this.#session.ask(question);
    const id = `${this.#tab}:${++this.#counter}`;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { question, resolve, reject });
      this.#wish({ about: "ask", id, question });
    });
  }

  fetch(chat: number, run: Window): void {
    if (this.#session) this.#session.fetch(chat, run);
    else this.#wish({ about: "fetch", chat, run });
  }

  say(notice: Outgoing<Said>): void {
    if (this.#session) this.#session.say(notice);
    else this.#wish({ about: "say", notice });
  }

  look(foreground: boolean, chats: readonly number[]): void {
    this.#looked(this.#tab, foreground, chats);
    if (!this.#session) this.#wish({ about: "look", tab: this.#tab, foreground, chats });
  }

  online(): void {
    this.#session?.connection.online();
  }

  /** This tab changed the store: all tabs read these chats again. */
  share(chats: readonly number[]): void {
    const effects = { ...noEffects(), chats: new Set(chats) };
    this.#events.changed(effects);
    this.#sayTold({ about: "event", name: "changed", details: [effects] });
  }

  #wish(wish: Wish): void {
    this.#tabs.say(wish);
    this.#tabs.expectLeader();
  }

  // -- Leading and following -------------------------------------------------------------------

  #lead(): void {
    this.#session = new Session(this.#store, this.#world, this.#told(), this.#build);
    void this.#session.start();
    this.#looked(this.#tab, ...this.#ownLook());
    this.#events.follows(false);
    for (const [id, { question, resolve, reject }] of this.#asked) {
      this.#asked.delete(id);
      this.#session.ask(question).then(resolve, reject);
    }
  }

  #ownLook(): [boolean, readonly number[]] {
    const own = this.#looks.get(this.#tab);
    return [own?.foreground ?? true, own?.chats ?? []];
  }

  #follow(): void {
    this.#session?.connection.stop();
    this.#session = null;
    this.#events.follows(true);
    const [foreground, chats] = this.#ownLook();
    this.#wish({ about: "look", tab: this.#tab, foreground, chats });
    this.#asked.forEach(({ question }, id) => this.#wish({ about: "ask", id, question }));
  }

  /** Somebody looks if any tab is looked at; what is on any screen is on screen. */
  #looked(tab: string, foreground: boolean, chats: readonly number[]): void {
    if (foreground) this.#looks.set(tab, { foreground, chats });
    else if (tab === this.#tab) this.#looks.set(tab, { foreground, chats: [] });
    else this.#looks.delete(tab);
    const all = [...this.#looks.values()];
    const shown = new Set(all.flatMap((look) => look.chats));
    this.#session?.look(all.some((look) => look.foreground), [...shown]);
  }

  /** What the session tells is told to this tab and to the others. */
  #told(): Events {
    const tell = (name: keyof Events, ...details: unknown[]): void => {
      (this.#events[name] as (...details: unknown[]) => void)(...details);
      this.#sayTold({ about: "event", name, details });
    };
    return {
      changed: (effects, moved) => tell("changed", effects, moved),
      status: (part) => {
        this.#events.status(part);
        this.#sayTold({ about: "status", status: this.#events.whole() });
      },
      answered: (order) => tell("answered", order),
      counted: (up, down) => this.#events.counted(up, down),
      outdated: () => tell("outdated"),
      typing: (chat, user) => tell("typing", chat, user),
      presence: (user, online, seenAt) => tell("presence", user, online, seenAt),
      notice: (notice) => tell("notice", notice),
      fenced: () => this.#fenced(),
    };
  }

  #sayTold(told: Told): void {
    this.#tabs.say(told);
  }

  #fenced(): void {
    const session = this.#session;
    session?.connection.stop();
    this.#tabs.yield(() => {
      this.#session = session;
      session?.again(FENCED_MS);
    });
  }

  #hear(talk: Wish | Told): void {
    if (this.#session && talk.about !== "event") this.#grant(this.#session, talk as Wish);
    else this.#learn(talk as Told);
  }

  #grant(session: Session, wish: Wish): void {
    if (wish.about === "offer") session.offer(wish.queued);
    else if (wish.about === "fetch") session.fetch(wish.chat, wish.run);
    else if (wish.about === "say") session.say(wish.notice);
    else if (wish.about === "look") {
      this.#looked(wish.tab, wish.foreground, wish.chats);
      this.#sayTold({ about: "status", status: this.#events.whole() });
    } else if (wish.about === "ask") {
      const { id } = wish;
      session.ask(wish.question).then(
        (answer) => this.#sayTold({ about: "answer", id, answer }),
        (error: unknown) => this.#sayTold({ about: "answer", id, code: codeOf(error) }),
      );
    }
  }

  #learn(told: Told): void {
    if (told.about === "status") this.#events.status({ ...told.status, follower: true });
    else if (told.about === "event") {
      (this.#events[told.name] as (...details: unknown[]) => void)(...told.details);
    } else if (told.about === "answer") {
      const asked = this.#asked.get(told.id);
      this.#asked.delete(told.id);
      if (told.answer) asked?.resolve(told.answer);
      else asked?.reject(new RequestFailed(told.code ?? ErrorCode.INTERNAL));
    }
  }
}

function codeOf(error: unknown): number {
  return error instanceof RequestFailed ? error.code : ErrorCode.INTERNAL;
}
