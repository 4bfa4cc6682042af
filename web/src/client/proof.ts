/** Proof of work for open servers. Its own SHA-256: plain HTTP pages have no crypto.subtle. */

const ROUNDS = 64;
const BATCH = 2_000; // hashes between two breaths: somebody types meanwhile

/** A decimal nonce so that SHA-256(challenge + nonce) begins with `bits` zero bits. */
export async function solve(challenge: string, bits: number): Promise<string> {
  const constants = primes();
  const encoder = new TextEncoder();
  for (let nonce = 0; ; nonce++) {
    const words = sha256(encoder.encode(challenge + nonce), constants);
    if (leadingZeros(words) >= bits) return String(nonce);
    if (nonce % BATCH === BATCH - 1) await new Promise((done) => setTimeout(done));
  }
}

interface Constants {
  start: number[];
  rounds: number[];
}

/** Square and cube roots of the first primes, as FIPS 180-4 defines its constants. */
function primes(): Constants {
  const found: number[] = [];
  for (let n = 2; found.length < ROUNDS; n++) {
    if (found.every((prime) => n % prime !== 0)) found.push(n);
  }
  const fraction = (root: number): number => ((root - Math.floor(root)) * 2 ** 32) | 0;
  return {
    start: found.slice(0, 8).map((prime) => fraction(Math.sqrt(prime))),
    rounds: found.map((prime) => fraction(Math.cbrt(prime))),
  };
}

function leadingZeros(words: Int32Array): number {
  let zeros = 0;
  for (const word of words) {
    zeros += Math.clz32(word);
    if (word !== 0) break;
  }
  return zeros;
}

/** SHA-256 as eight words. */
export function sha256(data: Uint8Array, constants: Constants = primes()): Int32Array {
  const padded = new Uint8Array(((data.length + 72) >> 6) << 6);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, data.length * 8);
  const state = Int32Array.from(constants.start);
  const schedule = new Int32Array(ROUNDS);
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i++) schedule[i] = view.getInt32(at + i * 4);
    compress(state, schedule, constants.rounds);
  }
  return state;
}

const turn = (word: number, by: number): number => (word >>> by) | (word << (32 - by));

function compress(state: Int32Array, w: Int32Array, rounds: number[]): void {
  const of = (list: ArrayLike<number>, i: number): number => list[i] ?? 0;
  for (let i = 16; i < ROUNDS; i++) {
    const a = of(w, i - 15);
    const b = of(w, i - 2);
    const s0 = turn(a, 7) ^ turn(a, 18) ^ (a >>> 3);
    const s1 = turn(b, 17) ^ turn(b, 19) ^ (b >>> 10);
    w[i] = (of(w, i - 16) + s0 + of(w, i - 7) + s1) | 0;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < ROUNDS; i++) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + of(rounds, i) + of(w, i)) | 0;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] = (of(state, i) + word) | 0));
}
