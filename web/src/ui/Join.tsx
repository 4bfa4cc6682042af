/** The way in: one page, one name, one button. */

import { Match, Show, Switch, createEffect, createSignal, type JSX } from "solid-js";
import { JoinState, type Door } from "../state/join";
import { Avatar } from "./Avatar";
import type { Route } from "../state/routes";
import { Logo } from "./Icon";
import { later } from "./later";
import { Legal } from "./Legal";
import { Refusal } from "./Refusal";
import { useShell } from "./shell";

const RecoverForm = later(async () => (await import("./more/RecoverForm")).RecoverForm);

/** `onInside` is called once this device is signed in and the recovery code was kept. */
export function Join(props: { door: Door; link: Route; onInside(): void }) {
  const shell = useShell();
  const join = new JoinState(props.door, props.link.join, props.link.recover);
  void join.look();
  createEffect(() => {
    if (join.step() === "inside") props.onInside();
  });
  createEffect(() => {
    if (join.error() !== 0) void shell.loadMore();
  });
  return (
    <main class="join">
      <div class="card">
        <Switch>
          <Match when={join.step() === "looking"}>
            <Looking join={join} />
          </Match>
          <Match when={join.step() === "name"}>
            <NameForm join={join} />
          </Match>
          <Match when={join.step() === "recover"}>
            <RecoverForm join={join} />
          </Match>
          <Match when={join.step() === "code"}>
            <KeepCode join={join} />
          </Match>
          <Match when={join.step() === "closed"}>
            <Shut title={shell.t("closedTitle")} hint={shell.t("closedHint")} join={join} />
          </Match>
          <Match when={join.step() === "invalid"}>
            <Shut title={shell.t("invalidTitle")} hint={shell.t("invalidHint")} join={join} />
          </Match>
        </Switch>
      </div>
      <Legal />
    </main>
  );
}

function Looking(props: { join: JoinState }) {
  const shell = useShell();
  return (
    <>
      <Logo />
      <h1>Kentong</h1>
      <p class="hint">{shell.t("tagline")}</p>
      <Refusal join={props.join} />
      <Show when={props.join.error() !== 0}>
        <button class="primary" onClick={() => void props.join.look()}>
          {shell.t("reload")}
        </button>
      </Show>
    </>
  );
}

function NameForm(props: { join: JoinState }) {
  const shell = useShell();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void props.join.join();
      }}
    >
      <Inviter join={props.join} />
      <label>
        {shell.t("yourName")}
        <input
          autofocus
          autocomplete="name"
          dir="auto"
          maxlength="128"
          value={props.join.name()}
          onInput={(event) => props.join.setName(event.currentTarget.value)}
        />
        <small>{shell.t("nameHint")}</small>
      </label>
      <Refusal join={props.join} />
      <button class="primary" disabled={!props.join.canJoin() || props.join.isBusy()}>
        {shell.t(props.join.isBusy() ? "joining" : "join")}
      </button>
      <Have join={props.join} />
    </form>
  );
}

/** Who or what waits behind the link. */
function Inviter(props: { join: JoinState }) {
  const shell = useShell();
  const invite = () => props.join.invite();
  const isNamed = () => !!invite()?.title;
  const isGroup = () => invite()?.kind === "group";
  const name = () => invite()?.title ?? "";
  return (
    <>
      <Show when={isNamed()} fallback={<Logo />}>
        <Avatar id={0} name={name()} isGroup={isGroup()} />
      </Show>
      <Show when={isGroup()}>
        <p class="hint">{shell.t("invitesGroup")}</p>
      </Show>
      <h1 dir="auto">
        {isGroup()
          ? name()
          : isNamed()
            ? shell.t("invitesYou", { name: name() })
            : shell.t("openTitle")}
      </h1>
      <p class="hint">
        {isGroup()
          ? shell.t("members", { count: invite()?.memberCount ?? 0 })
          : shell.t(invite()?.kind === "owner" ? "ownerHint" : "openHint")}
      </p>
    </>
  );
}

function Have(props: { join: JoinState }) {
  const shell = useShell();
  return (
    <button type="button" class="quiet" onClick={() => props.join.haveAccount()}>
      {shell.t("haveAccount")}
    </button>
  );
}

function KeepCode(props: { join: JoinState }) {
  const shell = useShell();
  const [isCopied, setCopied] = createSignal(false);
  const copy = async () => {
    await navigator.clipboard.writeText(props.join.recoveryCode());
    setCopied(true);
  };
  return (
    <>
      <h1>{shell.t("keepCode")}</h1>
      <p class="hint">{shell.t("keepCodeHint")}</p>
      <output class="recovery">{props.join.recoveryCode()}</output>
      <Show when={navigator.clipboard}>
        <button class="quiet" onClick={() => void copy()}>
          {shell.t(isCopied() ? "copied" : "copy")}
        </button>
      </Show>
      <button class="primary" onClick={() => props.join.keptCode()}>
        {shell.t("savedCode")}
      </button>
    </>
  );
}

function Shut(props: { title: string; hint: string; join: JoinState }): JSX.Element {
  void useShell().loadMore();
  return (
    <>
      <Logo />
      <h1>{props.title}</h1>
      <p class="hint">{props.hint}</p>
      <Have join={props.join} />
    </>
  );
}
