/** A messenger in memory with made-up people, so that screens can be looked at. */

import type {
  Change,
  ChatView,
  DeviceView,
  InviteView,
  LinkState,
  MemberView,
  Messenger,
  Notice,
  PersonView,
  RangeView,
  RowView,
  Status,
} from "../src/client/types";
import { ChatKind, Role, RowKind } from "../src/protocol/codes.gen";
import { NAMES, TALK } from "./talk";

const ME = 1;
const LATENCY_MS = 40;

interface Chat {
  view: ChatView;
  rows: RowView[];
  waiting: RowView[];
}

type Typing = (chat: number, user: number) => void;
type Presence = (user: number, online: boolean, seenAt: number) => void;

export class MadeUpMessenger implements Messenger {
  private readonly all = new Map<number, Chat>();
  private readonly changes = new Set<(change: Change) => void>();
  private readonly typings = new Set<Typing>();
  private readonly presences = new Set<Presence>();
  private readonly notices = new Set<(notice: Notice) => void>();
  private readonly drafts = new Map<number, string>();
  private readonly blocked = new Set<number>();
  private name = "Ketut";
  private now = Math.floor(Date.now() / 1000);
  private written = 0;

  constructor(private readonly wish: URLSearchParams) {
    const rows = Number(wish.get("rows") ?? 120);
    const count = Number(wish.get("chats") ?? 14);
    for (let id = 1; id <= count; id++)
      this.all.set(id, this.makeChat(id, id === 1 ? rows : 3 + ((id * 7) % 40)));
    if (wish.get("notice")) {
      const kind = wish.get("notice") as Notice["kind"];
      setTimeout(() => this.notices.forEach((tell) => tell({ kind, code: 20, chat: 0 })), 200);
    }
    setTimeout(() => this.presences.forEach((tell) => tell(3, true, 0)), 100);
    setTimeout(() => this.presences.forEach((tell) => tell(4, false, this.now - 90_000)), 100);
  }

  private makeChat(id: number, length: number): Chat {
    const kind = id === 3 ? ChatKind.NOTES : id % 3 === 1 ? ChatKind.GROUP : ChatKind.DIRECT;
    const rows = Array.from({ length }, (_, at) => this.makeRow(id, kind, at + 1, length));
    const unread = id === 1 ? Number(this.wish.get("unread") ?? 4) : id % 4 === 0 ? id * 3 : 0;
    const view: ChatView = {
      id,
      kind,
      title:
        kind === ChatKind.GROUP
          ? (TITLES[id % TITLES.length] ?? "")
          : kind === ChatKind.DIRECT
            ? personName(id + 1)
            : "",
      peer: kind === ChatKind.DIRECT ? id + 1 : 0,
      lastSeq: length,
      unread: Math.min(unread, length),
      readSeq: Math.max(0, length - unread),
      peerReadSeq: length - 3,
      peerDeliveredSeq: length - 1,
      sharesMarks: true,
      memberCount: kind === ChatKind.GROUP ? 23 : 0,
      role: id === 1 ? Role.OWNER : Role.MEMBER,
      firstSeq: 1,
      unreachable: id === 5,
      preview: rows.at(-1) ?? null,
      waiting: 0,
    };
    return { view, rows, waiting: [] };
  }

  private makeRow(chat: number, kind: number, seq: number, length: number): RowView {
    const pick = (seq * 7919 + chat * 104729) % 1000;
    const line = TALK[(seq + chat * 5) % TALK.length] ?? "";
    const people =
      kind === ChatKind.GROUP
        ? [2, 3, 4, ME, ME, 5]
        : kind === ChatKind.NOTES
          ? [ME]
          : [chat + 1, ME];
    const author = people[Math.floor((seq + (pick % 3)) / 2) % people.length] ?? ME;
    const gap = chat === 1 ? 700 : 3600;
    const row: RowView = {
      seq,
      key: String(seq),
      at: this.now - (length - seq) * gap - chat * (chat > 3 ? 40_000 : 60),
      author,
      text: line,
      kind: RowKind.TEXT,
      replyTo: seq % 11 === 5 ? seq - 3 : 0,
      edited: seq % 13 === 4,
      subject: 0,
      state: "sent",
      error: 0,
      pending: false,
    };
    if (seq === 1 && kind === ChatKind.GROUP)
      return {
        ...row,
        kind: RowKind.CREATED,
        text: TITLES[chat % TITLES.length] ?? "",
        replyTo: 0,
      };
    if (seq % 37 === 9) return { ...row, kind: RowKind.DELETED, text: "", replyTo: 0 };
    if (kind === ChatKind.GROUP && seq % 29 === 7)
      return { ...row, kind: RowKind.ADDED, subject: 6, text: "", replyTo: 0 };
    return row;
  }

