/** A sign for a person (round) or a group (less so): initials on a colour that stays. */

import { Show } from "solid-js";
import { hue, initials } from "../state/text";
import { Icon } from "./Icon";

export function Avatar(props: {
  id: number;
  name: string;
  icon?: string;
  isGroup?: boolean;
  isOnline?: boolean;
}) {
  return (
    <span
      class={`avatar hue${hue(props.id)}`}
      classList={{ plain: props.icon !== undefined, group: props.isGroup }}
      aria-hidden="true"
    >
      <Show when={props.icon} fallback={initials(props.name)}>
        {(path) => <Icon path={path()} />}
      </Show>
      <Show when={props.isOnline}>
        <span class="there" />
      </Show>
    </span>
  );
}
