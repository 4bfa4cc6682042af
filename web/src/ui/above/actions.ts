/** What the reader may do with a message. */

import type { RowView } from "../../client/types";
import { mayChange, type ChatState } from "../../state/chat";
import { ChatKind, Role } from "../../state/kinds";
import * as icons from "../icons";
import type { MenuItem } from "../shell";
import type { Where } from "../words";

const COPY = "M9 9h10v11H9zM15 9V4H5v11h4";
const TRASH = "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5";

/** In the order of use, the dangerous one last. */
export function actionsOf(where: Where, chat: ChatState, row: RowView): MenuItem[] {
  const { shell, state } = where;
  const view = chat.view();
  const isOwn = row.author === state.status().user;
  const isOwner = view?.kind === ChatKind.GROUP && view.role === Role.OWNER;
  const isStored = mayChange(row);
  const all: (MenuItem & { isThere: boolean })[] = [
    {
      isThere: isStored,
      icon: icons.reply,
      label: shell.t("reply"),
      run: () => chat.composer.reply(row),
    },
    {
      isThere: isStored && isOwn,
      icon: icons.edit,
      label: shell.t("edit"),
      run: () => chat.composer.edit(row),
    },
    // Without HTTPS browsers offer no clipboard.
    {
      isThere: isSecureContext,
      icon: COPY,
      label: shell.t("copy"),
      run: () => void copy(where, row),
    },
    {
      isThere: isStored && !isOwn,
      icon: icons.flag,
      label: shell.t("report"),
      run: () => shell.nav.openSheet({ name: "report", seq: row.seq }),
    },
    {
      isThere: isStored && (isOwn || isOwner),
      icon: TRASH,
      label: shell.t("delete"),
      isDanger: true,
      run: () => remove(where, chat, row),
    },
  ];
  return all.filter((item) => item.isThere);
}

async function copy({ shell }: Where, row: RowView): Promise<void> {
  await navigator.clipboard.writeText(row.text);
  shell.say(shell.t("copied"));
}

function remove({ shell, state }: Where, chat: ChatState, row: RowView): void {
  shell.ask({
    title: shell.t("deleteAsk"),
    hint: shell.t("deleteHint"),
    action: shell.t("delete"),
    isDanger: true,
    run: () => void state.attempt(state.messenger.deleteMessage(chat.id(), row.seq)),
  });
}
