/** Making a group: a name, and people one knows. */

import { createSignal } from "solid-js";
import { TITLE_CHARS_MAX } from "../../state/kinds";
import { useMessenger, useShell } from "../shell";
import { Chooser } from "./Chooser";
import { SheetFrame } from "./SheetFrame";

export function NewGroup() {
  const shell = useShell();
  const state = useMessenger();
  const [title, setTitle] = createSignal("");
  const [chosen, setChosen] = createSignal<readonly number[]>([]);
  const create = () => {
    const name = title().trim();
    if (name) void state.openWhenMade(state.messenger.createGroup(name, chosen()));
  };
  return (
    <SheetFrame title={shell.t("newGroup")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create();
        }}
      >
        <label>
          {shell.t("groupName")}
          <input
            autofocus
            dir="auto"
            maxlength={TITLE_CHARS_MAX}
            value={title()}
            onInput={(event) => setTitle(event.currentTarget.value)}
          />
        </label>
        <Chooser without={[]} chosen={chosen()} choose={setChosen} />
        <button class="primary" disabled={title().trim() === ""}>
          {shell.t("create")}
        </button>
      </form>
    </SheetFrame>
  );
}
