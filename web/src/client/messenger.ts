/** The messenger without a screen: what the screens talk to. */
import type { Outgoing } from "../protocol/codec";
import {
  AddMember,
  BlockUser,
  CreateGroup,
  DeleteMessage,
  EditText,
  GetDevices,
  GetInvite,
  GetMembers,
  JoinByInvite,
  LeaveGroup,
  MakeInvite,
  OpenDirect,
  Read,
  RemoveMember,
  RenameGroup,
  Report,
  RevokeDevice,
  SendText,
  SetName,
  Types,
  type Command,
  type Devices,
  type Invite,
  type Members,
} from "../protocol/messages.gen";
import { ChatKind } from "../protocol/codes.gen";
import { Board } from "./board";
import { Drafts } from "./drafts";
import { Hub } from "./hub";
import { instance, signOut } from "./join";
import { OUTBOX, current, enqueue, openCommands } from "./outbox";
import { People } from "./people";
import { Store, rowKeys, type Queued } from "./store";
import { readUpTo } from "./sync";
import type {
  Change,
  ChatView,
  DeviceView,
  InviteView,
  MemberView,
  Messenger,
  MessengerOptions,
  Notice,
  PersonView,
  RangeView,
  Status,
} from "./types";
import { RequestFailed } from "./types";
import type * as workerModule from "./worker";
import {
  byTime,
  chatView,
  isWaitingChat,
  rowKey,
  rowView,
  waitingChat,
  waitingRow,
  withChanges,
} from "./views";
import { holds, holes, version, wanted } from "./windows";
import { browserWorld, type World } from "./world";

const TYPING_MS = 4_000;
const LATER_MS = 4_000;
const RUN_ROWS = 60; // rows asked for at once: the newest come first
const PREFIX = "kentong-";

/** Open the local store and begin to connect. Shows what is kept before any network. */
export async function openMessenger(
  options: MessengerOptions,
  world: World = browserWorld(),
): Promise<Messenger> {
  const name = PREFIX + instance();
  const board = new Board(options.build);
  // Another tab signed out, or the browser took the store away: to begin again is to say so.
  const store = await Store.open(name, () => location.reload());
  const isNew = await store.write(
    OUTBOX,
    async (tx) => {
      const isNew = !(await tx.single("outbox"));
      await current(tx);
      const me = await tx.single("me");
      if (me) board.set(me);
      return isNew;
    },
    true,
  );
  if (isNew && !options.fresh) board.expectLoss();
  return new Client(name, store, world, board);
}

type WorkerModule = Pick<typeof workerModule, "keepWorker" | "keepStorage" | "sendLater">;

/** What deals with the service worker, where there can be one. */
async function worker(): Promise<WorkerModule | null> {
  return navigator.serviceWorker ? import("./worker").catch(() => null) : null;
}

class Client implements Messenger {
  readonly #hub: Hub;
  readonly #people: People;
  readonly #drafts: Drafts;
  #isLater = false;
  #isKept = false;
  readonly #typedAt = new Map<number, number>();

  readonly #name: string;
  readonly #store: Store;
  readonly #world: World;
  readonly #board: Board;

