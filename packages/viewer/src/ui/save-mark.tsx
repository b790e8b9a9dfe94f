/** @jsxImportSource preact */
/** Whether everything is saved: quiet while it is, in words when it is not. */
import type { JSX } from "preact";
import { Icon, type IconName } from "./icon.tsx";
import type { State } from "./state.ts";

interface Mark {
  readonly icon: IconName;
  readonly text: string | null;
  readonly title: string;
  readonly className?: string;
}

export function SaveMark({ state }: { readonly state: State }): JSX.Element | null {
  if (state.phase.value.kind !== "open") return null;
  const mark = markOf(state);
  if (mark === null) return null;
  return (
    <span class={`save ${mark.className ?? ""}`} title={mark.title} role="status" aria-label={mark.title}>
      <Icon name={mark.icon} />
      {mark.text !== null && <span class="only-large">{mark.text}</span>}
    </span>
  );
}

function markOf(state: State): Mark | null {
  const t = state.translate.value;
  const save = state.save.value;
  if (!state.canWrite.value) return { icon: "eye", text: t("save.read-only"), title: t("save.read-only-detail") };
  if (save === null) return null;
  const { pending, conflicts } = save;
  if (save.state === "offline") {
    const text = pending === 0 ? t("save.offline") : t("save.offline-count", { count: pending });
    const title = state.durable.value && save.onDevice ? t("save.offline-detail", { count: pending }) : t("save.not-on-device");
    return { icon: "cloud-off", text, title, className: "offline" };
  }
  if (conflicts > 0) {
    const text = t("save.conflicts", { count: conflicts });
    return { icon: "cloud-off", text, title: text, className: "trouble" };
  }
  if (save.state === "saving") return { icon: "cloud-upload", text: t("save.saving"), title: t("save.saving") };
  return { icon: "cloud-check", text: null, title: t("save.saved") };
}
