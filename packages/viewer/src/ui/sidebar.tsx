/** @jsxImportSource preact */
/** Thumbnails of all pages, and the outline of the document. */
import EyeOff from "lucide/dist/esm/icons/eye-off.mjs";
import Files from "lucide/dist/esm/icons/files.mjs";
import ListTree from "lucide/dist/esm/icons/list-tree.mjs";
import MessageSquare from "lucide/dist/esm/icons/message-square.mjs";
import HistoryIcon from "lucide/dist/esm/icons/rotate-ccw-clock.mjs";
import type { OutlineItem } from "@lectern/protocol";
import { useSignal } from "@preact/signals";
import type { FunctionComponent, JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Outline } from "../outline/outline.ts";
import type { LoadImage } from "../pages/images.ts";
import { layoutPages } from "../pages/layout.ts";
import { linkTarget } from "../pages/link-target.ts";
import { Icon } from "./icon.tsx";
import { Later } from "./later.tsx";
import { Picture, type Thumbnail, thumbnails, thumbnailSize } from "./picture.tsx";
import type { PageMarks } from "./page-marks.ts";
import type { State } from "./state.ts";
import { Button } from "./toolbar.tsx";
import { VirtualList } from "./virtual-list.tsx";

export interface SidebarOptions {
  readonly state: State;
  readonly goTo: (pageIndex: number) => void;
  readonly load: LoadImage;
  /** What lies on the pages. */
  readonly marks: PageMarks;
  readonly outline: Outline;
  /** The outline while it is edited, of a chunk of its own. */
  readonly outlineEditor: () => Promise<FunctionComponent>;
  readonly follow: (action: OutlineItem["action"]) => void;
  /** Bookmarks and files, of a chunk of its own. */
  readonly bookmarks: () => Promise<FunctionComponent>;
  /** Is there one of them, or may one be made? Told again when that may have changed. */
  readonly hasBookmarks: (changed: (has: boolean) => void) => () => void;
  /** The list of threads, of a chunk of its own. */
  readonly comments: () => Promise<FunctionComponent>;
  /** What was changed, of a chunk of its own; null: nothing is kept. */
  readonly history: (() => Promise<FunctionComponent>) | null;
  /** What is marked to be removed, of a chunk of its own; null: nobody can remove it. */
  readonly redactions: (() => Promise<FunctionComponent>) | null;
}

const NONE = {};
const TABS = [
  { name: "thumbnails", icon: Files },
  { name: "outline", icon: ListTree },
  { name: "comments", icon: MessageSquare },
  { name: "history", icon: HistoryIcon },
  { name: "redactions", icon: EyeOff },
] as const;
const LARGEST = { width: 132, height: 190 };
const LABEL = 26;

/** The panel as a component of its own: what it has loaded stays while it is closed. */
export function createSidebar(options: SidebarOptions): () => JSX.Element | null {
  const { state, goTo, load, outline } = options;
  const thumbnail = thumbnails(load);

  return function Sidebar() {
    const t = state.translate.value;
    const tree = useSignal<readonly OutlineItem[]>([]);
    const hasMore = useSignal(false);
    const isEditing = useSignal(false);
    useEffect(() => options.hasBookmarks((has) => (hasMore.value = has)), []);
    useEffect(() => outline.watch((found) => (tree.value = found)), []);
    const tab = state.sidebar.value;
    const mayEdit = state.canArrange.value && state.past.value === null;
    const isHidden = {
      thumbnails: false,
      outline: tree.value.length === 0 && !hasMore.value && !mayEdit,
      // Threads and marks are those of now.
      comments: !state.items.has("comments") || state.past.value !== null,
      history: options.history === null,
      redactions:
        options.redactions === null || state.past.value !== null || (tab !== "redactions" && state.activeTool.value !== "redaction"),
    };
    const close = (): void => {
      state.sidebar.value = null;
    };
    return (
      <>
        <button class="scrim only-small" type="button" aria-label={t("sidebar.close")} onClick={close} />
        <aside class="sidebar" data-tab={tab} aria-label={t("sidebar.label")}>
          <div class="tabs">
            <div class="tab-list" role="tablist" aria-label={t("sidebar.label")}>
              {TABS.map(({ name, icon }) => (
                <button
                  key={name}
                  class="button tab"
                  type="button"
                  role="tab"
                  title={t(`sidebar.${name}`)}
                  aria-selected={tab === name}
                  hidden={isHidden[name]}
                  onClick={() => (state.sidebar.value = name)}
                >
                  <Icon node={icon} />
                  <span class="tab-name">{t(`sidebar.${name}`)}</span>
                </button>
              ))}
            </div>
            <span class="end">
              {mayEdit && tab === "thumbnails" && (
                <Button icon="layout-grid" label={t("pages.arrange")} onClick={() => (state.arranging.value = true)} />
              )}
            </span>
            <span class="only-small">
              <Button icon="x" label={t("sidebar.close")} onClick={close} />
            </span>
          </div>
          {tab === "comments" ? (
            <Later load={options.comments} props={NONE} />
          ) : tab === "history" && options.history !== null ? (
            <Later load={options.history} props={NONE} />
          ) : tab === "redactions" && options.redactions !== null ? (
            <Later load={options.redactions} props={NONE} />
          ) : tab === "outline" ? (
            <nav class="list outline" aria-label={t("sidebar.outline")}>
              {mayEdit && isEditing.value ? (
                <Later load={options.outlineEditor} props={NONE} />
              ) : (
                tree.value.length > 0 && <OutlineLevel items={tree.value} options={options} />
              )}
              {mayEdit && (
                <button class="button outline-edit" type="button" onClick={() => (isEditing.value = !isEditing.value)}>
                  <Icon name={isEditing.value ? "x" : "pencil-line"} />
                  <span>{t(isEditing.value ? "outline.done" : "outline.edit")}</span>
                </button>
              )}
              {hasMore.value && <Later load={options.bookmarks} props={NONE} />}
              {tree.value.length === 0 && !hasMore.value && !isEditing.value && <p class="empty">{t("sidebar.no-outline")}</p>}
            </nav>
          ) : (
            <Thumbnails state={state} goTo={goTo} thumbnail={thumbnail} marks={options.marks} />
          )}
        </aside>
      </>
    );
  };
}

