/** Joining, recovering and signing out: the few calls that are plain HTTP. No DOM here. */
import { ErrorCode } from "../protocol/codes.gen";
import { RequestFailed } from "./types";

/** What an invite link leads to, asked without being signed in. */
export interface InviteTarget {
  /** owner: the link that the server printed for its owner. */
  kind: "group" | "person" | "owner";
  title: string;
  member_count?: number;
  registration?: Registration;
}

export type Registration = "invite" | "open" | "closed";

/** Who may join here, asked before anybody has an invite. */
export interface Policy {
  registration: Registration;
  instance: string;
}

export interface Joined {
  user: number;
  /** Shown once; signs in again elsewhere. */
  recovery_code: string;
  instance: string;
}

/** A refusal of one of these calls; `retryAfterMs` above 0: try again then. */
export class JoinFailed extends RequestFailed {
  constructor(
    code: number,
    readonly retryAfterMs: number,
  ) {
    super(code);
  }
}

const INSTANCE_KEY = "kentong.instance";
const CODE_KEY = "kentong.code";
const EVERY_PROOF_BITS_MAX = 28; // a phone would be busy for minutes beyond that

/** The server that this browser is signed in to: "" when it has not been, or forgot. */
export function instance(): string {
  return localStorage.getItem(INSTANCE_KEY) ?? "";
}

/** The recovery code of a join in this tab, until its reader says that it is in a safe place. */
export function unsavedCode(): string {
  return sessionStorage.getItem(CODE_KEY) ?? "";
}

/** It is: it is kept here no more. */
export function savedCode(): void {
  sessionStorage.removeItem(CODE_KEY);
}

/** What an invite link leads to. Throws JoinFailed(INVITE_INVALID), or TypeError offline. */
export function inviteTarget(token: string): Promise<InviteTarget> {
  return call<InviteTarget>("invite", { token });
}

/** Who may join here without an invite. */
export function policy(): Promise<Policy> {
  return call<Policy>("policy", {});
}

/** Work that was done for a challenge of the server. */
export interface Proof {
  challenge: string;
  nonce: string;
}

/**
 * Make an account and sign this browser in; `token` "" on an open server. A proof that was
 * not asked for does no harm; one that is missing or too old is made here. Throws JoinFailed
 * with the server's code.
 */
export async function join(name: string, token: string, proof?: Proof): Promise<Joined> {
  const body = { token, name, device: deviceName() };
  try {
    return keepNew(await call<Joined>("join", { ...body, proof }));
  } catch (error) {
    if (!(error instanceof RequestFailed) || error.code !== ErrorCode.PROOF_INVALID) throw error;
    return keepNew(await call<Joined>("join", { ...body, proof: await prove() }));
  }
}

/** Sign in with a recovery code. Throws JoinFailed(CODE_INVALID). */
export async function recover(code: string): Promise<Joined> {
  return keep(await call<Joined>("recover", { code, device: deviceName() }));
}

/** Revoke this device at the server; what is kept here is the caller's to forget. */
export async function signOut(): Promise<void> {
  await call<unknown>("signout", {});
  localStorage.removeItem(INSTANCE_KEY);
}

/** How the list of devices calls this one: "Firefox, Android". */
function deviceName(): string {
  const { userAgent } = navigator;
  const first = (names: string[]): string => names.find((name) => userAgent.includes(name)) ?? "";
  const browser = first(["Edg", "OPR", "Firefox", "Chrome", "Safari"]);
  const system = first(["Android", "iPhone", "iPad", "Windows", "Mac OS", "CrOS", "Linux"]);
  const name = { Edg: "Edge", OPR: "Opera" }[browser] ?? browser;
  return [name, system].filter(Boolean).join(", ");
}

/** The work that an open server asks of everyone new; loaded only where it is asked. */
export async function prove(): Promise<Proof> {
  const task = await call<{ challenge: string; bits: number }>("challenge", {});
  if (task.bits > EVERY_PROOF_BITS_MAX) throw new JoinFailed(ErrorCode.PROOF_INVALID, 0);
  const { solve } = await import("./proof");
  return { challenge: task.challenge, nonce: await solve(task.challenge, task.bits) };
}

function keepNew(joined: Joined): Joined {
  sessionStorage.setItem(CODE_KEY, joined.recovery_code);
  return keep(joined);
}

function keep(joined: Joined): Joined {
  localStorage.setItem(INSTANCE_KEY, joined.instance);
  return joined;
}

async function call<T>(name: string, body: object): Promise<T> {
  const response = await fetch(`/api/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = (await response.json().catch(() => ({}))) as T & Refused;
  if (response.ok) return answer;
  throw new JoinFailed(answer.error ?? ErrorCode.INTERNAL, answer.retry_after_ms ?? 0);
}

interface Refused {
  error?: number;
  retry_after_ms?: number;
}
