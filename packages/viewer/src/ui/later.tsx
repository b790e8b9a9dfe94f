/** @jsxImportSource preact */
import { useSignal } from "@preact/signals";
import type { FunctionComponent, JSX } from "preact";
import { useEffect } from "preact/hooks";

/** A component whose code is fetched when it is first shown. When that fails (no network) nothing is shown, and opening it again tries again. */
export function Later<P extends object>({
  load,
  props,
}: {
  readonly load: () => Promise<FunctionComponent<P>>;
  readonly props: P;
}): JSX.Element | null {
  const loaded = useSignal<{ readonly component: FunctionComponent<P> } | null>(null);
  useEffect(() => {
    let gone = false;
    load().then((component) => {
      if (!gone) loaded.value = { component };
    }, reportError);
    return () => {
      gone = true;
    };
  }, [load]);
  if (loaded.value === null) return null;
  const Component = loaded.value.component;
  return <Component {...props} />;
}