interface ThumbnailsProps {
  readonly state: State;
  readonly goTo: (pageIndex: number) => void;
  readonly thumbnail: Thumbnail;
  readonly marks: PageMarks;
}

function Thumbnails({ state, goTo, thumbnail, marks }: ThumbnailsProps): JSX.Element {
  const t = state.translate.value;
  const pages = state.pages.value;
  const sizes = useMemo(() => pages.map((page) => thumbnailSize(page, LARGEST)), [pages]);
  const layout = useMemo(
    () =>
      layoutPages(
        sizes.map(({ width, height }) => ({ width, height: height + LABEL })),
        10,
        12,
      ),
    [sizes],
  );
  return (
    <VirtualList
      layout={layout}
      label={t("viewer.pages")}
      current={state.pageIndex}
      row={(index) => {
        const page = pages[index]!;
        const name = String(index + 1);
        return (
          <div class="thumbnail" data-current={state.pageIndex.value === index}>
            <Picture key={page.id} page={page} size={sizes[index]!} thumbnail={thumbnail} marks={marks} />
            {/* It covers the picture, whose words are not its name. */}
            <button
              class="number"
              type="button"
              title={page.label === null ? undefined : t("page.label", { page: page.label })}
              aria-label={t("page.label", { page: name })}
              aria-current={state.pageIndex.value === index ? "page" : undefined}
              onClick={() => {
                goTo(index);
                if (matchMedia("(max-width: 719px)").matches) state.sidebar.value = null;
              }}
            >
              {name}
            </button>
          </div>
        );
      }}
    />
  );
}

function OutlineLevel({ items, options }: { readonly items: readonly OutlineItem[]; readonly options: SidebarOptions }): JSX.Element {
  return (
    <ul>
      {items.map((item, index) => (
        <OutlineEntry key={index} item={item} options={options} />
      ))}
    </ul>
  );
}

function OutlineEntry({ item, options }: { readonly item: OutlineItem; readonly options: SidebarOptions }): JSX.Element {
  const t = options.state.translate.value;
  const children = item.children ?? [];
  const open = useSignal(item.isExpanded ?? false);
  return (
    <li>
      <div class="entry">
        {children.length > 0 ? (
          <button
            class="twist"
            type="button"
            aria-expanded={open.value}
            aria-label={t(open.value ? "outline.collapse" : "outline.expand", { title: item.title })}
            onClick={() => (open.value = !open.value)}
          >
            <Icon name="chevron-right" />
          </button>
        ) : (
          <span class="twist" />
        )}
        <button
          class="title"
          type="button"
          data-bold={item.isBold === true}
          data-italic={item.isItalic === true}
          disabled={linkTarget(item.action) === null}
          onClick={() => options.follow(item.action)}
        >
          {item.title}
        </button>
      </div>
      {open.value && children.length > 0 && <OutlineLevel items={children} options={options} />}
    </li>
  );
}
