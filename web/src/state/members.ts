/** The people of a group, page by page. */

import { type Accessor, createMemo, createSignal } from "solid-js";
import { RequestFailed, type MemberView, type Messenger } from "../client/types";
import { NO_CONNECTION } from "./kinds";

export class MembersState {
  readonly all: Accessor<readonly MemberView[]>;
  readonly visible: Accessor<readonly MemberView[]>;
  readonly hasMore: Accessor<boolean>;
  readonly error: Accessor<number>;
  readonly setFilter: (text: string) => void;
  readonly #setAll: (members: readonly MemberView[]) => void;
  readonly #setHasMore: (hasMore: boolean) => void;
  readonly #setError: (code: number) => void;
  #isLoading = false;
  /** The last one the server sent, whoever was dropped since. */
  #after = 0;

  readonly #messenger: Messenger;
  readonly #chat: number;
  readonly #banned: boolean;

  constructor(
    messenger: Messenger,
    chat: number,
    banned: boolean,
  ) {
    this.#messenger = messenger;
    this.#chat = chat;
    this.#banned = banned;
    const [filter, setFilter] = createSignal("");
    this.setFilter = setFilter;
    [this.all, this.#setAll] = createSignal<readonly MemberView[]>([]);
    [this.hasMore, this.#setHasMore] = createSignal(false);
    [this.error, this.#setError] = createSignal(0);
    this.visible = createMemo(() => {
      const wanted = filter().trim().toLocaleLowerCase();
      return this.all().filter((member) => member.name.toLocaleLowerCase().includes(wanted));
    });
  }

  async loadMore(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    this.#setError(0);
    try {
      const page = await this.#messenger.members(this.#chat, this.#after, this.#banned);
      this.#after = page[page.length - 1]?.user ?? this.#after;
      this.#setAll([...this.all(), ...page]);
      this.#setHasMore(page.length > 0 && this.#after > 0);
      if (page.length < PAGE_ROWS_MIN) this.#setHasMore(false);
    } catch (error) {
      this.#setError(error instanceof RequestFailed ? error.code : NO_CONNECTION);
    } finally {
      this.#isLoading = false;
    }
  }

  drop(user: number): void {
    this.#setAll(this.all().filter((member) => member.user !== user));
  }

  put(member: MemberView): void {
    this.#setAll([...this.all(), member]);
  }
}

/** A page shorter than this is the last one. */
const PAGE_ROWS_MIN = 20;
