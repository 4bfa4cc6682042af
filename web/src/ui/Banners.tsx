/** What the reader has to know before anything else, one line each. */

import { Show } from "solid-js";
import { Icon } from "./Icon";
import * as icons from "./icons";
import { later } from "./later";
import { useMessenger, useShell } from "./shell";

const RareBanners = later(async () => (await import("./above/RareBanners")).RareBanners);

export function Banners() {
  const shell = useShell();
  const state = useMessenger();
  const isRare = () => {
    const { ended, updateReady } = state.status();
    return ended !== 0 || updateReady || state.isBereft() || !isSecureContext;
  };
  return (
    <div class="banners" role="status">
      <Show when={isOffline(state.status().link) && state.status().ended === 0}>
        <p class="banner calm">
          <Icon path={icons.offline} />
          {state.status().waiting > 0
            ? shell.t("offlineWaiting", { count: state.status().waiting })
            : shell.t("offline")}
        </p>
      </Show>
      <Show when={isRare()}>
        <RareBanners />
      </Show>
    </div>
  );
}

function isOffline(link: string): boolean {
  return link === "offline" || link === "waiting";
}
