/** An invite link that somebody follows who is in already. */

import { Show, createResource } from "solid-js";
import { RequestFailed } from "../../client/types";
import { NO_CONNECTION } from "../../state/kinds";
import { Avatar } from "../Avatar";
import { useMessenger, useShell } from "../shell";
import "../styles/more.css";

export default function FollowLink(props: { token: string }) {
  const shell = useShell();
  const state = useMessenger();
  const { messenger } = state;
  const [invite] = createResource(
    () => props.token,
    (token) => messenger.invite(token).catch((error: unknown) => codeOf(error)),
  );
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
    <div class="card">
      <Show when={found()} fallback={<p class="hint">{refusal() ? shell.t("refused", { reason: refusal() }) : shell.t("updating")}</p>}>
        {(target) => (
          <>
            <Avatar id={target().chat} name={target().title} isGroup={target().memberCount > 0} />
            <h2 dir="auto">{target().title}</h2>
            <Show when={target().memberCount > 0}>
              <p class="hint">{shell.t("members", { count: target().memberCount })}</p>
            </Show>
            <button class="primary" onClick={follow}>{label()}</button>
          </>
        )}
      </Show>
      <button class="quiet" onClick={() => shell.nav.up()}>{shell.t("cancel")}</button>
    </div>
  );
}

function codeOf(error: unknown): number {
  return error instanceof RequestFailed ? error.code : NO_CONNECTION;
}
