/** A network and a clock that tests move by hand. */
import type { Socket, World } from "../src/client/world";
import { join } from "../src/protocol/codec";

export const FRAME = new Uint8Array([1]);

interface TestPost {
  body: Uint8Array;
  signal: AbortSignal;
  answer: (frames?: Uint8Array[]) => void;
  fail: () => void;
}

export class TestSocket implements Socket {
  binaryType = "";
  readyState = 0;
  sent: Uint8Array[] = [];

  constructor(readonly token: string) {}
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: (() => void) | null = null;

  send(frame: Uint8Array): void {
    this.sent.push(frame);
  }

  close(): void {
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  say(frame: Uint8Array = FRAME): void {
    this.onmessage?.({ data: new Uint8Array(frame).buffer });
  }
}

export class TestWorld implements World {
  time = 0;
  sockets: TestSocket[] = [];
  posts: TestPost[] = [];
  private timers: { at: number; action: () => void }[] = [];

  get socketNow(): TestSocket {
    return this.sockets[this.sockets.length - 1] as TestSocket;
  }

  get openPosts(): typeof this.posts {
    return this.posts.filter(({ signal }) => !signal.aborted);
  }

  socket(token: string): Socket {
    this.sockets.push(new TestSocket(token));
    return this.socketNow;
  }

  post(body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("aborted")));
      const answer = (frames: Uint8Array[] = [FRAME]): void => resolve(join(frames));
      this.posts.push({ body, signal, answer, fail: () => reject(new Error("no link")) });
    });
  }

  now = (): number => this.time;
  date = (): number => this.time;
  random = (): number => 0.5;

  after(ms: number, action: () => void): () => void {
    const timer = { at: this.time + ms, action };
    this.timers.push(timer);
    return () => (this.timers = this.timers.filter((item) => item !== timer));
  }

  get waiting(): number {
    return this.timers.length;
  }

  /** Let time pass, one timer after the other. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settle();
      const next = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((item) => item !== next);
      this.time = Math.max(this.time, next.at);
      next.action();
    }
    this.time = end;
    await settle();
  }
}

export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
