/** What most readers never have to know. */

import { Show, createSignal } from "solid-js";
import { ErrorCode } from "../../state/kinds";
import { Icon } from "../Icon";
import * as icons from "../icons";
import { useMessenger, useShell } from "../shell";

const RETRY = "M19.5 12a7.5 7.5 0 11-2.2-5.3M19.5 3v4.5H15";
const INFO = "M12 21a9 9 0 100-18 9 9 0 000 18zM12 11v5.5M12 7.5v.01";

export function RareBanners() {
  const shell = useShell();
  const state = useMessenger();
  void shell.loadMore();
  return (
    <>
      <Show when={state.status().ended !== 0}>
        <Ended code={state.status().ended} />
      </Show>
      <Show when={state.status().updateReady}>
        <p class="banner good">
          <Icon path={RETRY} />
          {shell.t("updateReady")}
          <button onClick={() => location.reload()}>{shell.t("reload")}</button>
        </p>
      </Show>
      <Show when={state.isBereft()}>
        <Dismissible text={shell.t("evicted")} />
      </Show>
      <Show when={!isSecureContext}>
        <Dismissible text={`${shell.t("insecure")} ${shell.t("insecureHow")}`} />
      </Show>
    </>
  );
}

function Ended(props: { code: number }) {
  const shell = useShell();
  const state = useMessenger();
  const again = async () => {
    await state.messenger.signOut();
    location.replace("/");
  };
  const isSuspended = () => props.code === ErrorCode.SUSPENDED;
  const text = () => {
    if (isSuspended()) return shell.t("suspended");
    return props.code === ErrorCode.UNAUTHORISED
      ? shell.t("signedOut")
      : shell.t("startFailed", { reason: shell.language().reason(props.code) });
  };
  return (
    <p class="banner bad">
      <Icon path={INFO} />
      {text()}
      <Show when={props.code === ErrorCode.UNAUTHORISED}>
        <button onClick={() => void again()}>{shell.t("signInAgain")}</button>
      </Show>
    </p>
  );
}

/** Said once for each start of the app, until the reader closes it. */
function Dismissible(props: { text: string }) {
  const shell = useShell();
  const [isOpen, setOpen] = createSignal(true);
  return (
    <Show when={isOpen()}>
      <p class="banner warn">
        <Icon path={INFO} />
        {props.text}
        <button class="round" aria-label={shell.t("close")} onClick={() => setOpen(false)}>
          <Icon path={icons.close} />
        </button>
      </p>
    </Show>
  );
}
