/**
 * When the server knows another outbox than ours: forks, and databases that were restored.
 * Loaded when it is needed; the service worker keeps it at hand.
 */
import { Writer, decode, encode } from "../protocol/codec";
import { INTEGER_MAX } from "../protocol/codes.gen";
import {
  GetOutbox,
  SendText,
  type Command,
  type FromServer,
  type OutboxState,
} from "../protocol/messages.gen";
import type { Channel } from "./connection";
import type { Events } from "./events";
import { GONE, current, firstUnanswered, makesChat, randomId, type Referring } from "./outbox";
import { sha256 } from "./proof";
import type { Question } from "./requests";
import type { Sender } from "./sender";
import type { Queued, Store, Transaction } from "./store";
import { noEffects, syncState, type Effects } from "./sync";
import { isDeleted } from "./timeline";

/** The cursor is older than what the server remembers: every chat must be named anew. */
export async function doubtEverything(tx: Transaction): Promise<void> {
  const sync = await syncState(tx);
  await tx.setSingle("sync", { epoch: sync.epoch, cursor: 0, to: 0, at: 0, alias: 0 });
  for (const chat of await tx.all("chats")) {
    await tx.put("chats", { ...chat, windows: [], ahead: [], doubt: 1 });
  }
  await tx.clear("rows");
}

/** Another database: what is known of chats means nothing any more. */
export async function startAnew(
  tx: Transaction,
  epoch: number,
  effects: Effects,
): Promise<void> {
  for (const chat of await tx.all("chats")) effects.chats.add(chat.chat);
  await tx.setSingle("sync", { epoch, cursor: 0, to: 0, at: 0, alias: 0 });
  await tx.setSingle("reads", {});
  await tx.setSingle("requeue", true);
  await forgetDeleted(tx);
  await tx.clear("chats");
  await tx.clear("rows");
}

/** Own texts that became tombstones shall not come back. */
async function forgetDeleted(tx: Transaction): Promise<void> {
  for (const item of await tx.all("commands")) {
    if (item.tag !== SendText || !item.made) continue;
    const row = await tx.get("rows", [item.chat, item.made]);
    if (isDeleted(row)) await tx.remove("commands", item.order);
  }
}

/** What a session lends to whoever mends its outbox. */
export interface Queue {
  store: Store;
  sender: Sender;
  events: Events;
  /** After a new epoch: the last number that the server knows, by outbox. */
  known: Map<number, number>;
  ask: (question: Question) => Promise<FromServer>;
  /** Where commands leave now. */
  channel: () => Channel | null;
  /** There is something to say. */
  nudge: () => void;
}

/** From where on the outbox leaves now. */
export interface Moved {
  id: number;
  number: number;
  /** The last that may leave: below Infinity, the server owes answers to what it has. */
  last: number;
  /** What could not move, and is refused here. */
  dropped: Queued[];
}

/** The server holds something else. What waits leaves anew, now or once all is settled. */
export async function forked(queue: Queue, channel: Channel): Promise<void> {
  const { known, store } = queue;
  const { outbox, next } = channel;
  const moved = await store.write(["singles", "commands"], fork, true);
  if (moved) restart(queue, channel, moved, "refused");
  else known.set(outbox, Math.min(known.get(outbox) ?? 0, next - 1));
}

/**
 * After a new epoch, once everything is listed: ask how far the server knows each outbox,
 * hear the answers that it owes, then queue again what it lost; whether all is done.
 * Begins anew if it is cut.
 */
export async function settle(queue: Queue): Promise<boolean> {
  const { known, store } = queue;
  const commands = await store.read(["commands"], (tx) => tx.all("commands"));
  for (const { outbox } of commands) {
    if (known.has(outbox)) continue;
    const answer = await queue.ask({ tag: GetOutbox, outbox });
    known.set(outbox, (answer as OutboxState).number);
  }
  const moved = await store.write(
    ["singles", "commands", "chats"],
    (tx) => requeueLost(tx, known),
    true,
  );
  if (!moved) return true;
  restart(queue, queue.channel(), moved, "dropped");
  return moved.last === Infinity;
}

/** Commands leave from the one on that `moved` names. */
function restart(
  { sender, events, nudge }: Queue,
  channel: Channel | null,
  { id, number, last, dropped }: Moved,
  kind: "refused" | "dropped",
): void {
  sender.last = last;
  const isNew = channel?.isPaused || last === Infinity;
  if (channel && isNew) sender.restart(channel, id, number);
  else if (channel) void sender.pump(channel);
  nudge();
  events.changed({ ...noEffects(), status: true });
  for (const { order, chat } of dropped) {
    events.answered(order);
    events.notice({ kind, code: GONE, chat: Math.max(chat, 0) });
  }
}

/**
 * Queue again what the server lost; `known` says how far it knows each outbox. Null: that is
 * done.
 */