  private tell(chats: number[], status = true): void {
    const change = { chats, moved: [], status, people: [] };
    this.changes.forEach((listener) => listener(change));
  }

  private at(chat: number): Chat {
    const found = this.all.get(chat);
    if (!found) throw new Error(`no chat ${chat}`);
    return found;
  }

  private link(): LinkState {
    return (this.wish.get("link") ?? "online") as LinkState;
  }

  status(): Status {
    return {
      link: this.link(),
      updating: this.wish.has("updating"),
      waiting: [...this.all.values()].reduce((sum, chat) => sum + chat.waiting.length, 0),
      follower: false,
      user: ME,
      name: this.name,
      blocked: [...this.blocked],
      clockOffsetMs: 0,
      updateReady: this.wish.has("update"),
      ended: Number(this.wish.get("ended") ?? 0),
      bytesUp: 48_211,
      bytesDown: 1_302_455,
    };
  }

  async chats(): Promise<readonly ChatView[]> {
    const views = [...this.all.values()].map((chat) => ({ ...chat.view }));
    return views.sort((a, b) => (b.preview?.at ?? 0) - (a.preview?.at ?? 0));
  }

  async chat(chat: number): Promise<ChatView | null> {
    const view = this.all.get(chat)?.view;
    return view ? { ...view } : null;
  }

  async rows(chat: number, first: number, last: number): Promise<RangeView> {
    await new Promise((resolve) => setTimeout(resolve, LATENCY_MS));
    const { rows, waiting, view } = this.at(chat);
    const stored = rows.slice(Math.max(0, first - 1), Math.max(0, last));
    const isEnd = last >= view.lastSeq;
    const hole =
      this.wish.has("hole") && first <= 60 && last >= 50 ? [{ first: 50, last: 60 }] : [];
    const kept = hole.length > 0 ? stored.filter((row) => row.seq < 50 || row.seq > 60) : stored;
    return { rows: [...kept, ...(isEnd ? waiting : [])], holes: hole };
  }

  person(user: number): PersonView | null {
    return { user, name: personName(user) };
  }

  onChange(listener: (change: Change) => void): () => void {
    this.changes.add(listener);
    return () => this.changes.delete(listener);
  }

  onTyping(listener: Typing): () => void {
    this.typings.add(listener);
    return () => this.typings.delete(listener);
  }

  onPresence(listener: Presence): () => void {
    this.presences.add(listener);
    return () => this.presences.delete(listener);
  }

  onNotice(listener: (notice: Notice) => void): () => void {
    this.notices.add(listener);
    return () => this.notices.delete(listener);
  }

  async sendText(chat: number, text: string, replyTo = 0): Promise<void> {
    const target = this.at(chat);
    const row: RowView = {
      ...this.makeRow(chat, target.view.kind, 0, 0),
      key: `9:${++this.written}`,
      at: Math.floor(Date.now() / 1000),
      author: ME,
      text,
      kind: RowKind.TEXT,
      replyTo,
      edited: false,
      state: text.startsWith("fail") ? "failed" : "waiting",
      error: text.startsWith("fail") ? 20 : 0,
    };
    target.waiting.push(row);
    target.view.preview = row;
    this.tell([chat]);
    if (this.link() === "online" && row.state === "waiting")
      setTimeout(() => this.accept(chat, row.key), 700);
  }

  private accept(chat: number, key: string): void {
    const target = this.at(chat);
    const row = target.waiting.find((waiting) => waiting.key === key);
    if (!row) return;
    target.waiting = target.waiting.filter((waiting) => waiting !== row);
    this.append(chat, { ...row, state: "sent", seq: target.view.lastSeq + 1 });
    target.view.readSeq = target.view.lastSeq;
    target.view.unread = 0;
    setTimeout(() => this.typings.forEach((tell) => tell(chat, 3)), 800);
  }

  private append(chat: number, row: RowView): void {
    const target = this.at(chat);
    target.rows.push(row);
    target.view.lastSeq = row.seq;
    target.view.preview = row;
    this.tell([chat]);
  }

  /** For the console and scripts: somebody else writes. */
  hear(chat: number, author: number, text: string): void {
    const target = this.at(chat);
    const seq = target.view.lastSeq + 1;
    const at = Math.floor(Date.now() / 1000);
    target.view.unread++;
    this.append(chat, {
      ...this.makeRow(chat, 0, seq, seq),
      key: String(seq),
      kind: 0,
      author,
      text,
      at,
      replyTo: 0,
    });
  }

