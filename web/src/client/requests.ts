/** Questions to the server: each keeps waiting until it is answered, over any connection. */
import { encode, type Outgoing } from "../protocol/codec";
import { ErrorCode } from "../protocol/codes.gen";
import type { Failed, FromServer, Request } from "../protocol/messages.gen";
import { RequestFailed } from "./types";

/** A question without its number. */
export type Question<R extends Request = Request> = R extends Request
  ? Omit<Outgoing<R>, "request">
  : never;

const ON_THE_WAY_MAX = 6; // the server takes a few at a time
const AGAIN_MS = 2_000;
const TEMPORARY: readonly number[] = [
  ErrorCode.TOO_MANY_REQUESTS,
  ErrorCode.RATE_LIMITED,
  ErrorCode.OVERLOADED,
];

interface Waiting {
  isSent: boolean;
  frame: () => Uint8Array; // as the question is now
  resolve: (answer: FromServer) => void;
  reject: (reason: RequestFailed) => void;
}

export class Requests {
  #last = 0;
  readonly #waiting = new Map<number, Waiting>();

  /** `send` may fail: what waits is said again by `frames` on the next connection. */
  readonly #send: (frame: Uint8Array) => boolean;
  readonly #after: (ms: number, action: () => void) => void;

  constructor(
    send: (frame: Uint8Array) => boolean,
    after: (ms: number, action: () => void) => void,
  ) {
    this.#send = send;
    this.#after = after;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Rejects with RequestFailed. `onNumber` hears the request's number before it is sent. */
  ask(question: Question, onNumber?: (request: number) => void): Promise<FromServer> {
    const request = ++this.#last;
    const frame = (): Uint8Array => encode({ ...question, request });
    onNumber?.(request);
    return new Promise((resolve, reject) => {
      this.#waiting.set(request, { isSent: false, frame, resolve, reject });
      this.#sendMore();
    });
  }

  /** What a new connection has to ask first. */
  frames(): Uint8Array[] {
    const first = [...this.#waiting.values()].slice(0, ON_THE_WAY_MAX);
    for (const item of this.#waiting.values()) item.isSent = first.includes(item);
    return first.map(({ frame }) => frame());
  }

  #sendMore(): void {
    let left = ON_THE_WAY_MAX;
    for (const item of this.#waiting.values()) {
      if (left-- <= 0) return;
      if (!item.isSent) item.isSent = this.#send(item.frame());
    }
  }

  answered(request: number, answer: FromServer): void {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    waiting?.resolve(answer);
    this.#sendMore();
  }

  /** For good, or until `retryAfterMs` have passed. */
  failed({ request, code, retryAfterMs }: Failed): void {
    const waiting = this.#waiting.get(request);
    if (!waiting) return;
    const wait = retryAfterMs || (TEMPORARY.includes(code) ? AGAIN_MS : 0);
    if (wait) return this.#after(wait, () => this.#again(waiting));
    this.#waiting.delete(request);
    waiting.reject(new RequestFailed(code));
    this.#sendMore();
  }

  failAll(code: number): void {
    this.#waiting.forEach(({ reject }) => reject(new RequestFailed(code)));
    this.#waiting.clear();
  }

  #again(waiting: Waiting): void {
    waiting.isSent = false;
    this.#sendMore();
  }
}
