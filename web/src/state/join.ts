/** Coming in: by an invite link, by open registration, or with a recovery code. */

import { type Accessor, createMemo, createSignal } from "solid-js";
import { RequestFailed, type InviteView } from "../client/types";
import { ErrorCode, NAME_CHARS_MAX, NO_CONNECTION } from "./kinds";
import { countCharacters } from "./text";

/** The door of the server, as joining needs it. Everything rejects with RequestFailed. */
export interface Door {
  invite(token: string): Promise<InviteView>;
  /** Signs this device in as a new account; resolves to the recovery code. */
  join(name: string, token: string): Promise<string>;
  recover(code: string): Promise<void>;
}

/** looking: asking the server; code: in, and the recovery code is on screen. */
export type Step = "looking" | "name" | "closed" | "invalid" | "recover" | "code" | "inside";

export class JoinState {
  readonly step: Accessor<Step>;
  readonly invite: Accessor<InviteView | null>;
  readonly name: Accessor<string>;
  readonly setName: (name: string) => void;
  readonly code: Accessor<string>;
  readonly setCode: (code: string) => void;
  readonly recoveryCode: Accessor<string>;
  readonly isBusy: Accessor<boolean>;
  readonly error: Accessor<number>;
  readonly canJoin: Accessor<boolean>;
  private readonly setStep: (step: Step) => void;
  private readonly setInvite: (invite: InviteView | null) => void;
  private readonly setRecoveryCode: (code: string) => void;
  private readonly setBusy: (isBusy: boolean) => void;
  private readonly setError: (code: number) => void;
  private before: Step = "looking";

  constructor(
    private readonly door: Door,
    private readonly token: string,
  ) {
    [this.step, this.setStep] = createSignal<Step>("looking");
    [this.invite, this.setInvite] = createSignal<InviteView | null>(null);
    [this.name, this.setName] = createSignal("");
    [this.code, this.setCode] = createSignal("");
    [this.recoveryCode, this.setRecoveryCode] = createSignal("");
    [this.isBusy, this.setBusy] = createSignal(false);
    [this.error, this.setError] = createSignal(0);
    this.canJoin = createMemo(() => {
      const name = this.name().trim();
      return name !== "" && countCharacters(name) <= NAME_CHARS_MAX;
    });
  }

  async look(): Promise<void> {
    await this.work(async () => {
      if (this.token) this.setInvite(await this.door.invite(this.token));
      this.setStep("name");
    });
  }

  async join(): Promise<void> {
    if (!this.canJoin()) return;
    await this.work(async () => {
      this.setRecoveryCode(await this.door.join(this.name().trim(), this.token));
      this.setStep("code");
    });
  }

  async recover(): Promise<void> {
    if (this.code().trim() === "") return;
    await this.work(async () => {
      await this.door.recover(this.code().trim());
      this.setStep("inside");
    });
  }

  /** The reader says that the recovery code is in a safe place. */
  keptCode(): void {
    this.setRecoveryCode("");
    this.setStep("inside");
  }

  haveAccount(): void {
    this.before = this.step();
    this.setError(0);
    this.setStep("recover");
  }

  goBack(): void {
    this.setError(0);
    this.setStep(this.before);
  }

  private async work(doing: () => Promise<void>): Promise<void> {
    if (this.isBusy()) return;
    this.setBusy(true);
    this.setError(0);
    try {
      await doing();
    } catch (error) {
      // What fetch throws without a connection has no code.
      this.refused(error instanceof RequestFailed ? error.code : NO_CONNECTION);
    } finally {
      this.setBusy(false);
    }
  }

  private refused(code: number): void {
    if (code === ErrorCode.INVITE_INVALID) this.setStep("invalid");
    else if (code === ErrorCode.REGISTRATION_CLOSED) this.setStep("closed");
    else this.setError(code);
  }
}
