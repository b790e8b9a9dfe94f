/** @jsxImportSource preact */
/** While the document is shown as it was: a slider over the moments that are kept, what moment it is, and the way back. */
import ChevronLeft from "lucide/dist/esm/icons/chevron-left.mjs";
import ChevronRight from "lucide/dist/esm/icons/chevron-right.mjs";
import HistoryIcon from "lucide/dist/esm/icons/rotate-ccw-clock.mjs";
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "../ui/icon.tsx";
import type { State } from "../ui/state.ts";
import { type Changes, momentsOf } from "./changes.ts";
import type { Restoring } from "./restoring.ts";
import type { Telling } from "./telling.ts";

export interface PastBarOptions {
  readonly state: State;
  readonly changes: Changes;
  readonly telling: Telling;
  readonly restoring: Restoring;
  readonly showAsOf: (seq: number | null) => void;
}

/** A slider that is still being dragged asks for nothing. Milliseconds. */
const REST_MS = 120;

export function createPastBar({ state, changes, telling, restoring, showAsOf }: PastBarOptions): () => JSX.Element | null {
  return function PastBar() {
    const t = state.translate.value;
    const past = state.past.value;
    /** Where the slider is while the pages are still on their way. */
    const wanted = useSignal<number | null>(null);
    useEffect(() => changes.follow(), []);
    const seq = wanted.value ?? past?.seq ?? 0;
    useEffect(() => {
      if (wanted.value === null) return undefined;
      const timer = setTimeout(() => showAsOf(wanted.value), REST_MS);
      return () => clearTimeout(timer);
    }, [wanted.value]);
    useEffect(() => void (wanted.value = null), [past?.seq]);
    if (past === null) return null;
    const now = changes.loaded.value;
    const moments = now === null ? [past.seq] : momentsOf(now);
    const at = Math.max(
      0,
      moments.findLastIndex((moment) => moment <= seq),
    );
    if (at === 0 && now !== null && now.next !== null) changes.more();
    const go = (to: number): void => {
      const moment = moments[to];
      if (moment !== undefined && moment !== seq) wanted.value = moment;
    };
    const change = now?.changes.find((one) => one.seq === seq);
    const when = change === undefined ? "" : `${telling.day(Date.parse(change.at))}, ${telling.time(Date.parse(change.at))}`;
    const words = change === undefined ? t("past.before-all") : `${when} · ${telling.nameOf(change.by)}`;
    return (
      <div class="past-bar" role="group" aria-label={t("past.bar")}>
        <Icon node={HistoryIcon} />
        <span class="past-words" role="status">
          <b>{t("past.title")}</b>
          <span>{words}</span>
        </span>
        <span class="past-slider">
          <button
            class="button narrow"
            type="button"
            title={t("past.older")}
            aria-label={t("past.older")}
            disabled={at <= 0}
            onClick={() => go(at - 1)}
          >
            <Icon node={ChevronLeft} />
          </button>
          <input
            type="range"
            min={0}
            max={Math.max(0, moments.length - 1)}
            value={at}
            aria-label={t("past.moment")}
            aria-valuetext={words}
            onInput={(event) => go(event.currentTarget.valueAsNumber)}
          />
          <button
            class="button narrow"
            type="button"
            title={t("past.newer")}
            aria-label={t("past.newer")}
            disabled={at >= moments.length - 1}
            onClick={() => go(at + 1)}
          >
            <Icon node={ChevronRight} />
          </button>
        </span>
        <span class="past-actions">
          {state.canWrite.value && past.sameFile && (
            <button class="button" type="button" onClick={() => restoring.ask("all", { seq: past.seq, quote: words })}>
              {t("past.restore")}
            </button>
          )}
          <button class="button primary" type="button" onClick={() => showAsOf(null)}>
            {t("past.back")}
          </button>
        </span>
        {!past.sameFile && <span class="past-note">{t("history.earlier")}</span>}
      </div>
    );
  };
}
