/** A list whose places keep their identity while what they show changes. */

import { type Accessor, batch, createSignal } from "solid-js";

export interface Place<T> {
  readonly key: string;
  readonly value: Accessor<T>;
}

interface OwnPlace<T> extends Place<T> {
  set(value: T): void;
}

/** Items by key; a place that is still there only announces what really changed. */
export class KeyedList<T> {
  readonly places: Accessor<readonly Place<T>[]>;
  #current: readonly OwnPlace<T>[] = [];
  readonly #setPlaces: (places: readonly Place<T>[]) => void;

  readonly #keyOf: (item: T) => string;
  readonly #isSame: (a: T, b: T) => boolean;

  constructor(
    keyOf: (item: T) => string,
    isSame: (a: T, b: T) => boolean,
  ) {
    this.#keyOf = keyOf;
    this.#isSame = isSame;
    const [places, setPlaces] = createSignal<readonly Place<T>[]>([]);
    this.places = places;
    this.#setPlaces = setPlaces;
  }

  update(items: readonly T[]): void {
    const known = new Map(this.#current.map((place) => [place.key, place]));
    batch(() => {
      const next = items.map((item) => {
        const place = known.get(this.#keyOf(item)) ?? this.#place(item);
        place.set(item);
        return place;
      });
      const unchanged =
        next.length === this.#current.length &&
        next.every((place, at) => place === this.#current[at]);
      this.#current = next;
      if (!unchanged) this.#setPlaces(next);
    });
  }

  #place(item: T): OwnPlace<T> {
    const [value, setValue] = createSignal(item, { equals: this.#isSame });
    return { key: this.#keyOf(item), value, set: (next) => setValue(() => next) };
  }
}

/** Whether two flat records say the same. */
export function isSame<T extends object>(a: T, b: T): boolean {
  const other = new Map<string, unknown>(Object.entries(b));
  return Object.entries(a).every(([field, value]) => other.get(field) === value);
}
