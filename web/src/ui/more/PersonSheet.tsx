/** A person: write, block, report. */

import { Show } from "solid-js";
import { ChatKind } from "../../state/kinds";
import { Avatar } from "../Avatar";
import * as icons from "../icons";
import { useMessenger, useShell } from "../shell";
import { nameOf } from "../words";
import { Action } from "./GroupInfo";
import * as more from "./icons";
import { SheetFrame } from "./SheetFrame";

export function PersonSheet(props: { user: number }) {
  const shell = useShell();
  const state = useMessenger();
  const { messenger } = state;
  const name = () => nameOf({ shell, state }, props.user);
  const isMe = () => props.user === state.status().user;
  const isBlocked = () => state.isBlocked(props.user);
  /** A report is about what happened in a chat: from a group it is made at the message. */
  const isDirect = () => state.chat()?.view()?.kind === ChatKind.DIRECT;
  const block = () =>
    shell.ask({
      title: shell.t("blockAsk", { name: name() }),
      hint: shell.t("blockHint"),
      action: shell.t("block"),
      isDanger: true,
      run: () => void state.attempt(messenger.blockUser(props.user, true)),
    });
  const unblock = () => void state.attempt(messenger.blockUser(props.user, false));
  return (
    <SheetFrame title={name()}>
      <div class="who">
        <Avatar id={props.user} name={name()} />
        <h3 dir="auto">{name()}</h3>
      </div>
      <Show when={!isMe()}>
        <div class="actions">
          <Action
            icon={icons.edit}
            label={shell.t("startChat")}
            run={() => void state.openWhenMade(messenger.openDirect(props.user))}
          />
          <Show
            when={isBlocked()}
            fallback={<Action icon={more.block} label={shell.t("block")} isDanger run={block} />}
          >
            <Action icon={more.block} label={shell.t("unblock")} run={unblock} />
          </Show>
          <Show when={isDirect()}>
            <Action
              icon={icons.flag}
              label={shell.t("report")}
              run={() => shell.nav.openSheet({ name: "report", seq: 0 })}
            />
          </Show>
        </div>
      </Show>
    </SheetFrame>
  );
}
