import { afterEach, expect, test, vi } from "vitest";
import { Tabs, type Talk } from "../src/client/tabs";

const opened: { stop(): void }[] = [];

/** A tab that asks its leader for something whenever it begins to follow, as the hub does. */
function open(name: string): { tabs: Tabs; said: string[] } {
  const said: string[] = [];
  const tabs: Tabs = new Tabs(name, {
    lead: () => said.push("lead"),
    follow: () => {
      said.push("follow");
      tabs.expectLeader();
    },
    hear: ({ about }) => said.push(about),
  });
  opened.push(tabs);
  tabs.start();
  return { tabs, said };
}

/** Messages of tabs, until `count` of our own made their way. */
async function overheard(name: string, count: number): Promise<string[]> {
  const own = { mouth: new BroadcastChannel(name), ear: new BroadcastChannel(name) };
  const heard: string[] = [];
  await new Promise<void>((resolve) => {
    let left = count;
    const echo = (): void => own.mouth?.postMessage({ about: "echo" });
    own.ear.onmessage = ({ data }: MessageEvent<Talk>) => {
      if (data.about !== "echo") heard.push(data.about);
      else if (--left > 0) echo();
      else resolve();
    };
    echo();
  });
  own.mouth.close();
  own.ear.close();
  return heard;
}

afterEach(() => {
  vi.unstubAllGlobals();
  opened.splice(0).forEach((tabs) => tabs.stop());
});

test("without locks one tab leads, and the others don't ask without end", async () => {
  vi.stubGlobal("navigator", {});
  vi.stubGlobal("addEventListener", () => undefined);
  const first = open("plain");
  await vi.waitFor(() => expect(first.said).toEqual(["lead"]));
  const second = open("plain");
  await vi.waitFor(() => expect(second.said).toContain("follow"));
  const heard = await overheard("plain", 200);
  expect(heard.length).toBeLessThan(4);
  expect(second.said.filter((word) => word === "follow")).toHaveLength(1);
  expect(first.tabs.isLeader && !second.tabs.isLeader).toBe(true);
});

test("a tab that nobody answers takes the lock from a tab that was frozen", async () => {
  const requests: boolean[] = [];
  let rob = (): void => undefined;
  const request = (_name: string, { steal }: LockOptions, lead: () => Promise<void>) => {
    requests.push(steal === true);
    if (!steal) return new Promise(() => undefined); // a frozen tab holds it
    const stolen = new Promise((_, reject) => {
      rob = () => reject(new DOMException("stolen", "AbortError"));
    });
    return Promise.race([lead(), stolen]);
  };
  vi.stubGlobal("navigator", { locks: { request } });
  const { tabs, said } = open("frozen");
  tabs.expectLeader();
  await vi.waitFor(() => expect(said).toEqual(["lead"]), 4_000);
  expect(requests).toEqual([false, true]);
  rob();
  await vi.waitFor(() => expect(said).toEqual(["lead", "follow"]));
  expect(requests).toEqual([false, true, false]);
});
