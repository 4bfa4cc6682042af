/** An invite link to oneself or, from a group, to that group. */

import { Show, createSignal } from "solid-js";
import { ChatKind } from "../../state/kinds";
import { useMessenger, useShell } from "../shell";
import { Qr } from "./Qr";
import { SheetFrame } from "./SheetFrame";

export function InviteSheet() {
  const shell = useShell();
  const state = useMessenger();
  const [link, setLink] = createSignal("");
  const [isBusy, setBusy] = createSignal(false);
  const group = () => {
    const view = state.chat()?.view();
    return view?.kind === ChatKind.GROUP ? view : null;
  };
  const make = async () => {
    setBusy(true);
    const token = await state.attempt(state.messenger.makeInvite(group()?.id ?? 0));
    setBusy(false);
    if (token) setLink(`${location.origin}/#join=${token}`);
  };
  const isOffline = () => state.status().link !== "online";
  return (
    <SheetFrame title={shell.t("inviteLink")}>
      <Show when={group()}>{(view) => <h3 dir="auto">{view().title}</h3>}</Show>
      <p class="hint">{shell.t(group() ? "linkHintGroup" : "linkHintPerson")}</p>
      <Show
        when={link()}
        fallback={
          <>
            <Show when={isOffline()}>
              <p class="hint">{shell.t("needsLink")}</p>
            </Show>
            <button class="primary" disabled={isBusy() || isOffline()} onClick={() => void make()}>
              {shell.t("makeLink")}
            </button>
          </>
        }
      >
        <Ready link={link()} />
      </Show>
    </SheetFrame>
  );
}

function Ready(props: { link: string }) {
  const shell = useShell();
  const copy = async () => {
    await navigator.clipboard.writeText(props.link);
    shell.say(shell.t("copied"));
  };
  // Closing the share sheet rejects: nothing is wrong then.
  const share = () => void navigator.share({ url: props.link }).catch(() => undefined);
  return (
    <>
      <Qr text={props.link} label={shell.t("qrLabel")} />
      <output class="recovery">{props.link}</output>
      <div class="pair">
        <Show when={navigator.clipboard}>
          <button class="primary" onClick={() => void copy()}>
            {shell.t("copy")}
          </button>
        </Show>
        <Show when={"share" in navigator}>
          <button class="quiet" onClick={share}>
            {shell.t("share")}
          </button>
        </Show>
      </div>
    </>
  );
}
