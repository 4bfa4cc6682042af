/** QR codes (ISO/IEC 18004): byte mode, error correction M, versions 1 to 10. Pure. */

/** Of each version: all codewords, error correction codewords per block, blocks. */
const VERSIONS = [
  [26, 10, 1],
  [44, 16, 1],
  [70, 26, 1],
  [100, 18, 2],
  [134, 24, 2],
  [172, 16, 4],
  [196, 18, 4],
  [242, 22, 4],
  [292, 22, 5],
  [346, 26, 5],
] as const;

const MASKS: readonly ((row: number, column: number) => boolean)[] = [
  (r, c) => (r + c) % 2 === 0,
  (r) => r % 2 === 0,
  (_r, c) => c % 3 === 0,
  (r, c) => (r + c) % 3 === 0,
  (r, c) => ((r >> 1) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
  (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
];

/** A square of modules: true is dark, undefined not yet drawn. */
type Grid = (boolean | undefined)[][];

/** Rows of dark (true) modules without the quiet zone; null: the text is too long (213 bytes). */
export function qrCode(text: string): boolean[][] | null {
  const bytes = new TextEncoder().encode(text);
  const version = fitting(bytes.length);
  if (version === 0) return null;
  const stream = codewords(bytes, version);
  const candidates = MASKS.map((_, mask) => draw(stream, version, mask));
  const best = candidates.reduce((a, b) => (penalty(b) < penalty(a) ? b : a));
  return best;
}

function dataCodewords(version: number): number {
  const [all, correction, blocks] = VERSIONS[version - 1] ?? [0, 0, 0];
  return all - correction * blocks;
}

function fitting(length: number): number {
  const index = VERSIONS.findIndex((_, at) => {
    const header = at + 1 >= 10 ? 3 : 2;
    return length + header <= dataCodewords(at + 1);
  });
  return index + 1;
}

// -- Codewords ---------------------------------------------------------------------------

function codewords(bytes: Uint8Array, version: number): number[] {
  const data = packed(bytes, version);
  const [all, correction, blocks] = VERSIONS[version - 1] ?? [0, 0, 1];
  const short = Math.floor(all / blocks) - correction;
  const longBlocks = all % blocks;
  const parts: number[][] = [];
  for (let block = 0, at = 0; block < blocks; block++) {
    const length = short + (block >= blocks - longBlocks ? 1 : 0);
    parts.push(data.slice(at, at + length));
    at += length;
  }
  return [...interleaved(parts), ...interleaved(parts.map((part) => remainder(part, correction)))];
}

function interleaved(parts: readonly number[][]): number[] {
  const longest = Math.max(...parts.map((part) => part.length));
  return Array.from({ length: longest }, (_, at) =>
    parts.flatMap((part) => part.slice(at, at + 1)),
  ).flat();
}

/** Mode, length, text, end mark, padding. */
function packed(bytes: Uint8Array, version: number): number[] {
  const capacity = dataCodewords(version);
  const lengthBytes = version >= 10 ? [bytes.length >> 8, bytes.length & 255] : [bytes.length];
  // The mode is half a byte: everything after it stands across the edges of bytes.
  const nibbles = [4, ...[...lengthBytes, ...bytes].flatMap((byte) => [byte >> 4, byte & 15]), 0];
  const data: number[] = [];
  for (let at = 0; at < nibbles.length; at += 2) {
    data.push(((nibbles[at] ?? 0) << 4) | (nibbles[at + 1] ?? 0));
  }
  for (let pad = 0xec; data.length < capacity; pad ^= 0xec ^ 0x11) data.push(pad);
  return data;
}

/** Product in the field of 256 elements with the polynomial 0x11d. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> bit) & 1) * a;
  }
  return product;
}

/** The Reed-Solomon check of a block. */
function remainder(data: readonly number[], length: number): number[] {
  let generator = [1];
  for (let power = 0, root = 1; power < length; power++, root = multiply(root, 2)) {
    const longer = [...generator, 0];
    generator = longer.map((value, at) => value ^ multiply(generator[at - 1] ?? 0, root));
  }
  let rest: number[] = Array.from({ length }, () => 0);
  for (const byte of data) {
    const factor = byte ^ (rest[0] ?? 0);
    rest = [...rest.slice(1), 0].map(
      (value, at) => value ^ multiply(generator[at + 1] ?? 0, factor),
    );
  }
  return rest;
}

// -- Drawing -----------------------------------------------------------------------------

function draw(stream: readonly number[], version: number, mask: number): boolean[][] {
  const size = 17 + 4 * version;
  const grid: Grid = Array.from({ length: size }, () =>
    Array.from({ length: size }, () => undefined),
  );
  drawFinders(grid, size);
  drawAlignment(grid, version, size);
  for (let at = 8; at < size - 8; at++) {
    set(grid, 6, at, at % 2 === 0);
    set(grid, at, 6, at % 2 === 0);
  }
  drawFormat(grid, size, mask);
  if (version >= 7) drawVersion(grid, size, version);
  drawData(grid, size, stream, mask);
  return grid.map((row) => row.map((module) => module === true));
}

function set(grid: Grid, row: number, column: number, isDark: boolean): void {
  const line = grid[row];
  if (line && column >= 0 && column < line.length) line[column] = isDark;
}

function drawFinders(grid: Grid, size: number): void {
  for (const [row, column] of [
    [3, 3],
    [3, size - 4],
    [size - 4, 3],
  ] as const) {
    drawRings(grid, row, column, [true, true, false, true, false]);
  }
}

/** Squares around a centre, one for each colour given. */
function drawRings(grid: Grid, row: number, column: number, rings: readonly boolean[]): void {
  const radius = rings.length - 1;
  for (let r = -radius; r <= radius; r++) {
    for (let c = -radius; c <= radius; c++) {
      set(grid, row + r, column + c, rings[Math.max(Math.abs(r), Math.abs(c))] === true);
    }
  }
}

function drawAlignment(grid: Grid, version: number, size: number): void {
  if (version === 1) return;
  const middle = version >= 7 ? [(size - 1) / 2] : [];
  const places = [6, ...middle, size - 7];
  for (const row of places) {
    for (const column of places) {
      if (grid[row]?.[column] !== undefined && !isMiddle(row, column, middle)) continue;
      drawRings(grid, row, column, [true, false, true]);
    }
  }
}

function isMiddle(row: number, column: number, middle: readonly number[]): boolean {
  return middle.includes(row) || middle.includes(column);
}

/** Appends the check bits of a shortened BCH code. */
function withCheck(value: number, checkBits: number, generator: number): number {
  let rest = value << checkBits;
  for (let bit = 31 - Math.clz32(rest); rest >= 1 << checkBits; bit = 31 - Math.clz32(rest)) {
    rest ^= generator << (bit - checkBits);
  }
  return (value << checkBits) | rest;
}

/** Twice: error correction M (0) and the mask, around the finders. */
function drawFormat(grid: Grid, size: number, mask: number): void {
  const bits = withCheck(mask, 10, 0x537) ^ 0x5412;
  for (let at = 0; at < 15; at++) {
    const isDark = ((bits >> at) & 1) === 1;
    const along = at < 6 ? at : at < 8 ? at + 1 : size - 15 + at;
    const across = at < 8 ? size - 1 - at : at === 8 ? 7 : 14 - at;
    set(grid, along, 8, isDark);
    set(grid, 8, across, isDark);
  }
  set(grid, size - 8, 8, true);
}

function drawVersion(grid: Grid, size: number, version: number): void {
  const bits = withCheck(version, 12, 0x1f25);
  for (let at = 0; at < 18; at++) {
    const isDark = ((bits >> at) & 1) === 1;
    const far = size - 11 + (at % 3);
    set(grid, Math.floor(at / 3), far, isDark);
    set(grid, far, Math.floor(at / 3), isDark);
  }
}

/** Up and down in pairs of columns from the right, past what is drawn. */
function drawData(grid: Grid, size: number, stream: readonly number[], mask: number): void {
  const isMasked = MASKS[mask] ?? (() => false);
  let bit = 0;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    const isUpward = ((right + 1) & 2) === 0;
    for (let step = 0; step < 2 * size; step++) {
      const row = isUpward ? size - 1 - (step >> 1) : step >> 1;
      const column = right - (step & 1);
      if (grid[row]?.[column] !== undefined) continue;
      const isDark = (((stream[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
      set(grid, row, column, isDark !== isMasked(row, column));
      bit++;
    }
  }
}

/** How hard a camera may find it: long runs and blocks of one colour. */
function penalty(grid: readonly boolean[][]): number {
  let sum = 0;
  grid.forEach((row, r) => {
    row.forEach((module, c) => {
      const below = grid[r + 1];
      if (below?.[c] === module && row[c + 1] === module && below[c + 1] === module) sum += 3;
      const run = [1, 2, 3, 4];
      if (run.every((step) => row[c + step] === module)) sum += 2;
      if (run.every((step) => grid[r + step]?.[c] === module)) sum += 2;
    });
  });
  return sum;
}
