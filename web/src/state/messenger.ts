/** Everything a signed-in reader sees, tied to one Messenger. */

import { type Accessor, batch, createRoot, createSignal, untrack } from "solid-js";
import {
  RequestFailed,
  type Change,
  type Messenger,
  type Notice,
  type Status,
} from "../client/types";
import { ChatState } from "./chat";
import { ChatListState } from "./chats";
import { ChatKind } from "./kinds";
import type { Navigation } from "./navigation";
import { HOME } from "./routes";

export interface Presence {
  online: boolean;
  seenAt: number;
}

/** What the words of the language and the calendar are needed for here. */
export interface Surroundings {
  notesTitle(): string;
  startOfDay: (at: number) => number;
  /** Say an ErrorCode to the reader, in words. */
  complain(code: number): void;
  /** Say that the chat on screen is gone. */
  missChat(): void;
  /** Say that something could not be queued again after the server was restored. */
  regret(): void;
}

export class MessengerState {
  readonly status: Accessor<Status>;
  readonly chats: ChatListState;
  /** The chat on screen. */
  readonly chat: Accessor<ChatState | null>;
  /** The browser had cleared what was kept here. */
  readonly isBereft: Accessor<boolean>;
  readonly #setBereft: (isBereft: boolean) => void;
  readonly #setStatus: (status: Status) => void;
  readonly #setChat: (chat: ChatState | null) => void;
  readonly #peopleVersion: Accessor<number>;
  readonly #setPeopleVersion: (version: number) => void;
  readonly #presence: Accessor<ReadonlyMap<number, Presence>>;
  readonly #setPresence: (presence: ReadonlyMap<number, Presence>) => void;
  readonly #stops: (() => void)[];
  /** Chats of this visit that got their own id. */
  readonly #moves = new Map<number, number>();
  #isForeground = true;
  #disposeChat = (): void => undefined;

  readonly #around: Surroundings;

  constructor(
    readonly messenger: Messenger,
    readonly nav: Navigation,
    around: Surroundings,
  ) {
    this.#around = around;
    [this.status, this.#setStatus] = createSignal(messenger.status());
    [this.isBereft, this.#setBereft] = createSignal(false);
    [this.chat, this.#setChat] = createSignal<ChatState | null>(null);
    [this.#peopleVersion, this.#setPeopleVersion] = createSignal(0);
    [this.#presence, this.#setPresence] = createSignal<ReadonlyMap<number, Presence>>(new Map());
    this.chats = new ChatListState(messenger, (chat) =>
      chat.kind === ChatKind.NOTES ? around.notesTitle() : chat.title,
    );
    this.#stops = [
      messenger.onChange((change) => this.#changed(change)),
      messenger.onTyping((chat, user) => this.#userTypes(chat, user)),
      messenger.onPresence((user, online, seenAt) => {
        this.#setPresence(new Map(this.#presence()).set(user, { online, seenAt }));
      }),
      messenger.onNotice((notice) => this.#noticed(notice)),
    ];
    void this.chats.refresh();
  }

  /** Follows the route: the chat it names is the one on screen. */
  show(chat: number): void {
    const current = untrack(this.chat);
    if (current && untrack(current.id) === chat) return;
    // The answer may have been faster than the reader's way to the chat.
    const moved = this.#moves.get(chat);
    if (moved) return this.nav.rename(chat, moved);
    this.#closeChat();
    if (chat !== 0) this.#openChat(chat);
    this.looks(this.#isForeground);
  }

  #openChat(id: number): void {
    // What a chat computes must outlive whatever called for it.
    createRoot((dispose) => {
      const { startOfDay } = this.#around;
      const chat = new ChatState(this.messenger, id, startOfDay, () => this.#chatGone());
      this.#disposeChat = dispose;
      this.#setChat(chat);
      void chat.open();
    });
  }

  #chatGone(): void {
    this.nav.go(HOME);
    this.#around.missChat();
  }

  #closeChat(): void {
    const chat = untrack(this.chat);
    chat?.close();
    if (chat) void this.chats.refresh(); // with its draft
    this.#setChat(null);
    this.#disposeChat();
  }

  looks(isForeground: boolean): void {
    this.#isForeground = isForeground;
    const chat = untrack(() => this.chat()?.id() ?? 0);
    this.messenger.looks(isForeground, chat > 0 ? [chat] : []);
  }

  #changed(change: Change): void {
    batch(() => {
      if (change.status) this.#setStatus({ ...this.messenger.status() });
      // The next connection says anew who is there.
      if (this.status().link === "connecting") this.#setPresence(new Map());
      if (change.people.length > 0) this.#setPeopleVersion(this.#peopleVersion() + 1);
    });
    for (const { from, to } of change.moved) this.#chatMoved(from, to);
    const chat = this.chat();
    if (chat && change.chats.includes(chat.id())) void chat.refresh();
    if (change.chats.length > 0 || change.moved.length > 0) void this.chats.refresh();
  }

  #chatMoved(from: number, to: number): void {
    this.#moves.set(from, to);
    const chat = this.chat();
    if (chat?.id() !== from) return;
    if (to === 0) return this.nav.openChat(0);
    chat.moved(to);
    this.nav.rename(from, to);
    void chat.refresh();
    this.looks(this.#isForeground);
  }

  #noticed(notice: Notice): void {
    if (notice.kind === "lost") this.#setBereft(true);
    else if (notice.kind === "refused") this.#around.complain(notice.code);
    else this.#around.regret();
  }

  #userTypes(chat: number, user: number): void {
    const current = this.chat();
    if (current?.id() === chat) current.userTypes(user);
  }

  /** Name of a person; "" until it is known. */
  name(user: number): string {
    this.#peopleVersion();
    if (user === this.status().user) return this.status().name;
    return this.messenger.person(user)?.name ?? "";
  }

  /** Undefined while nobody can know: without a link, or nothing was heard of them. */
  presenceOf(user: number): Presence | undefined {
    return this.status().link === "online" ? this.#presence().get(user) : undefined;
  }

  isBlocked(user: number): boolean {
    return this.status().blocked.includes(user);
  }

  /** Now by the server's clock, ms. */
  now(): number {
    return Date.now() + this.status().clockOffsetMs;
  }

  /** Does something that may be refused; the refusal is said in words, undefined comes back. */
  async attempt<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      const isRefusal = error instanceof RequestFailed;
      this.#around.complain(isRefusal ? error.code : 0); // 0: a full disk, perhaps
      if (isRefusal) return undefined;
      throw error;
    }
  }

  /** A chat that is made or found, then shown. */
  async openWhenMade(chat: Promise<number>): Promise<void> {
    const id = await this.attempt(chat);
    if (id !== undefined) this.nav.openChat(id);
  }

  close(): void {
    this.#closeChat();
    this.#stops.forEach((stop) => stop());
  }
}
