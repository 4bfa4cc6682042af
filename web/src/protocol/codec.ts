/** Messages to bytes and back: our own MessagePack, driven by the generated layouts. */
import { INTEGER_MAX } from "./codes.gen";
import { LAYOUTS, type FromServer, type Message, type Row } from "./messages.gen";

/** The peer does not speak our protocol. */
export class Malformed extends Error {}

/** What travels inside an array. */
type Value = number | string | Uint8Array | null | readonly Value[] | Fields;
interface Fields {
  readonly [name: string]: Value;
}

interface Column {
  name: string;
  /** "" integer, ~ reference, $ text, % bytes, @ raw, else the name of a part. */
  sort: string;
  many: boolean;
  optional: boolean;
  initial: Value;
}

interface Layout {
  tag: number; // 0: a part
  required: number;
  columns: Column[];
}

const COLUMN = /^([*?]?)(\w+)(?:([~$%])|@(\w*))?(?:=(\d+))?$/;

/** By tag, or by the name of a part. */
const layouts: Record<string, Layout> = {};
for (const line of LAYOUTS.split("\n")) {
  const [, name = "", first = "", rest = ""] = /^(\w+):([^|]*)\|?(.*)$/.exec(line) ?? [];
  const words = (text: string): Column[] => (text ? text.split(" ").map(column) : []);
  const required = words(first);
  const columns = [...required, ...words(rest)];
  const layout = { tag: Number(name) || 0, required: required.length, columns };
  layouts[name] = layout;
}

function column(word: string): Column {
  const [, front, name = "", sign, part, initial] = COLUMN.exec(word) ?? [];
  const sort = sign ?? (part === "" ? "@" : (part ?? ""));
  const many = front === "*";
  const plain = sort === "$" ? "" : 0;
  return {
    name,
    sort,
    many,
    optional: front === "?",
    initial: many ? [] : front === "?" ? null : Number(initial ?? 0) || plain,
  };
}

// -- Writing ---------------------------------------------------------------------------

const utf8 = new TextEncoder();

export class Writer {
  #bytes = new Uint8Array(64);
  #length = 0;

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Room for `count` more; where they begin. */
  #take(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const wider = new Uint8Array(this.#length * 2);
      wider.set(this.#bytes);
      this.#bytes = wider;
    }
    return at;
  }

  #byte(value: number): void {
    this.#figure(value, 0);
  }

  /** An integer in 1 << width bytes, most significant first; below 0 as two's complement. */
  #figure(value: number, width: number): void {
    const first = this.#take(1 << width); // before they are written, since it may move them
    let rest = value;
    for (let at = first + (1 << width) - 1; at >= first; at--) {
      this.#bytes[at] = rest; // the lowest eight bits of it
      rest = Math.floor(rest / 256);
    }
  }

  raw(bytes: Uint8Array): void {
    const at = this.#take(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** A first byte and a figure behind it in 1, 2, 4 or 8 bytes: the shortest that holds it. */
  #sized(first: number, value: number, widths: number): void {
    const step = value < 256 ? 0 : value < 65_536 ? 1 : value < 2 ** 32 ? 2 : 3;
    const width = widths & (1 << step) ? step : step + 1;
    this.#byte(first + width);
    this.#figure(value, width);
  }

  integer(value: number): void {
    if (!Number.isSafeInteger(value)) throw new Malformed("not an integer");
    if (value >= -32 && value < 128) this.#byte(value & 255);
    else if (value >= 0) this.#sized(0xcc, value, 15);
    else this.#negative(value);
  }

  #negative(value: number): void {
    const width = value >= -128 ? 0 : value >= -32_768 ? 1 : value >= -(2 ** 31) ? 2 : 3;
    this.#byte(0xd0 + width);
    this.#figure(value, width);
  }

  text(value: string): void {
    const bytes = utf8.encode(value);
    if (bytes.length < 32) this.#byte(0xa0 + bytes.length);
    else this.#sized(0xd9, bytes.length, 7);
    this.raw(bytes);
  }

  binary(value: Uint8Array): void {
    this.#sized(0xc4, value.length, 7);
    this.raw(value);
  }

  array(length: number): void {
    if (length < 16) this.#byte(0x90 + length);
    else this.#sized(0xdb, length, 6); // 0xdc and 0xdd: there is no one-byte form
  }

  nothing(): void {
    this.#byte(0xc0);
  }
}

function same(value: Value, initial: Value): boolean {
  return value === initial || (Array.isArray(initial) && (value as Value[]).length === 0);
}

