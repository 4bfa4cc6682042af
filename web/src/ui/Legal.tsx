/** Links to the pages that the owner of the server writes. */

import { useShell } from "./shell";

export function Legal() {
  const shell = useShell();
  return (
    <footer class="legal">
      <a href="/pages/privacy">{shell.t("privacy")}</a>
      <a href="/pages/terms">{shell.t("terms")}</a>
      <a href="/pages/contact">{shell.t("contact")}</a>
    </footer>
  );
}
