import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Malformed, decode, encode, join, split, toToken, unpackRows } from "../src/protocol/codec";
import * as messages from "../src/protocol/messages.gen";

type Json = number | string | null | Json[] | { [name: string]: Json };
interface Vector {
  message: string;
  fields: { [name: string]: Json };
  hex: string;
}
interface Vectors {
  messages: Vector[];
  lenient: Vector[];
  malformed: { why: string; hex: string }[];
  tokens: { fields: { [name: string]: Json }; token: string }[];
  packed: { rows: Json[]; deflated: number; hex: string }[];
}

const file = new URL("../../spec/vectors/messages.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;

const fromHex = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits, "hex"));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const camel = (name: string): string =>
  name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

function revive(value: Json): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (value === null || typeof value !== "object") return value;
  if (typeof value["hex"] === "string") return fromHex(value["hex"]);
  const entries = Object.entries(value).map(([name, inner]) => [camel(name), revive(inner)]);
  return Object.fromEntries(entries) as unknown;
}

function message(vector: Vector): messages.Message {
  const tag = (messages as unknown as Record<string, number>)[vector.message];
  return { tag, ...(revive(vector.fields) as object) } as unknown as messages.Message;
}

describe("golden vectors", () => {
  test("a message is encoded to its one encoding", () => {
    for (const vector of vectors.messages) {
      expect(toHex(encode(message(vector))), vector.message).toBe(vector.hex);
    }
  });

  test("bytes are decoded to the message, unknown trailing fields are passed over", () => {
    for (const vector of [...vectors.messages, ...vectors.lenient]) {
      expect(decode(fromHex(vector.hex)), vector.message).toEqual(message(vector));
    }
  });

  test.each(vectors.malformed)("refused: $why", ({ hex }) => {
    expect(() => decode(fromHex(hex))).toThrow(Malformed);
  });

  test("a hello becomes its token", () => {
    for (const { fields, token } of vectors.tokens) {
      const hello = { tag: messages.Hello, ...(revive(fields) as object) } as messages.Hello;
      expect(toToken(encode(hello))).toBe(token);
    }
  });

  test("rows are unpacked, plain and deflated", async () => {
    for (const { rows, deflated, hex } of vectors.packed) {
      expect(await unpackRows(fromHex(hex), deflated)).toEqual(revive(rows));
    }
  });
});

test("rows that inflate beyond their limit are refused", async () => {
  const { deflateRawSync } = await import("node:zlib");
  await expect(unpackRows(deflateRawSync(Buffer.alloc(100_000)), 1)).rejects.toThrow(Malformed);
});

test("a tag from the future is no message and no error", () => {
  expect(decode(fromHex("927f01"))).toBeNull();
});

test("any bytes give a message, nothing or Malformed", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed);
      }
    }),
  );
});

test("decode undoes encode", () => {
  const integer = fc.maxSafeNat();
  fc.assert(
    fc.property(integer, fc.string(), fc.maxSafeInteger(), (chat, text, seq) => {
      const sent = { tag: messages.SendText, chat, text, replyTo: seq, origin: 0 } as const;
      expect(decode(encode(sent))).toEqual(sent);
    }),
  );
});

test("split undoes join", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1 })), (frames) => {
      expect(split(join(frames)).map(toHex)).toEqual(frames.map(toHex));
    }),
  );
  expect(() => split(fromHex("00000005aa"))).toThrow(Malformed);
});
