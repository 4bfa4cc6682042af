/** An invite link that somebody follows who is in already. */

import { Show, createEffect, createSignal } from "solid-js";
import { RequestFailed, type InviteView } from "../../client/types";
import { NO_CONNECTION } from "../../state/kinds";
import { Modal } from "../above/Modal";
import { Avatar } from "../Avatar";
import { useMessenger, useShell } from "../shell";

export function FollowLink(props: { token: string }) {
  const shell = useShell();
  const state = useMessenger();
  const { messenger } = state;
  const [invite, setInvite] = createSignal<InviteView | number>();
  createEffect(() => {
    messenger.invite(props.token).then(setInvite, (error: unknown) => setInvite(codeOf(error)));
  });
  const found = () => {
    const value = invite();
    return typeof value === "object" ? value : undefined;
  };
  const refusal = () => {
    const value = invite();
    return typeof value === "number" ? shell.language().reason(value) : "";
  };
  const label = () => {
    const { chat, memberCount, title } = found() ?? { chat: 0, memberCount: 0, title: "" };
    if (chat) return shell.t("openChat");
    return memberCount > 0 ? shell.t("joinGroup") : shell.t("writeTo", { name: title });
  };
  const follow = () => {
    const chat = found()?.chat ?? 0;
    if (chat) shell.nav.openChat(chat);
    else void state.openWhenMade(messenger.joinByInvite(props.token));
  };
  return (
    <Modal class="sheet" label={shell.t("inviteLink")} close={() => shell.nav.up()}>
      <div class="card">
        <Show
          when={found()}
          fallback={
            <p class="hint">
              {refusal() ? shell.t("refused", { reason: refusal() }) : shell.t("updating")}
            </p>
          }
        >
          {(target) => (
            <>
              <Avatar id={target().chat} name={target().title} isGroup={target().memberCount > 0} />
              <h2 dir="auto">{target().title}</h2>
              <Show when={target().memberCount > 0}>
                <p class="hint">{shell.t("members", { count: target().memberCount })}</p>
              </Show>
              <button class="primary" onClick={follow}>
                {label()}
              </button>
            </>
          )}
        </Show>
        <button class="quiet" onClick={() => shell.nav.up()}>
          {shell.t("cancel")}
        </button>
      </div>
    </Modal>
  );
}

function codeOf(error: unknown): number {
  return error instanceof RequestFailed ? error.code : NO_CONNECTION;
}
