import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createRoot } from "solid-js";
import { MadeUpMessenger } from "../../dev/messenger";
import { ChatState } from "../../src/state/chat";
import { JoinState, type Door } from "../../src/state/join";
import { RequestFailed } from "../../src/client/types";

const utcDay = (at: number) => at - (at % 86_400_000);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function opened(
  wish: Record<string, string>,
): Promise<{ chat: ChatState; messenger: MadeUpMessenger }> {
  const messenger = new MadeUpMessenger(new URLSearchParams(wish));
  const chat = createRoot(() => new ChatState(messenger, 1, utcDay));
  messenger.onChange((change) => change.chats.includes(1) && void chat.refresh());
  void chat.open();
  await vi.advanceTimersByTimeAsync(500);
  return { chat, messenger };
}

const rowsOf = (chat: ChatState) =>
  chat.days
    .places()
    .flatMap((day) =>
      day.value().entries.flatMap((entry) => (entry.kind === "row" ? [entry.row] : [])),
    );

test("a chat without unread messages opens at its end", async () => {
  const { chat } = await opened({ rows: "500", unread: "0" });
  expect(chat.target()).toEqual({ seq: 0, flash: false });
  expect(rowsOf(chat).at(-1)?.seq).toBe(500);
  expect(chat.reachesEnd()).toBe(true);
});

test("a chat with unread messages opens at the first of them", async () => {
  const { chat } = await opened({ rows: "500", unread: "200" });
  expect(chat.target()?.seq).toBe(301);
  expect(rowsOf(chat).some((row) => row.seq === 301)).toBe(true);
  expect(chat.reachesEnd()).toBe(false);
});

test("a text that was sent shows at once and keeps its place when the server has it", async () => {
  const { chat } = await opened({ rows: "50", unread: "0" });
  chat.composer.type("hello");
  await chat.send();
  await vi.advanceTimersByTimeAsync(200);
  const waiting = rowsOf(chat).at(-1);
  expect(waiting).toMatchObject({ text: "hello", state: "waiting" });
  expect(chat.composer.text()).toBe("");
  await vi.advanceTimersByTimeAsync(2_000);
  expect(rowsOf(chat).at(-1)).toMatchObject({ key: waiting?.key, state: "sent", seq: 51 });
});

test("an edit puts the draft aside and gives it back", async () => {
  const { chat } = await opened({ rows: "50", unread: "0" });
  const [row] = rowsOf(chat).filter((row) => row.author === 1 && row.kind === 0);
  if (!row) throw new Error("nothing of one's own to edit");
  chat.composer.type("half a thought");
  chat.composer.edit(row);
  expect(chat.composer.text()).toBe(row.text);
  chat.composer.type("better");
  await chat.send();
  await vi.advanceTimersByTimeAsync(200);
  expect(chat.composer.text()).toBe("half a thought");
  expect(rowsOf(chat).find((other) => other.seq === row.seq)).toMatchObject({
    text: "better",
    edited: true,
  });
});

test("a refused text can be written again", async () => {
  const { chat } = await opened({ rows: "50", unread: "0" });
  chat.composer.type("fail");
  await chat.send();
  await vi.advanceTimersByTimeAsync(200);
  const failed = rowsOf(chat).at(-1);
  expect(failed?.state).toBe("failed");
  if (failed) await chat.takeBack(failed);
  expect(chat.composer.text()).toBe("fail");
});

test("more than 4,000 characters can't be sent", async () => {
  const { chat } = await opened({ rows: "5", unread: "0" });
  chat.composer.type("😱".repeat(4_000));
  expect([chat.composer.left(), chat.composer.canSend()]).toEqual([0, true]);
  chat.composer.type("😱".repeat(4_001));
  expect([chat.composer.left(), chat.composer.canSend()]).toEqual([-1, false]);
});

test("somebody who stops typing is forgotten", async () => {
  const { chat } = await opened({ rows: "5", unread: "0" });
  chat.userTypes(3);
  expect(chat.typing()).toEqual([3]);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(chat.typing()).toEqual([]);
});

