/** @jsxImportSource preact */
import { useSignal } from "@preact/signals";
import type { FunctionComponent, JSX } from "preact";
import { useEffect } from "preact/hooks";

/** A component whose code is fetched when it is first shown. */
export function Later<P extends object>({
  load,
  props,
}: {
  readonly load: () => Promise<FunctionComponent<P>>;
  readonly props: P;
}): JSX.Element | null {
  const loaded = useSignal<{ readonly component: FunctionComponent<P> } | null>(null);
  const failed = useSignal<unknown>(null);
  useEffect(() => {
    let gone = false;
    load().then(
      (component) => {
        if (!gone) loaded.value = { component };
      },
      (error: unknown) => {
        if (!gone) failed.value = error;
      },
    );
    return () => {
      gone = true;
    };
  }, [load]);
  if (failed.value !== null) throw failed.value;
  if (loaded.value === null) return null;
  const Component = loaded.value.component;
  return <Component {...props} />;
}
