/** Settings: who I am here, how it looks, which devices are signed in, what was used. */

import { For, Show, createSignal } from "solid-js";
import { RequestFailed, type DeviceView } from "../../client/types";
import { LANGUAGES, isLanguage } from "../../i18n/language";
import { NAME_CHARS_MAX, NO_CONNECTION } from "../../state/kinds";
import { Avatar } from "../Avatar";
import { Icon } from "../Icon";
import { Legal } from "../Legal";
import type { Theme } from "../preferences";
import { useMessenger, useShell } from "../shell";
import { Action } from "./GroupInfo";
import * as icons from "./icons";
import { SheetFrame } from "./SheetFrame";

export function Settings() {
  const shell = useShell();
  return (
    <SheetFrame title={shell.t("settings")}>
      <Profile />
      <Appearance />
      <Devices />
      <DataUsed />
      <Account />
      <h3 class="section">{shell.t("about")}</h3>
      <p class="hint">{shell.t("aboutText")}</p>
      <Legal />
    </SheetFrame>
  );
}

function Profile() {
  const shell = useShell();
  const state = useMessenger();
  const rename = (name: string) => {
    if (name && name !== state.status().name) void state.attempt(state.messenger.setName(name));
  };
  return (
    <div class="who">
      <Avatar id={state.status().user} name={state.status().name} />
      <input
        class="name-field"
        dir="auto"
        aria-label={shell.t("yourName")}
        maxlength={NAME_CHARS_MAX}
        value={state.status().name}
        onChange={(event) => rename(event.currentTarget.value.trim())}
      />
    </div>
  );
}

const THEMES: readonly Theme[] = ["automatic", "light", "dark"];

function Appearance() {
  const shell = useShell();
  const choose = (tag: string) => shell.setLanguageTag(isLanguage(tag) ? tag : "");
  return (
    <>
      <h3 class="section">{shell.t("appearance")}</h3>
      <div class="segments" role="radiogroup" aria-label={shell.t("appearance")}>
        <For each={THEMES}>
          {(theme) => (
            <button
              role="radio"
              aria-checked={shell.theme() === theme}
              onClick={() => shell.setTheme(theme)}
            >
              {shell.t(theme)}
            </button>
          )}
        </For>
      </div>
      <label class="line">
        {shell.t("language")}
        <select value={shell.languageTag()} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="">{shell.t("automatic")}</option>
          <For each={Object.entries(LANGUAGES)}>
            {([tag, name]) => (
              <option value={tag} lang={tag}>
                {name}
              </option>
            )}
          </For>
        </select>
      </label>
    </>
  );
}

function Devices() {
  const shell = useShell();
  const state = useMessenger();
  const { messenger } = state;
  const [problem, setProblem] = createSignal(0);
  const [devices, setDevices] = createSignal<readonly DeviceView[]>([]);
  messenger.devices().then(setDevices, (error: unknown) => {
    setProblem(error instanceof RequestFailed ? error.code : NO_CONNECTION);
  });
  const revoke = (device: DeviceView) =>
    shell.ask({
      title: shell.t("signOutDevice"),
      hint: device.name,
      action: shell.t("signOut"),
      isDanger: true,
      run: () => {
        void state.attempt(messenger.revokeDevice(device.device));
        setDevices(devices().filter((other) => other.device !== device.device));
      },
    });
  return (
    <>
      <h3 class="section">{shell.t("devices")}</h3>
      <Show when={problem() !== 0}>
        <p class="hint">{shell.language().reason(problem())}</p>
      </Show>
      <For each={devices()}>
        {(device) => (
          <div class="device">
            <Icon path={icons.device} />
            <span>
              {device.name}
              <small>
                {device.current
                  ? shell.t("thisDevice")
                  : shell.t("lastUsed", {
                      when: shell.language().moment(device.seenAt * 1000, state.now()),
                    })}
              </small>
            </span>
            <Show when={!device.current}>
              <button class="quiet danger" onClick={() => revoke(device)}>
                {shell.t("signOut")}
              </button>
            </Show>
          </div>
        )}
      </For>
    </>
  );
}

function DataUsed() {
  const shell = useShell();
  const state = useMessenger();
  return (
    <>
      <h3 class="section">{shell.t("data")}</h3>
      <dl class="data">
        <dt>{shell.t("sentBytes")}</dt>
        <dd>{bytes(shell.language().tag, state.status().bytesUp)}</dd>
        <dt>{shell.t("receivedBytes")}</dt>
        <dd>{bytes(shell.language().tag, state.status().bytesDown)}</dd>
      </dl>
      <p class="hint">{shell.t("dataHint")}</p>
    </>
  );
}

function bytes(tag: string, value: number): string {
  const large = value >= 1_000_000;
  const format = { style: "unit", unit: large ? "megabyte" : "kilobyte" } as const;
  const rounded = value / (large ? 1_000_000 : 1000);
  return new Intl.NumberFormat(tag, { ...format, maximumFractionDigits: 1 }).format(rounded);
}

function Account() {
  const shell = useShell();
  const state = useMessenger();
  const signOut = () => {
    const { waiting } = state.status();
    const lost = waiting > 0 ? `${shell.t("signOutWaiting", { count: waiting })} ` : "";
    shell.ask({
      title: shell.t("signOutAsk"),
      hint: lost + shell.t("signOutHint"),
      action: shell.t("signOut"),
      isDanger: true,
      run: () => void leave(),
    });
  };
  const leave = async () => {
    await state.messenger.signOut();
    location.replace("/");
  };
  return (
    <>
      <h3 class="section">{shell.t("account")}</h3>
      <p class="hint">{shell.t("recoveryHint")}</p>
      <div class="actions">
        <Action icon={icons.leave} label={shell.t("signOut")} isDanger run={signOut} />
      </div>
    </>
  );
}
