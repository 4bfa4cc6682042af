/** What was typed and not sent: written to the store when typing pauses. */
import type { Store } from "./store";

const PAUSE_MS = 400;

export class Drafts {
  readonly #changed = new Map<number, string>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async read(chat: number): Promise<string> {
    const typed = this.#changed.get(chat);
    return typed ?? (await this.#store.read(["drafts"], (tx) => tx.get("drafts", chat))) ?? "";
  }

  /** All of them by chat. */
  async all(): Promise<Map<number, string>> {
    const [chats, texts] = await this.#store.read(["drafts"], (tx) =>
      Promise.all([tx.keys("drafts"), tx.all("drafts")]),
    );
    const kept = texts.map((text, at) => [Number(chats[at]), text] as const);
    return new Map([...kept, ...this.#changed]);
  }

  save(chat: number, text: string): void {
    this.#changed.set(chat, text);
    this.#timer ??= setTimeout(() => this.flush(), PAUSE_MS);
  }

  /** Write now: the page may be closed. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const all = [...this.#changed];
    this.#changed.clear();
    if (!all.length) return;
    void this.#store.write(["drafts"], (tx) => {
      const done = all.map(([chat, text]): Promise<unknown> =>
        text ? tx.put("drafts", text, chat) : tx.remove("drafts", chat),
      );
      tx.commit(); // a page that is being closed hears of nothing any more
      return Promise.all(done);
    });
  }
}
