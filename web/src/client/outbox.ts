/** The outbox: numbered commands on disk, and their answers. */
import { encode, type Outgoing } from "../protocol/codec";
import { ErrorCode } from "../protocol/codes.gen";
import {
  CreateGroup,
  JoinByInvite,
  OpenDirect,
  SendText,
  type Command,
} from "../protocol/messages.gen";
import type { Queued, TableName, Transaction } from "./store";
import { RequestFailed } from "./types";

/** What a transaction that writes a command needs. */
export const OUTBOX: TableName[] = ["singles", "commands", "drafts"];

export const KEPT_S = 7 * 24 * 3600; // answered commands, for a server restored from a backup
const FIRST_ORDER = 1;
/** Of commands whose chat is not there any more; epoch.ts comes later and needs only this one. */
export const GONE = ErrorCode.NOT_FOUND;

/** The fields of a command that may refer to an earlier one. */
export interface Referring {
  chat?: number;
  seq?: number;
  replyTo?: number;
  at?: number;
}

export function makesChat(tag: number): boolean {
  return tag === OpenDirect || tag === CreateGroup || tag === JoinByInvite;
}

export function randomId(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high & 0x1f_ffff) * 2 ** 32 + low || 1;
}

/** The outbox of this store; made together with it. */
export async function current(tx: Transaction): Promise<{ id: number; next: number }> {
  const found = await tx.single("outbox");
  if (found) return found;
  const made = { id: randomId(), next: 1 };
  await tx.setSingle("outbox", made);
  return made;
}

/**
 * Number a command and keep it. A negative `chat` is one that an earlier command makes
 * (-order). Throws RequestFailed(NOT_FOUND) if that was refused.
 */
export async function enqueue(
  tx: Transaction,
  command: Outgoing<Command>,
  now: number,
): Promise<Queued> {
  const outbox = await current(tx);
  const named = (command as Referring).chat ?? 0;
  const chat = named < 0 ? await target(tx, named, outbox.id) : named;
  const queued: Omit<Queued, "order"> = {
    outbox: outbox.id,
    number: outbox.next,
    tag: command.tag,
    bytes: encode("chat" in command ? { ...command, chat } : command),
    chat: chat > 0 ? chat : named,
    at: now,
    open: 1,
    answeredAt: 0,
    code: 0,
    made: 0,
    text: "",
  };
  await tx.setSingle("outbox", { id: outbox.id, next: outbox.next + 1 });
  const order = (await tx.put("commands", queued as Queued)) as number;
  return { ...queued, order };
}

/** How the wire calls a chat that the screens call -order. */
async function target(tx: Transaction, named: number, outbox: number): Promise<number> {
  const maker = await tx.get("commands", -named);
  if (maker && maker.made > 0) return maker.made;
  if (maker && !maker.answeredAt && maker.outbox === outbox) return -maker.number;
  throw new RequestFailed(ErrorCode.NOT_FOUND);
}

/** Commands without an answer and refused ones still shown, in their order. */
export async function openCommands(tx: Transaction): Promise<Queued[]> {
  const found = await tx.by("commands", "open", IDBKeyRange.bound(1, 2));
  return found.sort((a, b) => a.order - b.order);
}

/** Commands of an outbox from a number on, at most `count`. */
export function fromNumber(
  tx: Transaction,
  outbox: number,
  number: number,
  count: number,
): Promise<Queued[]> {
  const range = IDBKeyRange.bound([outbox, number], [outbox, Infinity]);
  return tx.by("commands", "number", range, count);
}

/** The first number of the current outbox that has no answer. */
export async function firstUnanswered(tx: Transaction): Promise<{ id: number; number: number }> {
  const { id, next } = await current(tx);
  const waiting = (await openCommands(tx)).find((item) => !item.answeredAt && item.outbox === id);
  return { id, number: waiting?.number ?? next };
}

/** What an answer says: what was made, or why not. */
export interface Answer {
  code?: number;
  made?: number;
  placedAt?: number;
  text?: string;
}

/**
 * Store an answer. Null if the command has one already (a repeat) or is not known.
 * Commands that wait for a chat which this one made are told its id.
 */
export async function answer(
  tx: Transaction,
  place: { outbox: number; number: number },
  { code = 0, made = 0, placedAt = 0, text = "" }: Answer,
  now: number,
): Promise<Queued | null> {
  const [queued] = await tx.by("commands", "number", [place.outbox, place.number]);
  if (!queued || queued.answeredAt) return null;
  const { open: _, ...closed } = queued;
  const isShown = code !== 0 && queued.tag === SendText && !(await wasRefused(tx, queued.chat));
  const shown = isShown ? { ...queued, open: 2 as const } : closed;
  const stored: Queued = { ...shown, answeredAt: now || 1, code, made, placedAt, text };
  await tx.put("commands", stored);
  if (makesChat(queued.tag) && made) await rename(tx, -queued.order, made);
  return stored;
}

async function wasRefused(tx: Transaction, chat: number): Promise<boolean> {
  return chat < 0 && ((await tx.get("commands", -chat))?.code ?? 0) !== 0;
}

/** A chat that waited has its id. */
async function rename(tx: Transaction, from: number, to: number): Promise<void> {
  for (const item of await openCommands(tx)) {
    if (item.chat === from) await tx.put("commands", { ...item, chat: to });
  }
  const draft = await tx.get("drafts", from);
  if (draft === undefined) return;
  await tx.put("drafts", draft, to);
  await tx.remove("drafts", from);
}

/** Forget what was answered more than 7 days ago, unless a command waits. */
export async function forgetOld(tx: Transaction, now: number): Promise<void> {
  if (await tx.count("commands", "open", 1)) return; // those may refer to what was answered
  const before = IDBKeyRange.bound(FIRST_ORDER, Infinity);
  for (const item of await tx.all("commands", before, 500)) {
    if (item.open) continue;
    // In order of time, more or less: the rest is younger.
    if (item.answeredAt >= now - KEPT_S) return;
    await tx.remove("commands", item.order);
  }
}
