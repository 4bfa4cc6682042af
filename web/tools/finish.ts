/** What follows the bundle: the service worker, the build's number, compressed siblings. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { minify } from "terser";
import { build, type Plugin } from "vite";

const WORKER = resolve(import.meta.dirname, "../src/sw/sw.ts");
const COMPRESSED = /\.(html|js|css|svg|webmanifest|json|txt)$/;
const BYTES_MIN = 200; // below this the headers weigh more than what is saved
const STYLESHEET = /<link rel="stylesheet"[^>]* href="([^"]+)">/;
const PLACEHOLDER = 'data-build="0"';

/** Runs once the bundle is written; `output` is its folder. */
export function finish(output: string): Plugin {
  return {
    name: "kentong-finish",
    apply: "build",
    async writeBundle() {
      for (const path of files(output)) if (path.endsWith(".js")) await shorten(path);
      inline(output);
      const number = stamp(output);
      await worker(output, number);
      files(output).forEach((path) => compress(path));
    },
  };
}

/** What the bundler's own minifier leaves: another 2 % of what travels. */
async function shorten(path: string): Promise<void> {
  const compress = { passes: 2, unsafe_arrows: true };
  const { code } = await minify(readFileSync(path, "utf8"), { module: true, ecma: 2020, compress });
  if (!code) throw new Error(`nothing is left of ${path}`);
  writeFileSync(path, code);
}

/** The page's styles go into the page: one response less. The server allows them by their hash. */
function inline(output: string): void {
  const index = join(output, "index.html");
  const page = readFileSync(index, "utf8").replace(STYLESHEET, (_, path: string) => {
    const style = readFileSync(join(output, path), "utf8").trim();
    if (style.includes("</")) throw new Error("a stylesheet would end its own element");
    rmSync(join(output, path));
    return `<style>${style}</style>`;
  });
  if (!page.includes("<style>")) throw new Error("index.html names no stylesheet");
  writeFileSync(index, page);
}

/**
 * The build's number, 1 … 65,535, from all that was built; it goes into index.html
 * (so that no hashed file changes with it) and into build.json for the server.
 */
function stamp(output: string): number {
  const hash = createHash("sha256");
  for (const path of files(output)) {
    hash.update(path.slice(output.length)).update(readFileSync(path));
  }
  if (existsSync(WORKER)) hash.update(readFileSync(WORKER));
  const number = (hash.digest().readUInt16BE(0) % 65_535) + 1;
  const index = join(output, "index.html");
  const page = readFileSync(index, "utf8");
  if (!page.includes(PLACEHOLDER)) throw new Error(`index.html lacks <html ${PLACEHOLDER}>`);
  writeFileSync(index, page.replace(PLACEHOLDER, `data-build="${number}"`));
  writeFileSync(join(output, "build.json"), `{"build":${number}}\n`);
  return number;
}

/** One file of its own without imports, under a name that stays. */
async function worker(output: string, number: number): Promise<void> {
  if (!existsSync(WORKER)) return;
  const shell = files(output).map((path) => path.slice(output.length));
  const kept = shell.filter((path) => !/\.(map|json)$/.test(path));
  await build({
    configFile: false,
    publicDir: false,
    logLevel: "warn",
    define: { BUILD: String(number), SHELL: JSON.stringify(kept) },
    build: {
      outDir: output,
      emptyOutDir: false,
      target: "es2022",
      reportCompressedSize: false,
      lib: { entry: WORKER, formats: ["iife"], name: "worker", fileName: () => "sw.js" },
    },
  });
  await shorten(join(output, "sw.js"));
}

/** What the server sends instead, as `<file>.br` and `<file>.gz`. */
function compress(path: string): void {
  const plain = readFileSync(path);
  if (!COMPRESSED.test(path) || plain.length < BYTES_MIN) return;
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 22,
    [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
  };
  writeFileSync(`${path}.br`, brotliCompressSync(plain, { params }));
  writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
}

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
