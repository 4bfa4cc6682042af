/** What the chat screen shows and can do. No DOM, no network, no storage. */

import { type Accessor, batch, createMemo, createSignal } from "solid-js";
import type { ChatView, Messenger, RangeView, RowView } from "../client/types";
import { Composer } from "./composer";
import { KeyedList } from "./keyed";
import { RowKind } from "./kinds";
import { type Day, layOut } from "./timeline";
import { type Window, around, atEnd, follow, newer, older } from "./window";

/** Where the screen should go next; a new object each time, even to the same row. */
export interface Target {
  /** 0: the end. */
  seq: number;
  flash: boolean;
}

const TYPING_MS = 6_000;
/** So long a chat that nobody knows may still come. */
const UNKNOWN_MS = 8_000;
const UNKNOWN: Window = { first: 1, last: 0 };

export class ChatState {
  readonly view: Accessor<ChatView | null>;
  readonly days = new KeyedList<Day>(
    (day) => day.key,
    () => false,
  );
  readonly composer: Composer;
  readonly target: Accessor<Target | null>;
  /** False until the first rows were read. */
  readonly isReady: Accessor<boolean>;
  /** Users who type now. */
  readonly typing: Accessor<readonly number[]>;
  /** The newest rows are in the window. */
  readonly reachesEnd: Accessor<boolean>;
  readonly reachesStart: Accessor<boolean>;
  readonly id: Accessor<number>;
  /** Grows with each reading: afterwards the screen has to find its place again. */
  readonly drawn: Accessor<number>;

  readonly #setDrawn: (drawn: number) => void;
  readonly #setView: (view: ChatView | null) => void;
  readonly #setTarget: (target: Target | null) => void;
  readonly #setReady: (isReady: boolean) => void;
  readonly #setTyping: (users: readonly number[]) => void;
  readonly #setWindow: (window: Window) => void;
  readonly #setId: (id: number) => void;
  readonly #window: Accessor<Window>;
  readonly #rows: Accessor<ReadonlyMap<number, RowView>>;
  readonly #setRows: (rows: ReadonlyMap<number, RowView>) => void;
  readonly #typists = new Map<number, ReturnType<typeof setTimeout>>();
  #unreadFrom = 0;
  #isPinned = true;
  /** The id under which the chat was last found. */
  #knownId = 0;
  #waitingForIt: ReturnType<typeof setTimeout> | undefined;
  #isReading = false;
  #isStale = false;
  #isClosed = false;
  /** The window moved and its rows are not read yet. */
  #isMoving = false;
  /** Where to go once the rows of the window were read. */
  #next: Target | null = null;

  readonly #messenger: Messenger;
  readonly #startOfDay: (at: number) => number;
  readonly #onGone: () => void;

