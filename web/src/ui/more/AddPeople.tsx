/** Adding people one knows to a group. */

import { createSignal } from "solid-js";
import { useMessenger, useShell } from "../shell";
import { Chooser } from "./Chooser";
import { SheetFrame } from "./SheetFrame";

export function AddPeople() {
  const shell = useShell();
  const state = useMessenger();
  const [chosen, setChosen] = createSignal<readonly number[]>([]);
  const add = () => {
    const chat = state.chat()?.id() ?? 0;
    for (const user of chosen()) void state.attempt(state.messenger.addMember(chat, user));
    shell.nav.up();
  };
  return (
    <SheetFrame title={shell.t("addPeople")}>
      <Chooser without={[]} chosen={chosen()} choose={setChosen} />
      <button class="primary" disabled={chosen().length === 0} onClick={add}>
        {shell.t("add")}
      </button>
    </SheetFrame>
  );
}
