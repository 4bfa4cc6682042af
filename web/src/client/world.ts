/** What the client needs of its surroundings, so that tests can bring their own. */

/** The part of WebSocket that is used. */
export interface Socket {
  binaryType: string;
  readyState: number;
  onopen: (() => void) | null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null;
  onclose: (() => void) | null;
  send(frame: Uint8Array): void;
  close(): void;
}

export interface World {
  socket(token: string): Socket;
  /** One POST to /sync; rejects when no answer of our protocol came. */
  post(body: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** Milliseconds of a clock that never jumps. */
  now(): number;
  /** Call `action` later; the answer takes it back. */
  after(ms: number, action: () => void): () => void;
  random(): number;
  /** Milliseconds since 1970. */
  date(): number;
}

const CONTENT_TYPE = "application/vnd.kentong";

/** Sockets and fetch of the server that this page came from. */
export function browserWorld(): World {
  const address = new URL("/ws", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  return {
    socket: (token) => new WebSocket(address.href, ["kentong.1", token]) as unknown as Socket,
    post: exchange,
    now: () => performance.now(),
    after(ms, action) {
      const timer = setTimeout(action, ms);
      return () => clearTimeout(timer);
    },
    random: () => Math.random(),
    date: () => Date.now(),
  };
}

/** One POST to /sync. Rejects when no answer of our protocol came. */
export async function exchange(body: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
  const response = await fetch("/sync", {
    method: "POST",
    headers: { "Content-Type": CONTENT_TYPE },
    body: body as BodyInit,
    signal: signal ?? null,
    cache: "no-store",
  });
  const isOurs = response.headers.get("Content-Type")?.startsWith(CONTENT_TYPE);
  if (!isOurs) throw new Error(`/sync: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