  type(chat: number, user: number): void {
    this.typings.forEach((tell) => tell(chat, user));
  }

  private change(chat: number, seq: number, fields: Partial<RowView>): void {
    const target = this.at(chat);
    target.rows = target.rows.map((row) => (row.seq === seq ? { ...row, ...fields } : row));
    target.view.preview = target.rows.at(-1) ?? null;
    this.tell([chat]);
  }

  async editText(chat: number, seq: number, text: string): Promise<void> {
    this.change(chat, seq, { text, edited: true });
  }

  async deleteMessage(chat: number, seq: number): Promise<void> {
    this.change(chat, seq, { kind: RowKind.DELETED, text: "", replyTo: 0 });
  }

  async discardFailed(key: string): Promise<string> {
    for (const [id, chat] of this.all) {
      const row = chat.waiting.find((waiting) => waiting.key === key);
      chat.waiting = chat.waiting.filter((waiting) => waiting !== row);
      this.tell([id]);
      if (row) return row.text;
    }
    return "";
  }

  async openDirect(user: number): Promise<number> {
    const found = [...this.all.values()].find(({ view }) =>
      user === 0 ? view.kind === ChatKind.NOTES : view.peer === user,
    );
    return found?.view.id ?? 3;
  }

  async createGroup(title: string): Promise<number> {
    const id = 100 + this.all.size;
    const chat = this.makeChat(id, 1);
    Object.assign(chat.view, {
      title,
      kind: ChatKind.GROUP,
      role: Role.OWNER,
      memberCount: 1,
      unread: 0,
      readSeq: 1,
    });
    this.all.set(id, chat);
    this.tell([id]);
    return id;
  }

  async joinByInvite(): Promise<number> {
    return 4;
  }

  async renameGroup(chat: number, title: string): Promise<void> {
    this.at(chat).view.title = title;
    this.tell([chat]);
  }

  async addMember(): Promise<void> {}
  async removeMember(): Promise<void> {}

  async leaveGroup(chat: number): Promise<void> {
    this.all.delete(chat);
    this.tell([chat]);
  }

  async blockUser(user: number, blocked: boolean): Promise<void> {
    if (blocked) this.blocked.add(user);
    else this.blocked.delete(user);
    this.tell([]);
  }

  async report(): Promise<void> {}

  async setName(name: string): Promise<void> {
    this.name = name;
    this.tell([]);
  }

  async revokeDevice(): Promise<void> {}

  async makeInvite(): Promise<string> {
    return "Qm7xT2hV9nKc4LwZ8pRb1A";
  }

  async members(_chat: number, after: number, banned: boolean): Promise<readonly MemberView[]> {
    if (banned) return after > 0 ? [] : [{ user: 40, name: "Buzzer", role: 0, banned: true }];
    return Array.from({ length: after >= 23 ? 0 : 23 }, (_, at) => {
      return {
        user: at + 1,
        name: personName(at + 1),
        role: at === 0 ? Role.OWNER : Role.MEMBER,
        banned: false,
      };
    });
  }

  async devices(): Promise<readonly DeviceView[]> {
    return [
      {
        device: 1,
        name: "Chrome, Android",
        createdAt: this.now - 9e6,
        seenAt: this.now,
        current: true,
      },
      {
        device: 2,
        name: "Firefox, Linux",
        createdAt: this.now - 5e6,
        seenAt: this.now - 200_000,
        current: false,
      },
    ];
  }

  async invite(): Promise<InviteView> {
    return { title: "Sunday market", memberCount: 23, chat: 0 };
  }

  markRead(chat: number, seq: number): void {
    const { view } = this.at(chat);
    view.readSeq = Math.max(view.readSeq, seq);
    view.unread = Math.max(0, view.lastSeq - view.readSeq);
    this.tell([chat]);
  }

  typing(): void {}
  looks(): void {}

  async draft(chat: number): Promise<string> {
    return this.drafts.get(chat) ?? "";
  }

  saveDraft(chat: number, text: string): void {
    this.drafts.set(chat, text);
  }

  async signOut(): Promise<void> {}
}

const TITLES = [
  "Family",
  "Sunday market",
  "Choir, second voices",
  "Neighbours 12–18",
  "Trip to the highlands and back, planning",
];

function personName(user: number): string {
  return user === ME ? "Ketut" : (NAMES[(user - 2) % NAMES.length] ?? "");
}
