/** A chat as a server keeps it, small enough to be right: what tests compare the client with. */
import { HeadFlag, RowKind } from "../src/protocol/codes.gen";
import {
  Changed,
  Marked,
  Posted,
  type Head,
  type Row,
} from "../src/protocol/messages.gen";

export const ME = 1;
export const PEER = 2;
export const CHAT = 70;
export const ALIAS = 3;

interface Kept {
  seq: number;
  at: number;
  author: number;
  text: string;
  kind: number;
  edited: number;
  /** Version of the last change. */
  version: number;
}

export class ModelChat {
  rows: Kept[] = [];
  changes = 0;
  clock = 100;
  readSeq = 0;
  peerReadSeq = 0;

  get version(): number {
    return this.rows.length + this.changes;
  }

  post(author: number, text: string): Posted {
    const seq = this.rows.length + 1;
    const at = 1_000 + seq * 7;
    this.clock++;
    this.rows.push({ seq, at, author, text, kind: 0, edited: 0, version: this.version + 1 });
    if (author === ME) this.readSeq = seq;
    else this.peerReadSeq = seq;
    const later = at - (this.rows[seq - 2]?.at ?? 0);
    const { changes } = this;
    const base = { alias: ALIAS, seq, changes, later, text, replyTo: 0, outbox: 0, number: 0 };
    return { tag: Posted, ...base, author: author === PEER ? 0 : author };
  }

  /** Edit a row, or make it a tombstone. */
  change(seq: number, text: string | null): Changed | null {
    const row = this.rows[seq - 1];
    if (!row || row.kind === RowKind.DELETED) return null;
    const base = this.version;
    this.clock++;
    this.changes++;
    const wiped = { text: "", kind: RowKind.DELETED, edited: 0 };
    Object.assign(row, text === null ? wiped : { text, edited: 1 }, { version: this.version });
    return {
      tag: Changed,
      alias: ALIAS,
      base,
      lastSeq: this.rows.length,
      changes: this.changes,
      rows: this.encoded([row], 0),
      title: "",
      memberCount: 0,
    };
  }

  /** The other person has read everything. */
  mark(): Marked {
    this.clock++;
    this.changes++;
    this.peerReadSeq = this.rows.length;
    return {
      tag: Marked,
      alias: ALIAS,
      lastSeq: this.rows.length,
      changes: this.changes,
      readBack: 0,
      deliveredBack: 0,
      covers: 1,
    };
  }

  private encoded(rows: readonly Kept[], from: number): Row[] {
    let [seq, at] = [0, 0];
    return rows.map((kept, index) => {
      const { version: _, ...row } = kept;
      const first = index === 0 && from > 0 ? from - row.seq : row.seq - seq;
      const encoded = { ...row, seq: first, at: row.at - at };
      [seq, at] = [row.seq, row.at];
      const author = row.author === PEER ? 0 : row.author;
      return { ...encoded, author, replyTo: 0, cut: 0, subject: 0, outbox: 0, number: 0 };
    });
  }

  head(): Head {
    const lastSeq = this.rows.length;
    const unread = this.rows.filter(
      (row) => row.seq > this.readSeq && row.kind === 0 && row.author !== ME,
    ).length;
    return {
      chat: CHAT,
      alias: ALIAS,
      age: 0,
      kind: 0,
      flags: HeadFlag.SHARED_MARKS,
      lastSeq,
      changes: this.changes,
      unread,
      readBack: lastSeq - this.readSeq,
      rows: this.encoded(this.rows.slice(-1), lastSeq),
      title: "Peer",
      peer: PEER,
      peerReadBack: lastSeq - this.peerReadSeq,
      peerDeliveredBack: lastSeq - this.peerReadSeq,
      role: 0,
      memberCount: 0,
      firstSeq: 0,
    };
  }

  /** What GetRange answers. */
  range(first: number, last: number, asOf: number): { rows: Row[]; asOf: number; more: number } {
    const rows = this.rows.slice(first - 1, last).filter((row) => row.version > asOf);
    return { rows: this.encoded(rows, 0), asOf: this.version, more: 0 };
  }
}
