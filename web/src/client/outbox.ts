/** The outbox: numbered commands on disk, their answers, forks and new epochs. */
import { decode, encode, type Outgoing } from "../protocol/codec";
import { ErrorCode } from "../protocol/codes.gen";
import {
  CreateGroup,
  DeleteMessage,
  EditText,
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

/** The fields of a command that may refer to an earlier one. */
interface Referring {
  chat?: number;
  seq?: number;
  replyTo?: number;
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
  text?: string;
}

/**
 * Store an answer. Null if the command has one already (a repeat) or is not known.
 * Commands that wait for a chat which this one made are told its id.
 */
export async function answer(
  tx: Transaction,
  place: { outbox: number; number: number },
  { code = 0, made = 0, text = "" }: Answer,
  now: number,
): Promise<Queued | null> {
  const [queued] = await tx.by("commands", "number", [place.outbox, place.number]);
  if (!queued || queued.answeredAt) return null;
  const { open: _, ...closed } = queued;
  const isShown = code !== 0 && queued.tag === SendText && !(await wasRefused(tx, queued.chat));
  const shown = isShown ? { ...queued, open: 2 as const } : closed;
  const stored: Queued = { ...shown, answeredAt: now || 1, code, made, text };
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

/** Forget what was answered more than 7 days ago. */
export async function forgetOld(tx: Transaction, now: number): Promise<void> {
  const before = IDBKeyRange.bound(FIRST_ORDER, Infinity);
  for (const item of await tx.all("commands", before, 500)) {
    const isOld = !item.open && item.answeredAt > 0 && item.answeredAt < now - KEPT_S;
    if (!isOld) return; // in order of time, more or less: the rest is younger
    await tx.remove("commands", item.order);
  }
}

/** How references of commands that move to a new outbox are told apart. */
interface Moves {
  /** Number in the new outbox, by outbox:number before. */
  numbers: Map<string, number>;
  /** Order by number in the new outbox. */
  orders: Map<number, number>;
  /** Answered ones that stay behind, by outbox:number. */
  answered: Map<string, Queued>;
}

/** The current outbox does not fit the server's: move every unanswered command to a new one. */
export async function fork(tx: Transaction): Promise<number> {
  const waiting = (await openCommands(tx)).filter((item) => !item.answeredAt);
  const { id } = await current(tx);
  const answered = (await fromNumber(tx, id, 1, 10_000)).filter((item) => item.answeredAt > 0);
  return (await move(tx, waiting, answered, () => true)).id;
}

/** What `requeue` could not queue again. */
export interface Moved {
  id: number;
  dropped: Queued[];
}

/**
 * After a new epoch: all own commands that the server does not have, `known` says how far
 * it knows each outbox, go to a new outbox in their old order, and before those not yet
 * answered. Those whose chat is not listed any more are dropped.
 */
export async function requeue(
  tx: Transaction,
  known: ReadonlyMap<number, number>,
  isListed: (chat: number) => boolean,
): Promise<Moved> {
  const lost: Queued[] = [];
  const kept: Queued[] = [];
  for (const item of await tx.all("commands")) {
    const isKnown = item.number <= (known.get(item.outbox) ?? 0);
    if (item.code) continue; // refused for good, whatever the server forgot
    if (!isKnown) lost.push(item);
    else kept.push(await acknowledged(tx, item));
  }
  return move(tx, lost, kept, isListed);
}

/** The server has a command whose answer never came: its rows come by the heads. */
async function acknowledged(tx: Transaction, item: Queued): Promise<Queued> {
  if (item.answeredAt) return item;
  const { open: _, ...closed } = { ...item, answeredAt: item.at };
  await tx.put("commands", closed);
  return closed;
}

async function move(
  tx: Transaction,
  moving: Queued[],
  staying: Queued[],
  isListed: (chat: number) => boolean,
): Promise<Moved> {
  const id = randomId();
  const moves: Moves = { numbers: new Map(), orders: new Map(), answered: new Map() };
  for (const item of staying) moves.answered.set(place(item), item);
  const made = new Map<string, number>(); // "chat" or "chat:seq" made by one that moves too
  const dropped: Queued[] = [];
  let number = 1;
  for (const item of moving.sort((a, b) => a.order - b.order)) {
    const command = renumbered(item, moves, made, isListed);
    if (!command) {
      dropped.push(item);
      await tx.put("commands", refused(item));
      continue;
    }
    moves.numbers.set(place(item), number);
    moves.orders.set(number, item.order);
    remember(item, number, made);
    const named = (command as Referring).chat ?? 0;
    const chat = named < 0 ? -(moves.orders.get(-named) ?? 0) : item.chat;
    await tx.put("commands", { ...requeued(item, command, id, number++), chat });
  }
  await tx.setSingle("outbox", { id, next: number });
  return { id, dropped };
}

const place = (item: Queued): string => `${item.outbox}:${item.number}`;

function refused(item: Queued): Queued {
  const { open: _, ...closed } = item;
  return { ...closed, answeredAt: item.answeredAt || item.at, code: ErrorCode.NOT_FOUND };
}

function requeued(item: Queued, command: Command, outbox: number, number: number): Queued {
  return {
    ...item,
    outbox,
    number,
    bytes: encode(command),
    open: 1,
    answeredAt: 0,
    made: 0,
    text: "",
  };
}

/** Plain ids that an answered command had made mean nothing once it is queued again. */
function remember(item: Queued, number: number, made: Map<string, number>): void {
  if (!item.made) return;
  if (makesChat(item.tag)) made.set(`${item.made}`, number);
  else made.set(`${item.chat}:${item.made}`, number);
}

/** The command with its references rewritten; null if what it refers to is gone. */
function renumbered(
  item: Queued,
  moves: Moves,
  made: Map<string, number>,
  isListed: (chat: number) => boolean,
): Command | null {
  const command = decode(item.bytes) as Command & Referring;
  const plain = (value: number): number => {
    const known = `${item.outbox}:${-value}`;
    const moved = moves.numbers.get(known);
    return moved ? -moved : (moves.answered.get(known)?.made ?? 0);
  };
  const changed: Referring = {};
  if (command.chat) {
    const again = made.get(`${command.chat}`);
    changed.chat = command.chat < 0 ? plain(command.chat) : again ? -again : command.chat;
    if (!changed.chat || (changed.chat > 0 && !isListed(changed.chat))) return null;
  }
  for (const field of ["seq", "replyTo"] as const) {
    const value = command[field];
    if (!value) continue;
    const again = made.get(`${command.chat ?? 0}:${value}`);
    changed[field] = value < 0 ? plain(value) : again ? -again : value;
    if (field === "seq" && !changed.seq && refersToRow(command.tag)) return null;
  }
  return { ...command, ...changed };
}

const refersToRow = (tag: number): boolean => tag === EditText || tag === DeleteMessage;
