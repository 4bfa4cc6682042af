/** Keeps the first load small: one script, and a short loader for what comes later. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Plugin } from "vite";

/**
 * What wraps every dynamic import: the stylesheet of a part comes before the part. The
 * bundler's own helper is four times as long and fetches scripts ahead, which nobody
 * waits for here.
 */
const LOADER = `
export const __vitePreload = (load, files) => Promise.all(files.map(sheet)).then(load);
const sheet = (file) => {
  const href = "/" + file;
  if (document.querySelector('link[href="' + href + '"]')) return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  document.head.append(link);
  return new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = () => {
      link.remove();
      reject(new Error(href));
    };
  });
};
`;

/**
 * Parts of Solid that are off until one of UNUSED switches them on, each a variable that
 * is null till then. Said to be null for good, what hangs on them can be left out.
 */
const SWITCHES = /\b(Transition|Scheduler|ExternalSourceConfig|SuspenseContext)\b(?!\s*[=:](?!=))/g;
const HYDRATION =
  /\bsharedConfig\.(context|registry|events|effects|done|count)\b(?!\s*=(?!=)|\+\+|--)/g;
/** What only those leave on a computation, and templates of formulas. */
const LEFT = /\bnode\.(suspense|tOwned)\b(?!\s*=(?!=))|\bisMathML(?= \?)/g;
const UNUSED =
  /\b(startTransition|useTransition|enableScheduling|enableExternalSource|Suspense|lazy|hydrate)\b/;

function withoutUnused(code: string): string {
  return code
    .replace("let SuspenseContext;", "let SuspenseContext = null;")
    .replace(SWITCHES, "null")
    .replace(HYDRATION, "(void 0)")
    .replace(LEFT, "(void 0)");
}

function importsUnused(code: string): boolean {
  const imports = code.match(/import[^;]*from "solid-js[^;]*;/g) ?? [];
  return imports.some((line) => UNUSED.test(line));
}

const CODES = resolve(import.meta.dirname, "../src/protocol/codes.gen.ts");
const ENUM = /export const (\w+) = \{([^}]*)\}/g;
const ENTRY = /(\w+): (\d+),/g;

/** Every named code, like "ChatKind.GROUP", and its number. */
function codes(): Map<string, string> {
  const entries = [...readFileSync(CODES, "utf8").matchAll(ENUM)].flatMap(([, kind, body]) =>
    [...(body ?? "").matchAll(ENTRY)].map(([, name, number]) => [`${kind}.${name}`, `${number}`]),
  );
  return new Map(entries as [string, string][]);
}

/** The bundler does so itself, but not with codes of which a later part has need, too. */
function withNumbers(code: string, numbers: Map<string, string>): string {
  return code.replace(/\b[A-Z]\w+\.[A-Z_]+\b/g, (named) => numbers.get(named) ?? named);
}

export function lean(): Plugin {
  const numbers = codes();
  return {
    name: "kentong-lean",
    apply: "build",
    enforce: "pre",
    transform(code, id) {
      if (id.includes("vite/preload-helper")) return { code: LOADER, map: null };
      if (/solid-js\/(web\/)?dist\//.test(id)) return { code: withoutUnused(code), map: null };
      if (/\/src\//.test(id) && importsUnused(code)) {
        this.error(`${id} uses a part of Solid that tools/lean.ts leaves out`);
      }
      if (/\/src\//.test(id)) return { code: withNumbers(code, numbers), map: null };
      return undefined;
    },
  };
}

/** Solid would stand in a file of its own, for one more round trip. */
export const FIRST = { groups: [{ name: "index", test: /solid-js|main\.tsx/ }] };
