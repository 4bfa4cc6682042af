/** Coming in: by an invite link, by open registration, or with a recovery code. */

import { type Accessor, createMemo, createSignal } from "solid-js";
import type { Proof } from "../client/join";
import { RequestFailed } from "../client/types";
import { ErrorCode, NAME_CHARS_MAX, NO_CONNECTION } from "./kinds";
import { countCharacters } from "./text";

export type Registration = "invite" | "open" | "closed";

/** What a link leads to, for somebody who is not in. */
export interface Target {
  kind: "group" | "person" | "owner";
  title: string;
  memberCount: number;
  registration: Registration;
}

/** The door of the server, as joining needs it. Everything rejects with RequestFailed. */
export interface Door {
  invite(token: string): Promise<Target>;
  registration(): Promise<Registration>;
  /** The work that an open server asks of everyone new; it takes some seconds. */
  prove(): Promise<Proof>;
  /** Signs this device in as a new account; resolves to the recovery code. */
  join(name: string, token: string, proof?: Proof): Promise<string>;
  recover(code: string): Promise<void>;
  /** Of a join that was cut short before `savedCode`; "": none. */
  unsavedCode(): string;
  savedCode(): void;
}

/** looking: asking the server; code: in, and the recovery code is on screen. */
export type Step = "looking" | "name" | "closed" | "invalid" | "recover" | "code" | "inside";

export class JoinState {
  readonly step: Accessor<Step>;
  readonly invite: Accessor<Target | null>;
  readonly name: Accessor<string>;
  readonly code: Accessor<string>;
  readonly setCode: (code: string) => void;
  readonly recoveryCode: Accessor<string>;
  readonly isBusy: Accessor<boolean>;
  readonly error: Accessor<number>;
  readonly canJoin: Accessor<boolean>;
  readonly #setName: (name: string) => void;
  readonly #setStep: (step: Step) => void;
  readonly #setInvite: (invite: Target | null) => void;
  readonly #setRecoveryCode: (code: string) => void;
  readonly #setBusy: (isBusy: boolean) => void;
  readonly #setError: (code: number) => void;
  #before: Step = "looking";
  #registration: Registration = "invite";
  #proof: Promise<Proof | undefined> | undefined;

  readonly #door: Door;
  readonly #token: string;

  constructor(
    door: Door,
    token: string,
    code = "",
  ) {
    this.#door = door;
    this.#token = token;
    [this.step, this.#setStep] = createSignal<Step>("looking");
    [this.invite, this.#setInvite] = createSignal<Target | null>(null);
    [this.name, this.#setName] = createSignal("");
    [this.code, this.setCode] = createSignal(code);
    [this.recoveryCode, this.#setRecoveryCode] = createSignal("");
    [this.isBusy, this.#setBusy] = createSignal(false);
    [this.error, this.#setError] = createSignal(0);
    this.canJoin = createMemo(() => {
      const name = this.name().trim();
      return name !== "" && countCharacters(name) <= NAME_CHARS_MAX;
    });
  }

  async look(): Promise<void> {
    this.#setRecoveryCode(this.#door.unsavedCode());
    if (this.recoveryCode()) return this.#setStep("code");
    await this.#work(async () => {
      const invite = this.#token ? await this.#door.invite(this.#token) : null;
      this.#setInvite(invite);
      this.#registration = invite ? invite.registration : await this.#door.registration();
      const isOpen = this.#registration === "open" || (invite && this.#registration === "invite");
      this.#setStep(isOpen || invite?.kind === "owner" ? "name" : "closed");
      if (this.code()) this.haveAccount(); // it came with the link
    });
  }

  setName(name: string): void {
    this.#setName(name);
    // Whoever types a name is about to join: the work is done meanwhile.
    if (this.#registration === "open") this.#proof ??= this.#door.prove().catch(() => undefined);
  }

  async join(): Promise<void> {
    if (!this.canJoin()) return;
    await this.#work(async () => {
      const name = this.name().trim();
      const proof = await this.#proof;
      this.#proof = undefined; // it counts once
      this.#setRecoveryCode(await this.#door.join(name, this.#token, proof));
      this.#setStep("code");
    });
  }

  async recover(): Promise<void> {
    if (this.code().trim() === "") return;
    await this.#work(async () => {
      await this.#door.recover(this.code().trim());
      this.#setStep("inside");
    });
  }

  /** The reader says that the recovery code is in a safe place. */
  keptCode(): void {
    this.#door.savedCode();
    this.#setRecoveryCode("");
    this.#setStep("inside");
  }

  haveAccount(): void {
    this.#before = this.step();
    this.#setError(0);
    this.#setStep("recover");
  }

  goBack(): void {
    this.#setError(0);
    this.#setStep(this.#before);
  }

  async #work(doing: () => Promise<void>): Promise<void> {
    if (this.isBusy()) return;
    this.#setBusy(true);
    this.#setError(0);
    try {
      await doing();
    } catch (error) {
      // What fetch throws without a connection has no code.
      this.#refused(error instanceof RequestFailed ? error.code : NO_CONNECTION);
    } finally {
      this.#setBusy(false);
    }
  }

  #refused(code: number): void {
    if (code === ErrorCode.INVITE_INVALID) this.#setStep("invalid");
    else if (code === ErrorCode.REGISTRATION_CLOSED) this.#setStep("closed");
    else this.#setError(code);
  }
}
