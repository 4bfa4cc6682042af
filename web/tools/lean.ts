/** Keeps the first load small: one script, and a short loader for what comes later. */
import type { Plugin } from "vite";

/**
 * What wraps every dynamic import: the stylesheet of a part comes before the part. The
 * bundler's own helper is four times as long and fetches scripts ahead, which nobody
 * waits for here.
 */
const LOADER = `
export const __vitePreload = (load, files = []) =>
  Promise.all(files.filter((file) => file.endsWith(".css")).map(sheet)).then(load);
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

export function lean(): Plugin {
  return {
    name: "kentong-lean",
    apply: "build",
    enforce: "pre",
    transform(_code, id) {
      return id.includes("vite/preload-helper") ? { code: LOADER, map: null } : undefined;
    },
  };
}

/** Solid would stand in a file of its own, for one more round trip. */
export const FIRST = { groups: [{ name: "index", test: /solid-js|main\.tsx/ }] };
