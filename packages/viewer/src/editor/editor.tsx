/** @jsxImportSource preact */
/**
 * The page editor: all pages as a grid over the document. Pages are chosen like files in a folder, dragged or moved by keys, turned, copied, deleted,
 * added and saved as a file of their own. What others do to pages meanwhile shows at once.
 */
import CopyPlus from "lucide/dist/esm/icons/copy-plus.mjs";
import FileDown from "lucide/dist/esm/icons/file-down.mjs";
import FileUp from "lucide/dist/esm/icons/file-up.mjs";
import RotateCcw from "lucide/dist/esm/icons/rotate-ccw.mjs";
import RotateCw from "lucide/dist/esm/icons/rotate-cw.mjs";
import SquarePlus from "lucide/dist/esm/icons/square-plus.mjs";
import Trash from "lucide/dist/esm/icons/trash.mjs";
import type { SyncClient } from "@lectern/sync/client";
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { LoadImage } from "../pages/images.ts";
import type { PageShape } from "../pages/page-list.ts";
import { saveAs } from "../save-as.ts";
import type { PageRequests } from "../source/source.ts";
import { Icon, type IconNode } from "../ui/icon.tsx";
import type { PageMarks } from "../ui/page-marks.ts";
import { Picture, type Thumbnail, thumbnails, thumbnailSize } from "../ui/picture.tsx";
import type { State } from "../ui/state.ts";
import { adoptStyles } from "../ui/style.ts";
import css from "./editor.css?inline";
import { createPageEdits, type PageEdits } from "./page-edits.ts";
import { createPageDrag, type Drop } from "./page-drag.ts";

export interface EditorOptions {
  readonly root: ShadowRoot;
  readonly state: State;
  readonly client: SyncClient;
  readonly load: LoadImage;
  /** What lies on the pages. */
  readonly marks: PageMarks;
  readonly requests: PageRequests;
  readonly goTo: (pageIndex: number) => void;
}

const LARGEST = { width: 132, height: 168 };
/** What can be added: files that the service makes pages of. */
const ACCEPTED = ".pdf,image/*,.docx,.doc,.odt,.xlsx,.pptx,.txt,.md,.html";

export function createEditor(options: EditorOptions): () => JSX.Element {
  const { root, state, client, requests } = options;
  adoptStyles(root, css);
  const thumbnail = thumbnails(options.load);
  const edits = createPageEdits({ client, requests, pages: () => state.pages.value });
  return () => <Editor {...options} edits={edits} thumbnail={thumbnail} />;
}

type EditorProps = EditorOptions & { readonly edits: PageEdits; readonly thumbnail: Thumbnail };

