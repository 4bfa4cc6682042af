/** The list of chats: newest first, narrowed by what is typed into the search field. */

import { type Accessor, createMemo, createSignal } from "solid-js";
import type { ChatView, Messenger } from "../client/types";
import { KeyedList, isSame, type Place } from "./keyed";
import { ChatKind } from "./kinds";

/** Chats drawn at first and with each step further down. */
const STEP = 60;

export class ChatListState {
  readonly visible: Accessor<readonly Place<ChatView>[]>;
  readonly isReady: Accessor<boolean>;
  readonly filter: Accessor<string>;
  readonly setFilter: (text: string) => void;
  readonly isEmpty: Accessor<boolean>;
  readonly #list = new KeyedList<ChatView>((chat) => String(chat.id), isSameChat);
  readonly #setReady: (isReady: boolean) => void;
  readonly #limit: Accessor<number>;
  readonly #setLimit: (limit: number) => void;
  #isReading = false;
  #isStale = false;

  readonly #messenger: Messenger;
  readonly #titleOf: (chat: ChatView) => string;

  /** `titleOf` gives the words of a chat that has no title of its own. */
  constructor(
    messenger: Messenger,
    titleOf: (chat: ChatView) => string,
  ) {
    this.#messenger = messenger;
    this.#titleOf = titleOf;
    [this.isReady, this.#setReady] = createSignal(false);
    [this.filter, this.setFilter] = createSignal("");
    [this.#limit, this.#setLimit] = createSignal(STEP);
    this.isEmpty = createMemo(() => this.isReady() && this.#list.places().length === 0);
    this.visible = createMemo(() => this.#matching().slice(0, this.#limit()));
  }

  #matching(): readonly Place<ChatView>[] {
    const wanted = this.filter().trim().toLocaleLowerCase();
    if (wanted === "") return this.#list.places();
    return this.#list.places().filter((place) => {
      return this.#titleOf(place.value()).toLocaleLowerCase().includes(wanted);
    });
  }

  /** Reads the list again; calls while one runs end in one more. */
  async refresh(): Promise<void> {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        this.#list.update(await this.#messenger.chats());
        this.#setReady(true);
      }
    } finally {
      this.#isReading = false;
    }
  }

  /** The reader came near the end of what is drawn. */
  showMore(): void {
    if (this.#limit() < this.#matching().length) this.#setLimit(this.#limit() + STEP);
  }

  /** Unread messages of all chats, for the title of the page. */
  unread(): number {
    return this.#list.places().reduce((sum, place) => sum + place.value().unread, 0);
  }

  /** People of the direct chats: those one may add to a group. */
  people(): { user: number; name: string }[] {
    const chats = this.#list.places().map((place) => place.value());
    const direct = chats.filter((chat) => chat.kind === ChatKind.DIRECT && chat.peer > 0);
    return direct.map((chat) => ({ user: chat.peer, name: chat.title }));
  }
}

function isSameChat(a: ChatView, b: ChatView): boolean {
  const isSamePreview =
    a.preview && b.preview ? isSame(a.preview, b.preview) : a.preview === b.preview;
  return isSamePreview && isSame({ ...a, preview: null }, { ...b, preview: null });
}
