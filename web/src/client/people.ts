/** Names of people: in memory, then in the store, then asked for, many at once. */
import { GetPeople, type People as Answer } from "../protocol/messages.gen";
import { PEOPLE_MAX } from "../protocol/codes.gen";
import type { Hub } from "./hub";
import type { Store } from "./store";
import type { PersonView } from "./types";

export class People {
  readonly #known = new Map<number, PersonView | null>();
  #wanted: number[] = [];

  readonly #store: Store;
  readonly #hub: Hub;
  readonly #announce: (users: number[]) => void;

  constructor(store: Store, hub: Hub, announce: (users: number[]) => void) {
    this.#store = store;
    this.#hub = hub;
    this.#announce = announce;
  }

  /** Null while it is not known; then it is looked for and announced. */
  find(user: number): PersonView | null {
    if (user > 0 && !this.#known.has(user)) {
      this.#known.set(user, null);
      if (this.#wanted.push(user) === 1) queueMicrotask(() => void this.#fetch());
    }
    return this.#known.get(user) ?? null;
  }

  async #fetch(): Promise<void> {
    const users = this.#wanted.splice(0, PEOPLE_MAX);
    if (this.#wanted.length) queueMicrotask(() => void this.#fetch());
    await this.load(users);
    const unknown = users.filter((user) => !this.#known.get(user));
    if (!unknown.length) return;
    try {
      const { people } = (await this.#hub.ask({ tag: GetPeople, users: unknown })) as Answer;
      await this.keep(people);
    } catch {
      unknown.forEach((user) => this.#known.delete(user)); // asked again when shown again
    }
  }

  /** Take what the store says now. */
  async load(users: readonly number[]): Promise<void> {
    const found = await this.#store.read(["people"], (tx) =>
      Promise.all(users.map((user) => tx.get("people", user))),
    );
    const people = found.filter((person): person is PersonView => person !== undefined);
    this.#take(people);
  }

  /** Keep names that came with something else. */
  async keep(people: readonly PersonView[]): Promise<void> {
    await this.#store.write(["people"], async (tx) => {
      for (const { user, name } of people) await tx.put("people", { user, name });
    });
    this.#take(people);
  }

  #take(people: readonly PersonView[]): void {
    const news = people.filter(({ user, name }) => this.#known.get(user)?.name !== name);
    news.forEach(({ user, name }) => this.#known.set(user, { user, name }));
    if (news.length) this.#announce(news.map(({ user }) => user));
  }
}