function Editor({ root, state, requests, goTo, edits, thumbnail, marks }: EditorProps): JSX.Element {
  const t = state.translate.value;
  const pages = state.pages.value;
  const chosen = useSignal<ReadonlySet<string>>(new Set());
  const focused = useSignal<string | null>(pages[state.pageIndex.value]?.id ?? pages[0]?.id ?? null);
  /** Where a range begins that Shift ends. */
  const anchor = useRef<string | null>(null);
  const drop = useSignal<Drop | null>(null);
  const busy = useSignal(false);
  const grid = useRef<HTMLDivElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const section = useRef<HTMLElement>(null);
  const tell = (key: string, values: Readonly<Record<string, number | string>> = {}): void => {
    state.announcement.value = t(key, values);
  };
  // Pages that others have deleted are not chosen any more.
  const selected = useMemo(() => new Set(pages.filter(({ id }) => chosen.value.has(id)).map(({ id }) => id)), [pages, chosen.value]);
  const focusedIndex = Math.max(
    0,
    pages.findIndex(({ id }) => id === focused.value),
  );

  const choose = (ids: Iterable<string>): void => {
    chosen.value = new Set(ids);
    tell("pages.told.selected", { count: chosen.value.size, all: pages.length });
  };
  const toggle = (id: string): void => {
    choose(selected.has(id) ? [...selected].filter((other) => other !== id) : [...selected, id]);
    anchor.current = id;
  };
  const chooseTo = (id: string): void => {
    const from = pages.findIndex((page) => page.id === (anchor.current ?? focused.value));
    const to = pages.findIndex((page) => page.id === id);
    choose([...selected, ...pages.slice(Math.min(from, to), Math.max(from, to) + 1).map((page) => page.id)]);
  };
  const focus = (index: number): void => {
    const page = pages[Math.min(pages.length - 1, Math.max(0, index))];
    if (page === undefined) return;
    focused.value = page.id;
    optionOf(grid.current, page.id)?.focus();
  };
  /** What an action is about: the chosen pages, else the one with the focus. */
  const meant = (): ReadonlySet<string> => (selected.size > 0 ? selected : new Set(focused.value === null ? [] : [focused.value]));

  const move = (ids: ReadonlySet<string>, before: string | null): void => {
    edits.move(ids, before);
    const first = state.pages.value.findIndex(({ id }) => ids.has(id));
    tell(ids.size === 1 ? "pages.told.moved-one" : "pages.told.moved", { count: ids.size, page: first + 1 });
  };
  const step = (by: number): void => {
    const ids = meant();
    const rest = pages.filter(({ id }) => !ids.has(id));
    // How many stay before the first of them.
    const before = rest.filter(({ index }) => index < pages.findIndex(({ id }) => ids.has(id))).length;
    const at = Math.min(rest.length, Math.max(0, before + by));
    move(ids, rest[at]?.id ?? null);
    const id = focused.value;
    requestAnimationFrame(() => id !== null && optionOf(grid.current, id)?.focus());
  };
  const rotate = (by: 90 | 270): void => {
    const ids = meant();
    edits.rotate(ids, by);
    tell("pages.told.rotated", { count: ids.size });
  };
  const remove = (): void => {
    const ids = meant();
    const next = pages.slice(focusedIndex).find(({ id }) => !ids.has(id)) ?? pages.findLast(({ id }) => !ids.has(id));
    if (!edits.remove(ids)) {
      state.notice.value = t("pages.keep-one");
      return;
    }
    chosen.value = new Set();
    tell("pages.told.deleted", { count: ids.size });
    focused.value = next?.id ?? null;
    requestAnimationFrame(() => next !== undefined && optionOf(grid.current, next.id)?.focus());
  };
  /** Behind the last of the chosen pages; else behind the focused one. */
  const place = (): number => Math.max(...[...meant()].map((id) => pages.findIndex((page) => page.id === id))) + 1;
  const added = (ids: readonly string[]): void => {
    chosen.value = new Set(ids);
    const first = ids[0];
    focused.value = first ?? focused.value;
    requestAnimationFrame(() => first !== undefined && optionOf(grid.current, first)?.focus());
    tell("pages.told.added", { count: ids.length });
  };
  const requested = (run: () => Promise<void>): void => {
    busy.value = true;
    tell("pages.busy");
    run()
      .catch((error: unknown) => {
        state.notice.value = t("pages.failed", { reason: error instanceof Error ? error.message : String(error) });
      })
      .finally(() => (busy.value = false));
  };
  const extract = (): void => {
    const indexes = pages.filter(({ id }) => meant().has(id)).map(({ index }) => index);
    const name = (state.title.value ?? "document").replace(/\.pdf$/i, "");
    requested(async () =>
      saveAs(
        await requests.extract(indexes),
        `${name} ${indexes
          .map((index) => index + 1)
          .join(", ")
          .slice(0, 40)}.pdf`,
      ),
    );
  };
  const close = (): void => {
    state.arranging.value = false;
    goTo(focusedIndex);
  };

  const drag = useMemo(
    () =>
      createPageDrag({
        moved: (next) => (drop.value = next),
        dropped: (ids, before) => move(ids, before),
      }),
    [],
  );
  useEffect(() => {
    optionOf(grid.current, focused.value ?? "")?.focus();
    optionOf(grid.current, focused.value ?? "")?.scrollIntoView({ block: "center" });
    return () => {
      drag.stop();
      root.querySelector<HTMLElement>(".viewport")?.focus();
    };
  }, []);

  const keys = (event: KeyboardEvent): void => {
    const columns = columnsOf(grid.current);
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    const control = event.ctrlKey || event.metaKey;
    // Buttons have keys of their own, but for the way out.
    if (event.key !== "Escape" && grid.current?.contains(event.target as Node) !== true) return;
    if (by !== undefined) {
      if (event.altKey) step(by);
      else {
        anchor.current ??= focused.value;
        const next = pages[Math.min(pages.length - 1, Math.max(0, focusedIndex + by))];
        if (event.shiftKey && next !== undefined) chooseTo(next.id);
        else anchor.current = null;
        focus(focusedIndex + by);
      }
    } else if (event.key === "Home") focus(0);
    else if (event.key === "End") focus(pages.length - 1);
    else if (event.key === " " && focused.value !== null) toggle(focused.value);
    else if (event.key === "a" && control) choose(pages.map(({ id }) => id));
    else if (event.key === "Delete" || event.key === "Backspace") remove();
    else if (event.key === "Escape") {
      if (drag.active) drag.stop();
      else if (selected.size > 0) choose([]);
      else close();
    } else if (event.key === "Enter") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  // Of everything in it, its buttons too: the way out is one for all.
  const heard = useRef(keys);
  heard.current = keys;
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => heard.current(event);
    section.current!.addEventListener("keydown", listen);
    return () => section.current?.removeEventListener("keydown", listen);
  }, []);
  const count = selected.size;
  return (
    <section class="page-editor" aria-label={t("pages.title")} aria-busy={busy.value} ref={section}>
      <header>
        <div class="what">
          <h2>{count === 0 ? t("pages.title") : t("pages.selected", { count })}</h2>
          <p>{t(busy.value ? "pages.busy" : "pages.hint")}</p>
        </div>
        <button class="button plain quiet" type="button" onClick={() => choose(count === pages.length ? [] : pages.map(({ id }) => id))}>
          {t(count === pages.length ? "pages.none" : "pages.all")}
        </button>
        <button class="button primary" type="button" onClick={close}>
          {t("pages.done")}
        </button>
      </header>
      <div class="actions" role="toolbar" aria-label={t("pages.actions")}>
        <Action icon={RotateCcw} label={t("pages.rotate-left")} disabled={busy.value} run={() => rotate(270)} />
        <Action icon={RotateCw} label={t("pages.rotate-right")} disabled={busy.value} run={() => rotate(90)} />
        <Action
          icon={CopyPlus}
          label={t("pages.duplicate")}
          disabled={busy.value}
          run={() => requested(async () => added(await edits.duplicate(meant())))}
        />
        <Action icon={Trash} label={t("pages.delete")} disabled={busy.value} run={remove} />
        <span class="rule" />
        <Action icon={SquarePlus} label={t("pages.blank")} disabled={busy.value} run={() => added([edits.insertBlank(place())])} />
        <Action icon={FileUp} label={t("pages.import")} disabled={busy.value} run={() => file.current?.click()} />
        {state.canDownload.value && <Action icon={FileDown} label={t("pages.extract")} disabled={busy.value} run={extract} />}
        <input
          ref={file}
          type="file"
          hidden
          accept={ACCEPTED}
          aria-label={t("pages.import")}
          onChange={(event) => {
            const given = event.currentTarget.files?.[0];
            event.currentTarget.value = "";
            if (given !== undefined) requested(async () => added(await edits.importFile(given, place())));
          }}
        />
      </div>
      <div class="grid-scroll">
        <div
          class="grid"
          role="listbox"
          aria-multiselectable="true"
          aria-label={t("pages.title")}
          aria-describedby="page-editor-keys"
          ref={grid}
        >
          {pages.map((page) => (
            <Card
              key={page.id}
              page={page}
              label={t("pages.option", { page: page.index + 1 })}
              selected={selected.has(page.id)}
              focusable={pages[focusedIndex]?.id === page.id}
              drop={drop.value?.at === page.id ? drop.value.side : null}
              dragged={drop.value?.ids.has(page.id) === true}
              thumbnail={thumbnail}
              marks={marks}
              onPointerDown={(event) => {
                // A page that is not among the chosen ones is dragged alone.
                drag.start(event, { id: page.id, ids: selected.has(page.id) ? selected : new Set([page.id]), grid: grid.current! });
              }}
              onClick={(event) => {
                if (drag.justEnded) return;
                focused.value = page.id;
                if (event.shiftKey) chooseTo(page.id);
                else toggle(page.id);
              }}
              onFocus={() => (focused.value = page.id)}
            />
          ))}
        </div>
        <p id="page-editor-keys" class="hidden-label">
          {t("pages.keys")}
        </p>
      </div>
    </section>
  );
}