export async function requeueLost(
  tx: Transaction,
  known: ReadonlyMap<number, number>,
): Promise<Moved | null> {
  if (!(await tx.single("requeue"))) return null;
  const { id, next } = await current(tx);
  const { number } = await firstUnanswered(tx);
  const last = Math.min(known.get(id) ?? 0, next - 1);
  if (number <= last) return { id, number, last, dropped: [] };
  const lastSeqs = new Map((await tx.all("chats")).map(({ chat, lastSeq }) => [chat, lastSeq]));
  await tx.remove("singles", "requeue");
  const all = await tx.all("commands");
  const isLost = (item: Queued): boolean =>
    !item.answeredAt || (!item.code && item.number > (known.get(item.outbox) ?? 0));
  const has = (chat: number, seq: number): boolean => seq <= (lastSeqs.get(chat) ?? -1);
  return move(tx, all.filter(isLost), all, has);
}

/**
 * The current outbox does not fit the server's: move every unanswered command to a new one.
 * Null: what waits will be queued again anyway.
 */
export async function fork(tx: Transaction): Promise<Moved | null> {
  if (await tx.single("requeue")) return null;
  const all = await tx.all("commands");
  return move(tx, all.filter((item) => !item.answeredAt), all, () => true);
}

/** How references of commands that move to a new outbox are told apart. */
interface Moves {
  /** All commands, by outbox:number. */
  kept: Map<string, Queued>;
  /** Number in the new outbox by order, 0: lost. */
  numbers: Map<number, number>;
  /**
   * What makes anew a former chat:seq:at, seq 0: the chat. Where a restored server has another
   * text at that seq commands may mean that one; what says no time (0) means the own one.
   */
  makers: Map<string, Queued>;
  /** Whether the server has this chat (seq 0) or this row of a chat. */
  has: (chat: number, seq: number) => boolean;
}

const key = (...numbers: number[]): string => numbers.join(":");

/** Give these commands new numbers in a new outbox, in the order in which they were written. */
async function move(
  tx: Transaction,
  moving: Queued[],
  kept: Queued[],
  has: (chat: number, seq: number) => boolean,
): Promise<Moved> {
  const moves: Moves = { kept: new Map(), numbers: new Map(), makers: new Map(), has };
  for (const item of kept) moves.kept.set(key(item.outbox, item.number), item);
  for (const item of moving) {
    moves.numbers.set(item.order, 0);
    const { chat, made } = item;
    for (const at of made ? [0, item.placedAt ?? 0] : []) {
      moves.makers.set(makesChat(item.tag) ? key(made, 0, 0) : key(chat, made, at), item);
    }
  }
  const id = randomId();
  const dropped: Queued[] = [];
  let next = 1;
  for (const item of moving) {
    const again = renumbered(item, moves);
    if (again) {
      moves.numbers.set(item.order, next);
      await tx.put("commands", { ...again, outbox: id, number: next++ });
    } else {
      dropped.push(item);
      await tx.put("commands", refused(item));
    }
  }
  await tx.setSingle("outbox", { id, next });
  return { id, number: 1, last: Infinity, dropped };
}

/**
 * Where a command that moves comes from. Copies of a store come to the same origin without
 * knowing of each other, however many commands each of them moves: so what both have takes
 * effect once.
 */
function originOf({ outbox, number, at, bytes }: Origin): number {
  const first = new Writer();
  first.array(4);
  for (const value of [outbox, number, at]) first.integer(value);
  first.binary(bytes);
  const [high = 0, low = 0] = sha256(first.done());
  const value = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return 1 + Number(value % BigInt(INTEGER_MAX));
}

type Origin = Pick<Queued, "outbox" | "number" | "at" | "bytes">;

/** The command, as it says in a new outbox where it comes from. */
export function moved(item: Origin, command: Command): Uint8Array {
  const origin = command.origin || originOf(item); // or it moves again
  return encode({ ...command, origin });
}

function refused(item: Queued): Queued {
  const { open: _, ...closed } = item;
  return { ...closed, answeredAt: item.answeredAt || item.at, code: GONE, made: 0 };
}

/** The command with what it refers to named anew; null if what it is about is lost. */
function renumbered(item: Queued, moves: Moves): Queued | null {
  const command = decode(item.bytes) as Command & Referring;
  const changed: Referring = {};
  let { chat } = item;
  for (const field of ["chat", "seq", "replyTo"] as const) {
    const said = command[field];
    if (!said) continue;
    const place = field === "chat" ? ([said, 0] as const) : ([item.chat, said] as const);
    const at = field === "chat" ? 0 : (command.at ?? 0);
    const { kept, makers } = moves;
    const maker = said < 0 ? kept.get(key(item.outbox, -said)) : makers.get(key(...place, at));
    const meant = nameOf(said, place, maker, moves);
    // A lost row can't be quoted, but the text still counts.
    if (!meant && field !== "replyTo") return null;
    if (field === "chat" && meant < 0 && maker) chat = -maker.order;
    changed[field] = meant;
  }
  if (changed.seq && changed.seq < 0) changed.at = 0; // what is about to be posted has no time yet
  const bytes = moved(item, { ...command, ...changed });
  return { ...item, bytes, chat, open: 1, answeredAt: 0, made: 0, text: "" };
}

/** What a chat or row is called from now on, 0: it is lost. */
function nameOf(
  said: number,
  place: readonly [number, number],
  maker: Queued | undefined,
  { numbers, has }: Moves,
): number {
  const number = maker && numbers.get(maker.order);
  if (number !== undefined) return -number || 0;
  if (said < 0) return maker?.made ?? 0;
  return has(...place) ? said : 0;
}
