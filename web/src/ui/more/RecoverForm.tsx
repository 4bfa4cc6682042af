/** Signing in with the recovery code. */

import type { JoinState } from "../../state/join";
import { Logo } from "../Icon";
import { Refusal } from "../Refusal";
import { useShell } from "../shell";

export function RecoverForm(props: { join: JoinState }) {
  const shell = useShell();
  void shell.loadMore();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void props.join.recover();
      }}
    >
      <Logo />
      <h1>{shell.t("signIn")}</h1>
      <label>
        {shell.t("recoveryCode")}
        <input
          autofocus
          class="code"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={props.join.code()}
          onInput={(event) => props.join.setCode(event.currentTarget.value)}
        />
        <small>{shell.t("recoveryCodeHint")}</small>
      </label>
      <Refusal join={props.join} />
      <button class="primary" disabled={props.join.code().trim() === "" || props.join.isBusy()}>
        {shell.t("signIn")}
      </button>
      <button type="button" class="quiet" onClick={() => props.join.goBack()}>
        {shell.t("back")}
      </button>
    </form>
  );
}
