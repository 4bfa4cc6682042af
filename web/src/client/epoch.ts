/**
 * When the server knows another outbox than ours: forks, and databases that were restored.
 * Loaded when it is needed; the service worker keeps it at hand.
 */
import { decode, encode } from "../protocol/codec";
import { DeleteMessage, EditText, type Command } from "../protocol/messages.gen";
import { GONE, current, fromNumber, makesChat, openCommands, randomId } from "./outbox";
import type { Referring } from "./outbox";
import type { Queued, Store, Transaction } from "./store";

/**
 * Queue again what the server lost, if a new epoch asked for it: `lastNumber` tells how far
 * the server knows an outbox. Null: nothing to do. Begins anew if it is cut.
 */
export async function requeueLost(
  store: Store,
  lastNumber: (outbox: number) => Promise<number>,
): Promise<Moved | null> {
  const outboxes = await store.read(["singles", "commands"], async (tx) => {
    if (!(await tx.single("requeue"))) return null;
    return new Set((await tx.all("commands")).map((item) => item.outbox));
  });
  if (!outboxes) return null;
  const known = new Map<number, number>();
  for (const outbox of outboxes) known.set(outbox, await lastNumber(outbox));
  return store.write(
    ["singles", "commands", "chats"],
    async (tx) => {
      const listed = new Set((await tx.all("chats")).map(({ chat }) => chat));
      await tx.remove("singles", "requeue");
      return requeue(tx, known, (chat) => listed.has(chat));
    },
    true,
  );
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
interface Moved {
  id: number;
  dropped: Queued[];
}

/**
 * After a new epoch: all own commands that the server does not have, `known` says how far
 * it knows each outbox, go to a new outbox in their old order, and before those not yet
 * answered. Those whose chat is not listed any more are dropped.
 */
async function requeue(
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
  return { ...closed, answeredAt: item.answeredAt || item.at, code: GONE };
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
    if (field === "seq" && changed.seq && changed.seq < 0) changed.at = 0; // not posted yet
  }
  return { ...command, ...changed };
}

const refersToRow = (tag: number): boolean => tag === EditText || tag === DeleteMessage;
