/** What is not needed to read and write: loaded when somebody opens it. */

import { Match, Switch } from "solid-js";
import type { Sheet } from "../../state/routes";
import "../styles/more.css";
import { AddPeople } from "./AddPeople";
import { GroupInfo } from "./GroupInfo";
import { InviteSheet } from "./InviteSheet";
import { NewGroup } from "./NewGroup";
import { PersonSheet } from "./PersonSheet";
import { ReportSheet } from "./ReportSheet";
import { Settings } from "./Settings";

export default function Sheets(props: { sheet: Sheet }) {
  const person = () => (props.sheet.name === "person" ? props.sheet.user : 0);
  const reported = () => (props.sheet.name === "report" ? props.sheet : null);
  return (
    <Switch>
      <Match when={props.sheet.name === "settings"}>
        <Settings />
      </Match>
      <Match when={props.sheet.name === "new"}>
        <NewGroup />
      </Match>
      <Match when={props.sheet.name === "invite"}>
        <InviteSheet />
      </Match>
      <Match when={props.sheet.name === "info"}>
        <GroupInfo />
      </Match>
      <Match when={props.sheet.name === "add"}>
        <AddPeople />
      </Match>
      <Match when={person()}>{(user) => <PersonSheet user={user()} />}</Match>
      <Match when={reported()}>{(sheet) => <ReportSheet seq={sheet().seq} />}</Match>
    </Switch>
  );
}