interface ActionProps {
  readonly icon: IconNode;
  readonly label: string;
  /** Keeps the focus all the same. */
  readonly disabled: boolean;
  readonly run: () => void;
}

function Action({ icon, label, disabled, run }: ActionProps): JSX.Element {
  return (
    <button class="button" type="button" title={label} aria-label={label} aria-disabled={disabled} onClick={() => disabled || run()}>
      <Icon node={icon} />
      <span class="action-name">{label}</span>
    </button>
  );
}

interface CardProps {
  readonly page: PageShape;
  readonly label: string;
  readonly selected: boolean;
  /** Tab leads to it. */
  readonly focusable: boolean;
  readonly drop: "before" | "after" | null;
  readonly dragged: boolean;
  readonly thumbnail: Thumbnail;
  readonly marks: PageMarks;
  readonly onPointerDown: (event: PointerEvent) => void;
  readonly onClick: (event: MouseEvent) => void;
  readonly onFocus: () => void;
}

function Card({ page, label, selected, focusable, drop, dragged, thumbnail, marks, ...on }: CardProps): JSX.Element {
  const card = useRef<HTMLDivElement>(null);
  const near = useSignal(false);
  // Pictures of thousands of pages are fetched as they come into sight.
  useEffect(() => {
    const watch = new IntersectionObserver((seen) => (near.value = seen.at(-1)!.isIntersecting), { rootMargin: "300px" });
    watch.observe(card.current!);
    return () => watch.disconnect();
  }, []);
  const size = thumbnailSize(page, LARGEST);
  return (
    <div
      class="page-card"
      role="option"
      aria-selected={selected}
      aria-label={label}
      tabIndex={focusable ? 0 : -1}
      data-id={page.id}
      data-drop={drop ?? undefined}
      data-dragged={dragged || undefined}
      ref={card}
      {...on}
    >
      <span class="stand">
        {near.value ? (
          <Picture page={page} size={size} thumbnail={thumbnail} marks={marks} />
        ) : (
          <span class="picture" style={{ width: `${size.width}px`, height: `${size.height}px` }} />
        )}
      </span>
      <span class="tick" aria-hidden="true" />
      <span class="number">{page.index + 1}</span>
    </div>
  );
}

function optionOf(grid: Element | null, id: string): HTMLElement | null {
  return grid?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`) ?? null;
}

/** How many stand side by side. */
function columnsOf(grid: Element | null): number {
  const cards = [...(grid?.children ?? [])] as HTMLElement[];
  const first = cards[0]?.offsetTop;
  const next = cards.findIndex(({ offsetTop }) => offsetTop !== first);
  return next <= 0 ? Math.max(1, cards.length) : next;
}
