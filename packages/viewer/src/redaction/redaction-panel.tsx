/** @jsxImportSource preact */
/** What is marked to be removed, page by page, and removing it for good. A chunk of its own. */
import Trash from "lucide/dist/esm/icons/trash.mjs";
import { signal } from "@preact/signals";
import type { FunctionComponent, JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { PageText } from "@lectern/pdf";
import type { Redaction, RecordOf } from "@lectern/protocol";
import type { SyncClient } from "@lectern/sync/client";
import type { Scroller } from "../pages/scroller.ts";
import type { DocumentSource, Redacted } from "../source/source.ts";
import { Icon } from "../ui/icon.tsx";
import type { State } from "../ui/state.ts";
import { adoptStyles } from "../ui/style.ts";
import css from "./redaction.css?inline";
import { wordsUnder } from "./words-under.ts";

export interface RedactionPanelOptions {
  readonly root: ShadowRoot;
  readonly state: State;
  readonly scroller: Scroller;
  readonly client: SyncClient;
  readonly text: DocumentSource["text"];
  readonly apply: () => Promise<Redacted>;
  readonly mayDelete: (id: string) => boolean;
  readonly select: (id: string) => void;
}

type Mark = RecordOf<"annotation"> & { readonly data: Redaction };

export function createRedactionPanel(options: RedactionPanelOptions): FunctionComponent {
  const { state, scroller, client, apply } = options;
  adoptStyles(options.root, css);
  const texts = signal<ReadonlyMap<string, PageText>>(new Map());
  const working = signal(false);

  const marksNow = (): Mark[] =>
    [...client.records.all()]
      .filter((record): record is Mark => record.kind === "annotation" && record.data.type === "redaction" && pageIndex(record) >= 0)
      .sort((a, b) => pageIndex(a) - pageIndex(b) || a.data.geometry.bbox[1] - b.data.geometry.bbox[1]);
  const pageIndex = (record: RecordOf<"annotation">): number => (record.data.page === null ? -1 : scroller.order.indexOf(record.data.page));
  const marks = signal<readonly Mark[]>(marksNow());

  function readPages(wanted: readonly Mark[]): void {
    for (const id of new Set(wanted.map(({ data }) => data.page!))) {
      const page = scroller.pages[scroller.order.indexOf(id)];
      if (texts.peek().has(id) || page === undefined || page.content === null) continue;
      options.text(page, new AbortController().signal).then((text) => (texts.value = new Map([...texts.peek(), [id, text]])), reportError);
    }
  }

  function ask(): void {
    const t = state.translate.value;
    const pages = new Set(marks.value.map(({ data }) => data.page)).size;
    state.dialog.value = {
      title: t("redactions.confirm", { count: marks.value.length }),
      detail: t("redactions.confirm.detail"),
      quote: t("redactions.confirm.quote", { count: marks.value.length, pages }),
      confirm: t("redactions.confirm.do"),
      onConfirm: () => {
        working.value = true;
        client
          .flush()
          .then(apply)
          .then(told, (error: unknown) => {
            state.notice.value = t("redactions.failed", { reason: error instanceof Error ? error.message : String(error) });
          })
          .finally(() => (working.value = false));
      },
    };
  }

  function told({ redactions, pagesAsImages, layersStillShowing }: Redacted): void {
    const t = state.translate.value;
    state.notice.value = [
      t("redactions.done", { count: redactions }),
      ...(pagesAsImages.length === 0 ? [] : [t("redactions.as-images", { pages: pagesAsImages.map((index) => index + 1).join(", ") })]),
      ...(layersStillShowing.length === 0 ? [] : [t("redactions.other-layers", { layers: layersStillShowing.join(", ") })]),
    ].join(" ");
  }

  return function Redactions(): JSX.Element {
    const t = state.translate.value;
    useEffect(() => {
      const look = (): void => {
        marks.value = marksNow();
        readPages(marks.value);
      };
      look();
      return client.records.onChange(look);
    }, []);
    const all = marks.value;
    return (
      <section class="lr-panel" aria-label={t("sidebar.redactions")}>
        {all.length === 0 ? (
          <p class="empty">{t("redactions.none")}</p>
        ) : (
          <ul class="lr-list" aria-label={t("redactions.list")}>
            {all.map((mark) => (
              <Item key={mark.id} mark={mark} />
            ))}
          </ul>
        )}
        <div class="lr-foot">
          {!state.canArrange.value && <p class="lr-note">{t("redactions.forbidden")}</p>}
          <button
            class="button primary"
            type="button"
            disabled={all.length === 0 || !state.canArrange.value || working.value}
            onClick={ask}
          >
            {working.value ? t("redactions.working") : t("redactions.apply", { count: all.length })}
          </button>
        </div>
      </section>
    );
  };

  function Item({ mark }: { readonly mark: Mark }): JSX.Element {
    const t = state.translate.value;
    const { data, id } = mark;
    const text = texts.value.get(data.page!);
    const words = text === undefined ? "" : wordsUnder(text, data.geometry.rects);
    const place = t("page.label", { page: pageIndex(mark) + 1 });
    return (
      <li class="lr-item">
        <button
          class="lr-go"
          type="button"
          onClick={() => {
            scroller.jumpTo(data.page!, data.geometry.bbox);
            options.select(id);
          }}
        >
          <span class="lr-place">{place}</span>
          <span class="lr-words">{words === "" ? t("redactions.area") : words}</span>
        </button>
        {options.mayDelete(id) && (
          <button
            class="button narrow"
            type="button"
            title={t("redactions.remove")}
            aria-label={`${t("redactions.remove")}: ${place}, ${words === "" ? t("redactions.area") : words}`}
            onClick={() => client.delete(id)}
          >
            <Icon node={Trash} />
          </button>
        )}
      </li>
    );
  }
}
