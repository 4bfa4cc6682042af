/**
 * The service worker: the app's shell without a network, and the outbox when no page is
 * open. It is registered late and fetched again only when the server says that it serves
 * another build.
 */
import { flushOutbox } from "./flush";

declare const self: ServiceWorkerGlobalScope;
/** Number of this build and what it consists of; written here by the build. */
declare const BUILD: number;
declare const SHELL: readonly string[];

interface SyncEvent extends ExtendableEvent {
  readonly tag: string;
}

const CACHE = `shell-${BUILD}`;
const PAGE = "/index.html";
const ASSETS = "/assets/";
/** What the page names, what repairs an outbox, and menus: the rest is kept when it is used. */
const FIRST = SHELL.filter((path) =>
  /^\/assets\/(index|epoch|proof|Above|Modal|actions)-[^/]+$/.test(path),
);

self.addEventListener("install", (event) => {
  event.waitUntil(install());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(activate());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (isOurs(url.pathname)) event.respondWith(page(request));
  } else if (SHELL.includes(url.pathname) || url.pathname.startsWith(ASSETS)) {
    event.respondWith(asset(request));
  }
});

self.addEventListener("sync", (event) => {
  const sync = event as SyncEvent;
  if (sync.tag === "outbox") sync.waitUntil(flush());
});

/** The page that the client draws; whatever else there is the server answers itself. */
function isOurs(path: string): boolean {
  return path === "/" || path === PAGE;
}

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  // Hashed names are in the browser's cache already; the page itself must be new.
  await cache.addAll([...FIRST]);
  await cache.put(PAGE, await checked(fetch("/", { cache: "no-cache" })));
  await Promise.all(SHELL.map((path) => keepKnown(path, cache)));
  await self.skipWaiting();
}

/** Words and parts that the page fetched before there was a worker. */
async function keepKnown(path: string, cache: Cache): Promise<void> {
  if (!path.startsWith(ASSETS)) return;
  const known = { cache: "only-if-cached", mode: "same-origin" } as const;
  const found = await fetch(path, known).catch(() => null);
  if (found?.ok) await cache.put(path, found);
}

async function checked(request: Promise<Response>): Promise<Response> {
  const response = await request;
  if (!response.ok) throw new Error(`the page: ${response.status}`);
  return response;
}

async function activate(): Promise<void> {
  const cache = await caches.open(CACHE);
  for (const name of await caches.keys()) {
    if (name === CACHE) continue;
    await keepLoaded(await caches.open(name), cache);
    await caches.delete(name);
  }
  await self.clients.claim();
}

/** Lazy parts that were in use and did not change stay available without a network. */
async function keepLoaded(from: Cache, to: Cache): Promise<void> {
  for (const request of await from.keys()) {
    const { pathname } = new URL(request.url);
    const found = SHELL.includes(pathname) ? await from.match(request) : undefined;
    if (found && pathname.startsWith(ASSETS)) await to.put(request, found);
  }
}

async function page(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(PAGE)) ?? fetch(request);
}

async function asset(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const found = await cache.match(request);
  if (found) return found;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}

/** A page that is open sends by itself. */
async function flush(): Promise<void> {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (pages.length === 0) await flushOutbox(BUILD);
}
