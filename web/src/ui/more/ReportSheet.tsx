/** Telling the owner of the server about a message or a chat. */

import { For, createSignal } from "solid-js";
import { REASON_CHARS_MAX, REPORT_REASONS } from "../../state/kinds";
import { useMessenger, useShell } from "../shell";
import { SheetFrame } from "./SheetFrame";

export function ReportSheet(props: { seq: number }) {
  const shell = useShell();
  const state = useMessenger();
  const [reason, setReason] = createSignal<number>(REPORT_REASONS[0]);
  const [text, setText] = createSignal("");
  const send = async () => {
    const chat = state.chat()?.id() ?? 0;
    await state.attempt(state.messenger.report(chat, props.seq, reason(), text().trim()));
    shell.say(shell.t("reported"));
    shell.nav.up();
  };
  return (
    <SheetFrame title={shell.t("report")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <p>
          <b>{shell.t("reportTitle")}</b>
          <br />
          <span class="hint">
            {shell.t(props.seq > 0 ? "reportMessageHint" : "reportChatHint")}
          </span>
        </p>
        <div class="options" role="radiogroup" aria-label={shell.t("report")}>
          <For each={REPORT_REASONS}>
            {(number) => (
              <label class="option">
                <input
                  type="radio"
                  name="reason"
                  checked={reason() === number}
                  onChange={() => setReason(number)}
                />
                {shell.t(`reason${number}`)}
              </label>
            )}
          </For>
        </div>
        <textarea
          class="field"
          rows={3}
          dir="auto"
          maxlength={REASON_CHARS_MAX}
          placeholder={shell.t("reportText")}
          aria-label={shell.t("reportText")}
          value={text()}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button class="primary danger">{shell.t("report")}</button>
      </form>
    </SheetFrame>
  );
}
