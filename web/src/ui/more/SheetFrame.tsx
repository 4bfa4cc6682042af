/** The frame of every sheet. */

import type { JSX } from "solid-js";
import { Icon } from "../Icon";
import * as icons from "../icons";
import { Modal } from "../above/Modal";
import { useShell } from "../shell";

/** A sheet with its title and a way back. */
export function SheetFrame(props: { title: string; children: JSX.Element }) {
  const shell = useShell();
  return (
    <Modal class="sheet" label={props.title} close={() => shell.nav.up()}>
      <header class="bar">
        <button class="round back" aria-label={shell.t("back")} onClick={() => shell.nav.up()}>
          <Icon path={icons.back} />
        </button>
        <h2>{props.title}</h2>
      </header>
      <div class="sheet-body">{props.children}</div>
    </Modal>
  );
}
