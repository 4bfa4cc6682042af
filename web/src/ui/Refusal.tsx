/** Why joining or signing in did not work. */

import { Show } from "solid-js";
import type { JoinState } from "../state/join";
import { useShell } from "./shell";

export function Refusal(props: { join: JoinState }) {
  const shell = useShell();
  return (
    <Show when={props.join.error() !== 0}>
      <p class="refusal" role="alert">
        {shell.t("refused", { reason: shell.language().reason(props.join.error()) })}
      </p>
    </Show>
  );
}