function writeFields(to: Writer, layout: Layout, fields: Fields): void {
  let end = layout.columns.length;
  const value = (at: number): [Value, Column] => {
    const found = layout.columns[at] as Column;
    return [fields[found.name] ?? found.initial, found];
  };
  for (; end > layout.required; end--) {
    const [last, found] = value(end - 1);
    if (!same(last, found.initial)) break;
  }
  to.array(end + (layout.tag ? 1 : 0));
  if (layout.tag) to.integer(layout.tag);
  for (let at = 0; at < end; at++) writeColumn(to, ...value(at));
}

function writeColumn(to: Writer, value: Value, { sort, many, optional }: Column): void {
  if (!many) return value === null && optional ? to.nothing() : writeOne(to, value, sort);
  const list = value as readonly Value[];
  to.array(list.length);
  for (const item of list) writeOne(to, item, sort);
}

function writeOne(to: Writer, value: Value, sort: string): void {
  if (sort === "" || sort === "~") to.integer(value as number);
  else if (sort === "$") to.text(value as string);
  else if (sort === "%") to.binary(value as Uint8Array);
  else if (sort === "@") to.raw(value as Uint8Array);
  else writeFields(to, layouts[sort] as Layout, value as Fields);
}

/** A message to send: its tag, what it must have, and what differs from the defaults. */
export type Outgoing<M extends Message = Message> = M extends Message
  ? { tag: M["tag"] } & Partial<M>
  : never;

/** The one encoding of a message. */
export function encode(message: Outgoing): Uint8Array {
  const writer = new Writer();
  writeFields(writer, layouts[message.tag] as Layout, message as unknown as Fields);
  return writer.done();
}

// -- Reading -----------------------------------------------------------------------------

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const DEPTH_MAX = 32; // ours is 4; a newer message's unknown fields may go deeper

class Reader {
  at = 0;

  constructor(readonly bytes: Uint8Array) {}

  take(count: number): number {
    const at = this.at;
    this.at += count;
    if (this.at > this.bytes.length) throw new Malformed("cut");
    return at;
  }

  byte(): number {
    return this.figure(0);
  }

  part(length: number): Uint8Array {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** An integer in 1 << width bytes, as the Writer leaves it; rounded if it is too large. */
  figure(width: number, isSigned = false): number {
    const bytes = this.part(1 << width);
    const isNegative = isSigned && (bytes[0] ?? 0) > 127;
    return bytes.reduce((value, byte) => value * 256 + byte, isNegative ? -1 : 0);
  }

  integer(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    if (first >= 0xe0) return first - 256;
    if (first >= 0xcc && first <= 0xcf) return this.figure(first - 0xcc);
    if (first >= 0xd0 && first <= 0xd3) return this.figure(first - 0xd0, true);
    throw new Malformed("not an integer");
  }

  /** The length behind a first byte of a text, list or bytes. */
  length(short: number, span: number, long: number, widths: number): number {
    const first = this.byte();
    if (first >= short && first < short + span) return first - short;
    const width = first - long;
    if (width < 0 || width > 2 || !(widths & (1 << width))) throw new Malformed("wrong type");
    return this.figure(width);
  }

  text(): string {
    const bytes = this.part(this.length(0xa0, 32, 0xd9, 7));
    try {
      return strict.decode(bytes);
    } catch {
      throw new Malformed("not UTF-8");
    }
  }

  binary(): Uint8Array {
    return this.part(this.length(0, 0, 0xc4, 7)).slice();
  }

  array(): number {
    return this.length(0x90, 16, 0xdb, 6);
  }

  /** Pass over one value of any type. */
  skip(depth = 0): void {
    if (depth > DEPTH_MAX) throw new Malformed("too deep");
    const first = this.byte();
    let inner = 0;
    if (first >= 0x90 && first < 0xa0) inner = first - 0x90;
    else if (first >= 0x80 && first < 0x90) inner = 2 * (first - 0x80);
    else if (first >= 0xa0 && first < 0xc0) this.take(first - 0xa0);
    else if (first === 0xc1) throw new Malformed("reserved");
    else if (first >= 0xc4 && first < 0xe0) inner = this.#skipLong(first);
    while (inner-- > 0) this.skip(depth + 1);
  }

  /** The types with a length or a fixed width; how many values stand inside. */
  #skipLong(first: number): number {
    if (first <= 0xc6) this.take(this.figure(first - 0xc4));
    else if (first <= 0xc9) this.take(this.figure(first - 0xc7) + 1);
    else if (first <= 0xcb) this.take(first === 0xca ? 4 : 8);
    else if (first <= 0xd3) this.take(1 << (first & 3));
    else if (first <= 0xd8) this.take((1 << (first - 0xd4)) + 1);
    else if (first <= 0xdb) this.take(this.figure(first - 0xd9));
    else return this.figure(1 + (first & 1)) * (first < 0xde ? 1 : 2);
    return 0;
  }
}

