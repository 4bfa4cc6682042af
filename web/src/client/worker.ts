/** The service worker, seen from the page: registered late, renewed only when told to. */

/** Register the worker if there is none. Nothing is fetched where there is one. */
export async function keepWorker(): Promise<void> {
  const found = await navigator.serviceWorker.getRegistration();
  if (!found) await navigator.serviceWorker.register("/sw.js").catch(() => undefined);
}

/** The server serves another build: fetch it in the background; resolves when it is here. */
export async function renewWorker(): Promise<void> {
  const found = await navigator.serviceWorker.getRegistration();
  if (!found) return;
  await found.update().catch(() => undefined);
  const coming = found.installing ?? found.waiting;
  if (!coming || coming.state === "activated") return;
  await new Promise<void>((resolve) => {
    coming.onstatechange = () => {
      if (coming.state === "activated" || coming.state === "redundant") resolve();
    };
  });
}

/** Ask the browser not to clear away what is stored here, now that there is something to lose. */
export async function keepStorage(): Promise<void> {
  await navigator.storage?.persist?.().catch(() => false);
}

/** Ask the browser to send the outbox when there is a network, even if the page is closed. */
export async function sendLater(): Promise<void> {
  const found = await navigator.serviceWorker.getRegistration();
  const sync = (found as { sync?: { register(tag: string): Promise<void> } } | undefined)?.sync;
  await sync?.register("outbox").catch(() => undefined);
}
