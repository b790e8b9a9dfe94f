/** @jsxImportSource preact */
/** One line over the pages, so that nothing jumps when it comes: what must be known now, the most urgent first. */
import type { JSX } from "preact";
import type { State } from "./state.ts";
import { personOf } from "./people.tsx";
import { Button } from "./toolbar.tsx";

export function Banner({ state }: { readonly state: State }): JSX.Element | null {
  const t = state.translate.value;
  const notice = state.notice.value;
  if (notice !== null) {
    return (
      <div class="banner" role="alert">
        <span>{notice}</span>
        <Button icon="x" narrow label={t("banner.dismiss")} onClick={() => (state.notice.value = null)} />
      </div>
    );
  }
  if (state.phase.value.kind !== "open") return null;
  if (state.connection.value === "offline" && state.canWrite.value) {
    // The mark in the bar goes on saying so.
    return (
      <div class={state.durable.value ? "banner passing" : "banner"} role="status">
        {t(state.durable.value ? "banner.offline" : "banner.offline-memory")}
      </div>
    );
  }
  return <Company state={state} />;
}

/** Who presents, and who is followed. */
function Company({ state }: { readonly state: State }): JSX.Element | null {
  const t = state.translate.value;
  const [followed, presenter] = [state.following.value, state.presenter.value];
  const name = (followed ?? presenter)?.name || t("people.anonymous");
  if (state.presenting.value) {
    return (
      <div class="banner calm" role="status">
        <span>{t("present.mine")}</span>
        <button class="button" type="button" onClick={() => (state.presenting.value = false)}>
          {t("present.stop")}
        </button>
      </div>
    );
  }
  if (followed !== null) {
    return (
      <div class="banner calm" role="status" style={{ "--person": followed.color }}>
        <span>{t("people.following", { name })}</span>
        <Button
          icon="x"
          narrow
          label={t("people.unfollow")}
          onClick={() => {
            if (presenter !== null && personOf(presenter) === personOf(followed)) state.declined.value = personOf(presenter);
            state.following.value = null;
          }}
        />
      </div>
    );
  }
  if (presenter === null || state.declined.value === personOf(presenter)) return null;
  return (
    <div class="banner calm" role="status" style={{ "--person": presenter.color }}>
      <span>{t("present.others", { name })}</span>
      <button class="button strong" type="button" onClick={() => (state.following.value = presenter)}>
        {t("present.follow")}
      </button>
      <button class="button" type="button" onClick={() => (state.declined.value = personOf(presenter))}>
        {t("present.not-now")}
      </button>
    </div>
  );
}
