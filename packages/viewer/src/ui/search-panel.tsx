/** @jsxImportSource preact */
/** Search: a field that has the focus when it opens, the hits with what stands around them, marks on the pages. */
import CaseSensitive from "lucide/dist/esm/icons/case-sensitive.mjs";
import EyeOff from "lucide/dist/esm/icons/eye-off.mjs";
import Regex from "lucide/dist/esm/icons/regex.mjs";
import WholeWord from "lucide/dist/esm/icons/whole-word.mjs";
import { type Signal, signal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { createFinds } from "../pages/finds.ts";
import { layoutPages } from "../pages/layout.ts";
import type { Scroller } from "../pages/scroller.ts";
import type { Rect } from "@lectern/protocol";
import type { DocumentSource, SearchQuery } from "../source/source.ts";
import type { SearchHit } from "../public-types.ts";
import { Icon, type IconNode } from "./icon.tsx";
import type { Translate } from "./locale.ts";
import type { State } from "./state.ts";
import { Button } from "./toolbar.tsx";
import { VirtualList } from "./virtual-list.tsx";

/** What the service knows how to find by a name. */
export const SEARCH_KINDS = [
  "credit-card-number",
  "date",
  "email-address",
  "international-phone-number",
  "ipv4",
  "ipv6",
  "mac-address",
  "north-american-phone-number",
  "social-security-number",
  "time",
  "url",
  "us-zip-code",
  "vin",
] as const;
type Kind = "text" | (typeof SEARCH_KINDS)[number];

/** More marks than this are made by the service, in one change. */
const MOST_MARKS = 200;

export interface SearchOptions {
  readonly state: State;
  readonly scroller: Scroller;
  readonly search: DocumentSource["search"];
  /** Hits become redaction marks: those given, or all that the service finds; how many. null: nobody can apply them here. */
  readonly mark: {
    areas(areas: readonly { readonly pageId: string; readonly rects: readonly Rect[] }[]): number;
    all(query: Omit<SearchQuery, "pages">): Promise<number>;
  } | null;
}

type Found =
  | { readonly kind: "nothing" }
  | { readonly kind: "searching" }
  | { readonly kind: "found"; readonly hits: readonly SearchHit[] }
  | { readonly kind: "failed"; readonly reason: string };

const NONE: readonly SearchHit[] = [];
const ROW = 62;
const TYPING_MS = 200;

/** The panel as a component of its own: what was searched for stays while it is closed. */
export function createSearchPanel({ state, scroller, search, mark }: SearchOptions): () => JSX.Element | null {
  const text = signal("");
  const caseSensitive = signal(false);
  const wholeWord = signal(false);
  const regex = signal(false);
  const kind = signal<Kind>("text");
  const found = signal<Found>({ kind: "nothing" });
  const active = signal(-1);

  function go(to: number): void {
    const { hits } = found.value.kind === "found" ? found.value : { hits: NONE };
    const hit = hits[(to + hits.length) % hits.length];
    if (hit === undefined) return;
    active.value = hits.indexOf(hit);
    scroller.jumpTo(hit.pageId, hit.rects[0]);
  }

  const wish = (query: string): Omit<SearchQuery, "pages"> => ({
    text: kind.value === "text" ? query : kind.value,
    type: kind.value !== "text" ? "preset" : regex.value ? "regex" : "text",
    caseSensitive: caseSensitive.value,
    wholeWord: wholeWord.value,
  });

  async function markAll(hits: readonly SearchHit[]): Promise<void> {
    if (mark === null) return;
    const t = state.translate.value;
    try {
      const count = hits.length <= MOST_MARKS ? mark.areas(hits) : await mark.all(wish(text.value.trim()));
      state.sidebar.value = "redactions";
      state.announcement.value = t("redactions.marked", { count });
    } catch (error) {
      state.notice.value = t("redactions.failed", { reason: error instanceof Error ? error.message : String(error) });
    }
  }

  async function run(query: string, signalled: AbortSignal): Promise<void> {
    found.value = { kind: "searching" };
    try {
      const hits = await search({ ...wish(query), pages: scroller.pages }, signalled);
      found.value = { kind: "found", hits };
      const from = hits.findIndex((hit) => hit.pageIndex >= scroller.currentIndex);
      if (hits.length > 0) go(Math.max(0, from));
    } catch (error) {
      if (!signalled.aborted) found.value = { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
    }
  }

  return function SearchPanel() {
    const t = state.translate.value;
    useSignalEffect(() => {
      const query = text.value.trim();
      const stop = new AbortController();
      // Read here, so that a change of them searches again.
      void [caseSensitive.value, wholeWord.value, regex.value, state.pages.value];
      active.value = -1;
      if (query === "" && kind.value === "text") {
        found.value = { kind: "nothing" };
        return undefined;
      }
      const timer = setTimeout(() => void run(query, stop.signal), TYPING_MS);
      return () => {
        clearTimeout(timer);
        stop.abort();
      };
    });
    const finds = useMemo(() => createFinds(scroller), []);
    useEffect(() => () => finds.destroy(), [finds]);
    const now = found.value;
    const hits = now.kind === "found" ? now.hits : NONE;
    useEffect(() => finds.show(hits, hits[active.value] ?? null), [finds, hits, active.value]);
    const layout = useMemo(
      () =>
        layoutPages(
          hits.map(() => ({ width: 1, height: ROW })),
          0,
          4,
        ),
      [hits],
    );
    return (
      <aside class="search" role="search" aria-label={t("search.label")}>
        <div class="search-field">
          <Icon name="search" />
          <input
            type="search"
            aria-label={t("search.label")}
            placeholder={t("search.placeholder")}
            value={text.value}
            disabled={kind.value !== "text"}
            autocomplete="off"
            spellcheck={false}
            ref={focusOnce}
            onInput={(event) => (text.value = event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter") go(active.value + (event.shiftKey ? -1 : 1));
              else if (event.key === "Escape") state.searchOpen.value = false;
              else return;
              event.preventDefault();
              event.stopPropagation();
              if (event.key === "Escape") scroller.viewport.focus({ preventScroll: true });
            }}
          />
          <Toggle label={t("search.case")} icon={CaseSensitive} pressed={caseSensitive} />
          <Toggle label={t("search.word")} icon={WholeWord} pressed={wholeWord} />
          <Toggle label={t("search.regex")} icon={Regex} pressed={regex} />
        </div>
        <div class="search-kind">
          <select
            class="field"
            aria-label={t("search.kind")}
            value={kind.value}
            onChange={(event) => (kind.value = (event.currentTarget as HTMLSelectElement).value as Kind)}
          >
            {(["text", ...SEARCH_KINDS] as const).map((name) => (
              <option key={name} value={name}>
                {t(`search.kind.${name}`)}
              </option>
            ))}
          </select>
          {mark !== null && state.tools.value.length > 0 && hits.length > 0 && (
            <button class="button" type="button" onClick={() => void markAll(hits)}>
              <Icon node={EyeOff} />
              {t("redactions.mark-all")}
            </button>
          )}
        </div>
        <div class="search-bar">
          <span class="count" role="status">
            {summary(now, active.value, t)}
          </span>
          <Button icon="chevron-up" narrow label={t("search.previous")} disabled={hits.length === 0} onClick={() => go(active.value - 1)} />
          <Button icon="chevron-down" narrow label={t("search.next")} disabled={hits.length === 0} onClick={() => go(active.value + 1)} />
          <Button icon="x" narrow label={t("search.close")} onClick={() => (state.searchOpen.value = false)} />
        </div>
        {now.kind === "found" && hits.length === 0 && (
          <p class="empty">{kind.value === "text" ? t("search.none", { text: text.value.trim() }) : t("search.none-kind")}</p>
        )}
        {now.kind === "failed" && <p class="empty">{t("search.failed", { reason: now.reason })}</p>}
        {hits.length > 0 && (
          <VirtualList
            layout={layout}
            label={t("search.many", { count: hits.length })}
            current={active}
            row={(index) => <Hit hit={hits[index]!} current={active.value === index} choose={() => go(index)} />}
          />
        )}
      </aside>
    );
  };
}

/** Once, when the panel opens: typing draws it again and must not move the caret. */
function focusOnce(input: HTMLInputElement | null): void {
  if (input === null || input.dataset.focused === "true") return;
  input.dataset.focused = "true";
  input.focus();
  input.select();
}

function summary(found: Found, active: number, t: Translate): string {
  if (found.kind === "searching") return t("search.searching");
  if (found.kind === "nothing") return t("search.hint");
  if (found.kind === "failed" || found.hits.length === 0) return "";
  const count = found.hits.length.toLocaleString();
  return active < 0 ? t("search.many", { count }) : t("search.count", { current: (active + 1).toLocaleString(), count });
}

function Toggle({
  label,
  icon,
  pressed,
}: {
  readonly label: string;
  readonly icon: IconNode;
  readonly pressed: Signal<boolean>;
}): JSX.Element {
  return (
    <button
      class="button narrow"
      type="button"
      title={label}
      aria-label={label}
      aria-pressed={pressed.value}
      onClick={() => (pressed.value = !pressed.value)}
    >
      <Icon node={icon} />
    </button>
  );
}

interface HitProps {
  readonly hit: SearchHit;
  readonly current: boolean;
  readonly choose: () => void;
}

function Hit({ hit, current, choose }: HitProps): JSX.Element {
  const [start, end] = hit.range;
  // Enough before the hit to understand it, and the hit always in sight.
  const from = start > 28 ? hit.preview.indexOf(" ", start - 28) + 1 : 0;
  return (
    <button class="hit" type="button" aria-current={current} onClick={choose}>
      <span class="preview">
        {from > 0 && "… "}
        {hit.preview.slice(Math.min(from, start), start)}
        <mark>{hit.preview.slice(start, end)}</mark>
        {hit.preview.slice(end)}
      </span>
      <span class="number">{hit.pageIndex + 1}</span>
    </button>
  );
}
