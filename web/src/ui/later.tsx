/** Parts that are fetched when they are first shown. */

import { Show, createSignal, type Component, type JSX } from "solid-js";

/** `failed` is called when the part can't be fetched; showing it again tries again. */
export function later<Props extends object>(
  load: () => Promise<Component<Props>>,
): Component<Props & { failed?(): void }> {
  const [loaded, setLoaded] = createSignal<Component<Props>>();
  return (props): JSX.Element => {
    if (!loaded()) {
      load().then(
        (component) => setLoaded(() => component),
        () => props.failed?.(),
      );
    }
    return (
      <Show when={loaded()} keyed>
        {(Loaded) => <Loaded {...props} />}
      </Show>
    );
  };
}