  constructor(name: string, store: Store, world: World, board: Board) {
    this.#name = name;
    this.#store = store;
    this.#world = world;
    this.#board = board;
    this.#hub = new Hub(name, store, world, board.build, board);
    board.read = () => this.#refresh();
    board.onOnline = () => this.#later();
    this.#people = new People(store, this.#hub, (users) => board.announce({ people: users }));
    board.onPeople = (users) => void this.#people.load(users);
    this.#drafts = new Drafts(store);
    addEventListener("online", () => this.#hub.online());
    addEventListener("offline", () => board.status({ link: "offline" }));
    void this.#refresh();
    this.#hub.start();
  }

  /** The parts of the status that stand in the store. */
  async #refresh(): Promise<void> {
    const [me, waiting] = await this.#store.read(["singles", "commands"], async (tx) => [
      await tx.single("me"),
      await tx.count("commands", "open", 1),
    ]);
    this.#board.set({ ...me, waiting });
  }

  /** What can wait until well after the first answer. */
  #later(): void {
    if (this.#isLater) return;
    this.#isLater = true;
    setTimeout(() => void worker().then((found) => found?.keepWorker()), LATER_MS);
  }

  status(): Status {
    return this.#board.whole();
  }

  onChange(listener: (change: Change) => void): () => void {
    return this.#board.changes.add(listener);
  }

  onTyping(listener: (chat: number, user: number) => void): () => void {
    return this.#board.typings.add((typing) => listener(typing.chat, typing.user));
  }

  onPresence(listener: (user: number, online: boolean, seenAt: number) => void): () => void {
    return this.#board.presences.add((seen) => listener(seen.user, seen.online, seen.seenAt));
  }

  onNotice(listener: (notice: Notice) => void): () => void {
    return this.#board.notices.add(listener);
  }

  // -- Reading -------------------------------------------------------------------------------

  async chats(): Promise<readonly ChatView[]> {
    const { user } = this.status();
    const [chats, open] = await this.#store.read(["chats", "commands"], async (tx) => [
      await tx.all("chats"),
      await openCommands(tx),
    ]);
    const drafts = await this.#drafts.all();
    const stored = chats.map((chat) => chatView(chat, open, user));
    const waiting = open.filter(isWaitingChat).map((queued) => this.#waitingChat(queued, open));
    return [...stored, ...waiting]
      .map((chat) => ({ ...chat, draft: drafts.get(chat.id) }))
      .sort(byTime);
  }

  #waitingChat(queued: Queued, open: Queued[]): ChatView {
    const nameOf = (user: number): string => this.person(user)?.name ?? "";
    return waitingChat(queued, open, this.status().user, nameOf);
  }

  async chat(id: number): Promise<ChatView | null> {
    const [chat, open] = await this.#store.read(["chats", "commands"], async (tx) => [
      await tx.get("chats", id),
      await openCommands(tx),
    ]);
    if (chat) return chatView(chat, open, this.status().user);
    const queued = open.find((item) => item.order === -id && isWaitingChat(item));
    return queued ? this.#waitingChat(queued, open) : null;
  }

  async rows(id: number, first: number, last: number): Promise<RangeView> {
    const [chat, rows, open] = await this.#store.read(["chats", "rows", "commands"], async (tx) => [
      await tx.get("chats", id),
      await tx.all("rows", rowKeys(id, first, last)),
      (await openCommands(tx)).filter((item) => item.chat === id),
    ]);
    const windows = chat?.windows ?? [];
    const low = Math.max(first, chat?.firstSeq ?? 1, 1);
    const high = Math.min(last, chat?.lastSeq ?? 0);
    const kept = rows.filter(({ seq }) => seq >= low && seq <= high && holds(windows, seq));
    const shown = withChanges(kept.map(rowView), open);
    const { user } = this.status();
    const texts = open.filter(({ tag }) => tag === SendText).map((item) => waitingRow(item, user));
    for (const run of wanted(windows, low, high, chat ? version(chat) : 0)) this.#fetch(id, run);
    return {
      rows: last >= (chat?.lastSeq ?? 0) ? [...shown, ...texts] : shown,
      holes: holes(windows, low, high),
    };
  }

  /** Ask for a run in pieces, newest first: old links show something soon. */
  #fetch(chat: number, run: { first: number; last: number; asOf: number }): void {
    for (let { last } = run; last >= run.first; last -= RUN_ROWS) {
      this.#hub.fetch(chat, { ...run, first: Math.max(run.first, last - RUN_ROWS + 1), last });
    }
  }

  person(user: number): PersonView | null {
    return this.#people.find(user);
  }

  // -- Commands --------------------------------------------------------------------------------

  /** On disk first; then it leaves. */
  async #command(command: Outgoing<Command>): Promise<Queued> {
    const now = Math.floor((this.#world.date() + this.status().clockOffsetMs) / 1000);
    const queued = await this.#store.write(OUTBOX, (tx) => enqueue(tx, command, now), true);
    this.#hub.offer(queued);
    if (this.status().link !== "online") void worker().then((found) => found?.sendLater());
    this.#hub.share([queued.chat || -queued.order]);
    return queued;
  }

  async sendText(chat: number, text: string, replyTo = 0): Promise<void> {
    await this.#command({ tag: SendText, chat, text, replyTo });
    this.#drafts.save(chat, "");
    if (!this.#isKept) void worker().then((found) => found?.keepStorage());
    this.#isKept = true;
  }

  async editText(chat: number, seq: number, text: string): Promise<void> {
    const at = await this.#postedAt(chat, seq);
    await this.#command({ tag: EditText, chat, seq, text, at });
  }

  async deleteMessage(chat: number, seq: number): Promise<void> {
    const at = await this.#postedAt(chat, seq);
    await this.#command({ tag: DeleteMessage, chat, seq, at });
  }

  /** Tells a row from another one that has its place, on a server that was restored. */
  async #postedAt(chat: number, seq: number): Promise<number> {
    const row = await this.#store.read(["rows"], (tx) => tx.get("rows", [chat, seq]));
    return row?.at ?? 0;
  }

  async discardFailed(key: string): Promise<string> {
    const found = await this.#store.write(["commands"], async (tx) => {
      const failed = await tx.by("commands", "open", 2);
      const item = failed.find((queued) => rowKey(queued.outbox, queued.number, 0) === key);
      if (!item) return null;
      const { open: _, ...closed } = item;
      await tx.put("commands", closed);
      return item;
    });
    if (!found) return "";
    this.#hub.share([found.chat]);
    return waitingRow(found, 0).text;
  }

  async openDirect(user: number): Promise<number> {
    const kind = user ? ChatKind.DIRECT : ChatKind.NOTES;
    const chats = await this.#store.read(["chats"], (tx) => tx.all("chats"));
    const found = chats.find((chat) => chat.kind === kind && chat.peer === user);
    return found?.chat ?? -(await this.#command({ tag: OpenDirect, user })).order;
  }

  async createGroup(title: string, members: readonly number[]): Promise<number> {
    return -(await this.#command({ tag: CreateGroup, title, members })).order;
  }

  async joinByInvite(token: string): Promise<number> {
    return -(await this.#command({ tag: JoinByInvite, token })).order;
  }

  async renameGroup(chat: number, title: string): Promise<void> {
    await this.#command({ tag: RenameGroup, chat, title });
  }

  async addMember(chat: number, user: number): Promise<void> {
    await this.#command({ tag: AddMember, chat, user });
  }

  async removeMember(chat: number, user: number, ban: boolean): Promise<void> {
    await this.#command({ tag: RemoveMember, chat, user, ban: Number(ban) });
  }

  async leaveGroup(chat: number): Promise<void> {
    await this.#command({ tag: LeaveGroup, chat });
  }

  async blockUser(user: number, blocked: boolean): Promise<void> {
    await this.#command({ tag: BlockUser, user, blocked: Number(blocked) });
  }

  async report(chat: number, seq: number, reason: number, text: string): Promise<void> {
    const at = await this.#postedAt(chat, seq);
    await this.#command({ tag: Report, chat, seq, reason, text, at });
  }

  async setName(name: string): Promise<void> {
    await this.#command({ tag: SetName, name });
  }

  async revokeDevice(device: number): Promise<void> {
    await this.#command({ tag: RevokeDevice, device });
  }

  async makeInvite(chat: number): Promise<string> {
    const { order } = await this.#command({ tag: MakeInvite, chat });
    await this.#board.answer(order);
    const done = await this.#store.read(["commands"], (tx) => tx.get("commands", order));
    if (done?.code) throw new RequestFailed(done.code);
    return done?.text ?? "";
  }

  // -- Questions -------------------------------------------------------------------------------

  async members(chat: number, after: number, banned: boolean): Promise<readonly MemberView[]> {
    if (chat < 0) return [];
    const question = { tag: GetMembers, chat, after, banned: Number(banned) } as const;
    const { members } = (await this.#hub.ask(question)) as Members;
    await this.#people.keep(members);
    return members.map((member) => ({ ...member, banned: member.banned > 0 }));
  }

  async devices(): Promise<readonly DeviceView[]> {
    const { devices } = (await this.#hub.ask({ tag: GetDevices })) as Devices;
    return devices.map((device) => ({ ...device, current: device.current > 0 }));
  }

  async invite(token: string): Promise<InviteView> {
    return (await this.#hub.ask({ tag: GetInvite, token })) as Invite;
  }

  // -- Notices, drafts ---------------------------------------------------------------------------

  markRead(id: number, seq: number): void {
    void this.#store
      .write(["singles", "chats", "rows"], async (tx) => {
        const chat = await tx.get("chats", id);
        const read = chat && (await readUpTo(tx, chat, seq));
        if (!read || read === chat) return 0;
        await tx.put("chats", read);
        await tx.setSingle("reads", { ...(await tx.single("reads")), [id]: read.readSeq });
        return read.readSeq;
      })
      .then((readSeq) => {
        if (!readSeq) return;
        this.#hub.say({ tag: Read, chat: id, seq: readSeq });
        this.#hub.share([id]);
      });
  }

  typing(chat: number): void {
    const now = this.#world.now();
    if (chat < 0 || now - (this.#typedAt.get(chat) ?? -TYPING_MS) < TYPING_MS) return;
    this.#typedAt.set(chat, now);
    this.#hub.say({ tag: Types, chat });
  }

  looks(foreground: boolean, chats: readonly number[]): void {
    if (!foreground) this.#drafts.flush();
    this.#hub.look(foreground, chats.filter((chat) => chat > 0));
  }

  draft(chat: number): Promise<string> {
    return this.#drafts.read(chat);
  }

  saveDraft(chat: number, text: string): void {
    this.#drafts.save(chat, text);
  }

  async signOut(): Promise<void> {
    await signOut();
    this.#hub.stop();
    this.#store.close();
    await Store.erase(this.#name);
  }
}