  constructor(
    messenger: Messenger,
    id: number,
    startOfDay: (at: number) => number,
    onGone: () => void = () => undefined,
  ) {
    this.#messenger = messenger;
    this.#startOfDay = startOfDay;
    this.#onGone = onGone;
    [this.id, this.#setId] = createSignal(id);
    [this.view, this.#setView] = createSignal<ChatView | null>(null);
    [this.target, this.#setTarget] = createSignal<Target | null>(null);
    [this.isReady, this.#setReady] = createSignal(false);
    [this.drawn, this.#setDrawn] = createSignal(0);
    [this.typing, this.#setTyping] = createSignal<readonly number[]>([]);
    [this.#window, this.#setWindow] = createSignal<Window>(UNKNOWN);
    [this.#rows, this.#setRows] = createSignal<ReadonlyMap<number, RowView>>(new Map());
    this.reachesEnd = createMemo(() => this.#window().last >= (this.view()?.lastSeq ?? 0));
    this.reachesStart = createMemo(() => {
      return this.isReady() && this.#window().first <= Math.max(1, this.view()?.firstSeq ?? 1);
    });
    this.composer = new Composer(messenger, this.id);
  }

  async open(): Promise<void> {
    await Promise.all([this.refresh(), this.composer.loadDraft()]);
  }

  /** Reads the chat again: something in it changed. Calls while one runs end in one more. */
  async refresh(): Promise<void> {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isStale && !this.#isClosed) {
        this.#isStale = false;
        await this.#readOnce();
      }
    } finally {
      this.#isReading = false;
    }
  }

  async #readOnce(): Promise<void> {
    const view = await this.#messenger.chat(this.id());
    if (!view) return this.#missing();
    this.#knownId = view.id;
    clearTimeout(this.#waitingForIt);
    const before = this.#window();
    const window = this.#windowFor(view);
    // An empty chat has no last row, but perhaps rows that wait.
    const last = Math.max(window.first, window.last);
    const range = await this.#messenger.rows(this.id(), window.first, last);
    const quoted = await this.#readQuoted(range);
    // Somebody jumped meanwhile: what was read is of no use, the next reading follows.
    if (this.#isClosed || this.#window() !== before) return;
    this.#isMoving = false;
    batch(() => {
      this.#setView(view);
      this.#setWindow(window);
      this.#setRows(new Map([...quoted, ...range.rows].map((row) => [row.seq, row])));
      this.days.update(layOut(range.rows, range.holes, this.#unreadFrom, this.#startOfDay));
      this.#setReady(true);
      this.#setDrawn(this.drawn() + 1);
      if (this.#next) this.#setTarget(this.#next);
      this.#next = null;
    });
    if (view.preview) this.stopsTyping(view.preview.author);
  }

  /** A chat that was just made may come a moment after its id; one that was there is gone. */
  #missing(): void {
    if (this.#knownId === this.id()) return this.#vanish();
    clearTimeout(this.#waitingForIt);
    this.#waitingForIt = setTimeout(() => this.#vanish(), UNKNOWN_MS);
  }

  /** Nothing of a chat that was taken away stays on screen. */
  #vanish(): void {
    batch(() => {
      this.#setView(null);
      this.#setRows(new Map());
      this.days.update([]);
    });
    if (!this.#isClosed) this.#onGone();
  }

  /** The window that the next reading shows. */
  #windowFor(view: ChatView): Window {
    const window = this.#window();
    const before = this.view();
    if (before) {
      const wasAtEnd = window.last >= before.lastSeq;
      return wasAtEnd ? follow(window, view, this.#isPinned) : window;
    }
    if (view.unread > 0) this.#unreadFrom = view.readSeq + 1;
    const seq = this.#unreadFrom;
    this.#next = { seq, flash: false };
    return seq > 0 ? around(view, seq) : atEnd(view);
  }

  /** Rows that are quoted in the window but stand outside of it. */
  async #readQuoted(range: RangeView): Promise<RowView[]> {
    const shown = new Set(range.rows.map((row) => row.seq));
    const wanted = new Set(range.rows.map((row) => row.replyTo));
    const missing = [...wanted].filter((seq) => seq > 0 && !shown.has(seq));
    const ranges = missing.map((seq) => this.#messenger.rows(this.id(), seq, seq));
    return (await Promise.all(ranges)).flatMap((found) => [...found.rows]);
  }

  /** A row that is quoted here, undefined while it is not on this device. */
  quoted(seq: number): RowView | undefined {
    return this.#rows().get(seq);
  }

  /** The newest own text that may be edited, if it is in the window. */
  lastOwnText(): RowView | undefined {
    const { user } = this.#messenger.status();
    const own = [...this.#rows().values()].filter((row) => row.author === user && mayChange(row));
    return own.reduce<RowView | undefined>((a, b) => (a && a.seq > b.seq ? a : b), undefined);
  }

  loadOlder(): void {
    const view = this.view();
    if (view && !this.reachesStart() && !this.#isMoving) this.#moveTo(older(this.#window(), view));
  }

  loadNewer(): void {
    const view = this.view();
    if (view && !this.reachesEnd() && !this.#isMoving) this.#moveTo(newer(this.#window(), view));
  }

  jumpTo(seq: number): void {
    const view = this.view();
    if (!view || seq < Math.max(1, view.firstSeq)) return;
    const { first, last } = this.#window();
    if (seq < first || seq > last) this.#moveTo(around(view, seq), { seq, flash: true });
    else this.#setTarget({ seq, flash: true });
  }

  jumpToEnd(): void {
    const view = this.view();
    this.#isPinned = true;
    const end = { seq: 0, flash: false };
    if (view && !this.reachesEnd()) this.#moveTo(atEnd(view), end);
    else this.#setTarget(end);
  }

  #moveTo(window: Window, next: Target | null = null): void {
    this.#isMoving = true;
    this.#next = next ?? this.#next;
    this.#setWindow(window);
    void this.refresh();
  }

  /** The screen shows everything up to seq, and whether its lower edge is the end. */
  seen(seq: number, isPinned: boolean): void {
    this.#isPinned = isPinned;
    const view = this.view();
    if (view && view.unread > 0 && seq > view.readSeq) this.#messenger.markRead(this.id(), seq);
  }

  async send(): Promise<void> {
    const isNew = await this.composer.submit();
    if (!isNew) return;
    this.#unreadFrom = 0;
    this.jumpToEnd();
    await this.refresh();
  }

  async takeBack(row: RowView): Promise<void> {
    this.composer.takeBack(await this.#messenger.discardFailed(row.key));
  }

  userTypes(user: number): void {
    clearTimeout(this.#typists.get(user));
    this.#typists.set(
      user,
      setTimeout(() => this.stopsTyping(user), TYPING_MS),
    );
    this.#setTyping([...this.#typists.keys()]);
  }

  stopsTyping(user: number): void {
    clearTimeout(this.#typists.get(user));
    if (this.#typists.delete(user)) this.#setTyping([...this.#typists.keys()]);
  }

  /** The chat that waited in the outbox got its own id. */
  moved(id: number): void {
    this.#setId(id);
  }

  close(): void {
    this.composer.saveDraft();
    this.#isClosed = true;
    clearTimeout(this.#waitingForIt);
    this.#typists.forEach((timer) => clearTimeout(timer));
  }
}

/** A text that the server has: it can be answered, edited and deleted. */
export function mayChange(row: RowView): boolean {
  return row.kind === RowKind.TEXT && row.seq > 0;
}