function readFields(from: Reader, layout: Layout, length: number): Record<string, Value> {
  if (length < layout.required) throw new Malformed("a field is missing");
  const fields: Record<string, Value> = {};
  layout.columns.forEach((found, at) => {
    fields[found.name] = at < length ? readColumn(from, found) : found.initial;
  });
  for (let at = layout.columns.length; at < length; at++) from.skip();
  return fields;
}

function readColumn(from: Reader, { sort, many, optional }: Column): Value {
  if (optional && from.bytes[from.at] === 0xc0) {
    from.at++;
    return null;
  }
  if (!many) return readOne(from, sort);
  const list: Value[] = [];
  for (let left = from.array(); left > 0; left--) list.push(readOne(from, sort));
  return list;
}

function readOne(from: Reader, sort: string): Value {
  if (sort === "$") return from.text();
  if (sort === "%") return from.binary();
  if (sort === "@") {
    const start = from.at;
    from.skip();
    return from.bytes.slice(start, from.at);
  }
  if (sort !== "" && sort !== "~") {
    return readFields(from, layouts[sort] as Layout, from.array());
  }
  const value = from.integer();
  if (Math.abs(value) > INTEGER_MAX || (value < 0 && sort === "")) throw new Malformed("range");
  return value;
}

/** The message in a frame; null for a tag that is not known here. Throws Malformed. */
export function decode(frame: Uint8Array): Message | null {
  const reader = new Reader(frame);
  const length = reader.array();
  if (length === 0) throw new Malformed("no tag");
  const tag = readOne(reader, "") as number;
  const layout = layouts[tag];
  if (!layout) return null;
  const fields = readFields(reader, layout, length - 1);
  if (reader.at !== frame.length) throw new Malformed("bytes are left over");
  return { tag, ...fields } as unknown as Message;
}

/** What a server said; null for what is not known here. Throws Malformed. */
export function decodeFromServer(frame: Uint8Array): FromServer | null {
  const message = decode(frame);
  return message && message.tag >= 0x40 ? (message as FromServer) : null;
}

// -- Rows, tokens, bodies ------------------------------------------------------------------

const INFLATED_BYTES_MAX = 65_536; // a page of rows is never larger; more is an attack

/** Whether rows may come deflated. */
export const inflates = ((): boolean => {
  try {
    return Boolean(new DecompressionStream("deflate-raw"));
  } catch {
    return false; // the name is unknown, or this way to inflate is
  }
})();

/** The rows of a Rows page. Throws Malformed. */
export async function unpackRows(packed: Uint8Array, deflated: number): Promise<Row[]> {
  const reader = new Reader(deflated ? await inflate(packed) : packed);
  const rows: Row[] = [];
  for (let left = reader.array(); left > 0; left--) {
    rows.push(readOne(reader, "Row") as unknown as Row);
  }
  if (reader.at !== reader.bytes.length) throw new Malformed("bytes are left over");
  return rows;
}

async function inflate(packed: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([packed as BlobPart]).stream();
  const pieces = stream.pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const whole = new Uint8Array(INFLATED_BYTES_MAX);
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await pieces.read();
      if (done) return whole.subarray(0, length);
      whole.set(value, length); // a RangeError beyond the limit
      length += value.length;
    }
  } catch {
    throw new Malformed("can't be inflated");
  }
}

/** A hello as it stands in Sec-WebSocket-Protocol: base64url without padding. */
export function toToken(hello: Uint8Array): string {
  const text = btoa(String.fromCharCode(...hello));
  return text.replace(/[+/=]/g, (sign) => (sign === "+" ? "-" : sign === "/" ? "_" : ""));
}

/** A body for POST: each message behind its length in four bytes. */
export function join(frames: readonly Uint8Array[]): Uint8Array {
  const body = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length + 4, 0));
  const view = new DataView(body.buffer);
  let at = 0;
  for (const frame of frames) {
    view.setUint32(at, frame.length);
    body.set(frame, at + 4);
    at += frame.length + 4;
  }
  return body;
}

/** The messages of a body. Throws Malformed. */
export function split(body: Uint8Array): Uint8Array[] {
  const reader = new Reader(body);
  const frames: Uint8Array[] = [];
  while (reader.at < body.length) frames.push(reader.part(reader.figure(2)));
  return frames;
}