test("reading far up is not disturbed by new messages", async () => {
  const { chat, messenger } = await opened({ rows: "500", unread: "0" });
  for (let step = 0; step < 6; step++) {
    chat.loadOlder();
    await vi.advanceTimersByTimeAsync(200);
  }
  chat.seen(0, false);
  const before = rowsOf(chat).map((row) => row.seq);
  messenger.hear(1, 3, "news");
  await vi.advanceTimersByTimeAsync(200);
  expect(rowsOf(chat).map((row) => row.seq)).toEqual(before);
  expect(chat.view()?.unread).toBe(1);
});

const shut: Door = {
  registration: () => Promise.resolve("open"),
  invite: () => Promise.reject(new RequestFailed(23)),
  join: () => Promise.reject(new RequestFailed(24)),
  recover: () => Promise.reject(new TypeError("no network")),
  prove: () => Promise.reject(new TypeError("no network")),
  unsavedCode: () => "",
  savedCode: () => undefined,
};

test("a link that does not work says so", async () => {
  const join = createRoot(() => new JoinState(shut, "token"));
  await join.look();
  expect(join.step()).toBe("invalid");
});

test("a closed server says so, and no network is not the end", async () => {
  const join = createRoot(() => new JoinState(shut, ""));
  await join.look();
  join.setName("Ketut");
  await join.join();
  expect(join.step()).toBe("closed");
  join.haveAccount();
  join.setCode("x");
  await join.recover();
  expect([join.step(), join.error(), join.isBusy()]).toEqual(["recover", -1, false]);
});

test("without an invite only an open server asks for a name", async () => {
  for (const registration of ["open", "invite", "closed"] as const) {
    const door: Door = { ...shut, registration: () => Promise.resolve(registration) };
    const join = createRoot(() => new JoinState(door, ""));
    await join.look();
    expect(join.step()).toBe(registration === "open" ? "name" : "closed");
  }
});

test("the first owner comes in whatever the registration is", async () => {
  const target = { kind: "owner", title: "", memberCount: 0, registration: "closed" } as const;
  const door: Door = { ...shut, invite: () => Promise.resolve(target) };
  const join = createRoot(() => new JoinState(door, "token"));
  await join.look();
  expect(join.step()).toBe("name");
});

test("a link with a recovery code opens where it is typed", async () => {
  const join = createRoot(() => new JoinState(shut, "", "ABCD-1234"));
  await join.look();
  expect([join.step(), join.code()]).toEqual(["recover", "ABCD-1234"]);
  join.goBack();
  expect(join.step()).toBe("name");
});

test("the recovery code is shown before the app", async () => {
  const door: Door = { ...shut, join: () => Promise.resolve("code") };
  const join = createRoot(() => new JoinState(door, ""));
  await join.look();
  expect(join.canJoin()).toBe(false);
  join.setName(" Ketut ");
  await join.join();
  expect([join.step(), join.recoveryCode()]).toEqual(["code", "code"]);
  join.keptCode();
  expect([join.step(), join.recoveryCode()]).toEqual(["inside", ""]);
});

test("an open server's work is done while the name is typed, and once", async () => {
  const proof = { challenge: "c", nonce: "1" };
  let proofs = 0;
  const given: unknown[] = [];
  const door: Door = {
    ...shut,
    prove: () => Promise.resolve((proofs++, proof)),
    join: (_name, _token, work) => (given.push(work), Promise.reject(new RequestFailed(16))),
  };
  const join = createRoot(() => new JoinState(door, ""));
  await join.look();
  expect(proofs).toBe(0);
  for (const name of ["K", "Ke", "Ket"]) join.setName(name);
  expect(proofs).toBe(1);
  await join.join();
  expect(given).toEqual([proof]);
});

test("a recovery code that nobody saved is shown again after a reload", async () => {
  let code = "code";
  const door: Door = { ...shut, unsavedCode: () => code, savedCode: () => void (code = "") };
  const join = createRoot(() => new JoinState(door, ""));
  await join.look();
  expect([join.step(), join.recoveryCode()]).toEqual(["code", "code"]);
  join.keptCode();
  expect([join.step(), code]).toEqual(["inside", ""]);
});
