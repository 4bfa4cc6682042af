/** What is not needed to read and write: loaded when somebody opens it. */

import { Match, Switch } from "solid-js";
import type { Route } from "../../state/routes";
import "../styles/more.css";
import { AddPeople } from "./AddPeople";
import { FollowLink } from "./FollowLink";
import { GroupInfo } from "./GroupInfo";
import { InviteSheet } from "./InviteSheet";
import { NewGroup } from "./NewGroup";
import { PersonSheet } from "./PersonSheet";
import { ReportSheet } from "./ReportSheet";
import { Settings } from "./Settings";

/** The sheet that a route names. */
export function Sheets(props: { route: Route }) {
  const name = () => props.route.sheet?.name;
  const person = () => {
    const { sheet } = props.route;
    return sheet?.name === "person" ? sheet.user : 0;
  };
  const reported = () => {
    const { sheet } = props.route;
    return sheet?.name === "report" ? sheet : null;
  };
  return (
    <Switch>
      <Match when={props.route.join}>{(token) => <FollowLink token={token()} />}</Match>
      <Match when={name() === "settings"}>
        <Settings />
      </Match>
      <Match when={name() === "new"}>
        <NewGroup />
      </Match>
      <Match when={name() === "invite"}>
        <InviteSheet />
      </Match>
      <Match when={name() === "info"}>
        <GroupInfo />
      </Match>
      <Match when={name() === "add"}>
        <AddPeople />
      </Match>
      <Match when={person()}>{(user) => <PersonSheet user={user()} />}</Match>
      <Match when={reported()}>{(sheet) => <ReportSheet seq={sheet().seq} />}</Match>
    </Switch>
  );
}
