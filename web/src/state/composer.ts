/** What is being written in one chat: draft, reply or edit, and what may leave. */

import { type Accessor, batch, createMemo, createSignal } from "solid-js";
import type { Messenger, RowView } from "../client/types";
import { TEXT_CHARS_MAX } from "./kinds";
import { countCharacters } from "./text";

export type Mode = { name: "reply" | "edit"; row: RowView } | null;

/** The counter appears when this many characters are left. */
const COUNTER_FROM = 300;
const TYPING_EVERY_MS = 4_000;
const SAVE_AFTER_MS = 400;

export class Composer {
  readonly text: Accessor<string>;
  readonly mode: Accessor<Mode>;
  /** Characters left, null while there are plenty. */
  readonly left: Accessor<number | null>;
  readonly canSend: Accessor<boolean>;
  readonly #setText: (text: string) => void;
  readonly #setMode: (mode: Mode) => void;
  /** The draft that an edit put aside. */
  #aside = "";
  #typedAt = 0;
  #saving: ReturnType<typeof setTimeout> | undefined;

  readonly #messenger: Messenger;
  readonly #chat: () => number;

  constructor(
    messenger: Messenger,
    chat: () => number,
  ) {
    this.#messenger = messenger;
    this.#chat = chat;
    [this.text, this.#setText] = createSignal("");
    [this.mode, this.#setMode] = createSignal<Mode>(null);
    this.left = createMemo(() => {
      const left = TEXT_CHARS_MAX - countCharacters(this.text().trim());
      return left <= COUNTER_FROM ? left : null;
    });
    this.canSend = createMemo(() => this.text().trim() !== "" && (this.left() ?? 0) >= 0);
  }

  async loadDraft(): Promise<void> {
    const draft = await this.#messenger.draft(this.#chat());
    if (this.text() === "") this.#setText(draft);
  }

  type(text: string): void {
    this.#setText(text);
    if (this.mode()?.name === "edit") return;
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.saveDraft(), SAVE_AFTER_MS);
    const now = Date.now();
    if (text === "" || now - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = now;
    this.#messenger.typing(this.#chat());
  }

  reply(row: RowView): void {
    if (this.mode()?.name === "edit") this.cancel();
    this.#setMode({ name: "reply", row });
  }

  edit(row: RowView): void {
    batch(() => {
      if (this.mode()?.name !== "edit") this.#aside = this.text();
      this.#setMode({ name: "edit", row });
      this.#setText(row.text);
    });
  }

  cancel(): void {
    batch(() => {
      if (this.mode()?.name === "edit") this.#setText(this.#aside);
      this.#setMode(null);
    });
  }

  /** Takes a refused text back, in front of what is being written. */
  takeBack(text: string): void {
    this.type([text, this.text()].filter(Boolean).join("\n"));
  }

  /**
   * Resolves once the text is kept on this device; false: nothing new was sent. Rejects if
   * it could not be kept: then it is being written again.
   */
  async submit(): Promise<boolean> {
    if (!this.canSend()) return false;
    const text = this.text().trim();
    const mode = this.mode();
    batch(() => {
      this.#setText(mode?.name === "edit" ? this.#aside : "");
      this.#setMode(null);
    });
    this.#typedAt = 0;
    try {
      await this.#write(text, mode);
    } catch (error) {
      this.takeBack(text);
      throw error;
    }
    return mode?.name !== "edit";
  }

  async #write(text: string, mode: Mode): Promise<void> {
    const { row, name } = mode ?? {};
    if (name !== "edit") {
      await this.#messenger.sendText(this.#chat(), text, row?.seq ?? 0);
      this.saveDraft();
    } else if (row && text !== row.text) {
      await this.#messenger.editText(this.#chat(), row.seq, text);
    }
  }

  /** Also when leaving the chat: what was typed in the last moments counts. */
  saveDraft(): void {
    clearTimeout(this.#saving);
    const draft = this.mode()?.name === "edit" ? this.#aside : this.text();
    this.#messenger.saveDraft(this.#chat(), draft);
  }
}
