/** @jsxImportSource preact */
/** Below the outline: bookmarks, and the files that the document's file holds. A chunk of its own. */
import ArrowDown from "lucide/dist/esm/icons/arrow-down.mjs";
import ArrowUp from "lucide/dist/esm/icons/arrow-up.mjs";
import BookmarkIcon from "lucide/dist/esm/icons/bookmark.mjs";
import BookmarkPlus from "lucide/dist/esm/icons/bookmark-plus.mjs";
import Download from "lucide/dist/esm/icons/download.mjs";
import Paperclip from "lucide/dist/esm/icons/paperclip.mjs";
import Pencil from "lucide/dist/esm/icons/pencil.mjs";
import Trash from "lucide/dist/esm/icons/trash.mjs";
import type { Bookmark, RecordOf } from "@lectern/protocol";
import type { SyncClient } from "@lectern/sync/client";
import { signal } from "@preact/signals";
import type { FunctionComponent, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { linkTarget } from "../pages/link-target.ts";
import type { Scroller } from "../pages/scroller.ts";
import { Icon } from "../ui/icon.tsx";
import type { State } from "../ui/state.ts";
import { adoptStyles } from "../ui/style.ts";
import css from "./bookmark-panel.css?inline";
import { type BookmarkRecord, createBookmarks } from "./bookmarks.ts";

export interface BookmarkPanelOptions {
  readonly root: ShadowRoot;
  readonly state: State;
  readonly scroller: Scroller;
  readonly client: SyncClient;
  readonly follow: (action: Bookmark["action"]) => void;
  /** May bookmarks be changed? */
  readonly mayEdit: () => boolean;
  /** Lets the browser save a file; null: nobody may download. */
  readonly save: ((blob: string, name: string) => Promise<void>) | null;
}

type FileRecord = RecordOf<"attachment">;

export function createBookmarkPanel(options: BookmarkPanelOptions): FunctionComponent {
  const { state, scroller, client, follow, mayEdit, save } = options;
  adoptStyles(options.root, css);
  const bookmarks = createBookmarks({ client, hasPage: (page) => scroller.order.indexOf(page) >= 0 });
  const list = signal<readonly BookmarkRecord[]>([]);
  const files = signal<readonly FileRecord[]>([]);
  const renaming = signal<string | null>(null);

  function look(): void {
    list.value = bookmarks.list();
    files.value = [...client.records.all()]
      .filter((record): record is FileRecord => record.kind === "attachment")
      .sort((a, b) => (a.data.name < b.data.name ? -1 : 1));
  }

  function titleOf({ data: { name, action } }: BookmarkRecord): string {
    if (name !== undefined) return name;
    const index = action.type === "goTo" ? scroller.order.indexOf(action.page) : -1;
    return index < 0 ? "–" : state.translate.value("page.label", { page: index + 1 });
  }

  return function BookmarkPanel(): JSX.Element {
    const t = state.translate.value;
    useEffect(() => {
      look();
      return client.records.onChange(look);
    }, [state.pages.value]);
    return (
      <>
        {(list.value.length > 0 || mayEdit()) && (
          <section class="lb-part" aria-label={t("bookmarks.title")}>
            <h2>{t("bookmarks.title")}</h2>
            <ul class="lb-list">
              {list.value.map((bookmark, index) => (
                <Row key={bookmark.id} bookmark={bookmark} isFirst={index === 0} isLast={index === list.value.length - 1} />
              ))}
            </ul>
            {mayEdit() && (
              <button
                class="button lb-add"
                type="button"
                onClick={() => {
                  const page = state.pages.value[state.pageIndex.value];
                  if (page !== undefined) renaming.value = bookmarks.add(page.id);
                }}
              >
                <Icon node={BookmarkPlus} />
                <span>{t("bookmarks.add")}</span>
              </button>
            )}
          </section>
        )}
        {files.value.length > 0 && (
          <section class="lb-part" aria-label={t("files.title")}>
            <h2>{t("files.title")}</h2>
            <ul class="lb-list">
              {files.value.map((file) => (
                <FileRow key={file.id} file={file} />
              ))}
            </ul>
          </section>
        )}
      </>
    );
  };

  function Row({
    bookmark,
    isFirst,
    isLast,
  }: {
    readonly bookmark: BookmarkRecord;
    readonly isFirst: boolean;
    readonly isLast: boolean;
  }): JSX.Element {
    const t = state.translate.value;
    const { id, data } = bookmark;
    const title = titleOf(bookmark);
    if (renaming.value === id) return <Rename id={id} title={data.name ?? ""} placeholder={title} />;
    return (
      <li class="lb-row">
        <button
          class="lb-go"
          type="button"
          disabled={linkTarget(data.action) === null}
          onClick={() => follow(data.action)}
          onKeyDown={(event) => {
            if (!event.altKey || !mayEdit() || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
            event.preventDefault();
            bookmarks.move(id, event.key === "ArrowUp" ? -1 : 1);
          }}
        >
          <Icon node={BookmarkIcon} />
          <span>{title}</span>
        </button>
        {mayEdit() && (
          <span class="lb-tools">
            <Tool icon={Pencil} label={t("bookmarks.rename", { title })} onClick={() => (renaming.value = id)} />
            <Tool icon={ArrowUp} label={t("bookmarks.up", { title })} disabled={isFirst} onClick={() => bookmarks.move(id, -1)} />
            <Tool icon={ArrowDown} label={t("bookmarks.down", { title })} disabled={isLast} onClick={() => bookmarks.move(id, 1)} />
            <Tool icon={Trash} label={t("bookmarks.delete", { title })} onClick={() => bookmarks.remove(id)} />
          </span>
        )}
      </li>
    );
  }

  function Rename({ id, title, placeholder }: { readonly id: string; readonly title: string; readonly placeholder: string }): JSX.Element {
    const input = useRef<HTMLInputElement>(null);
    const done = (keep: boolean): void => {
      if (renaming.peek() !== id) return;
      if (keep) bookmarks.rename(id, input.current?.value ?? "");
      renaming.value = null;
    };
    useEffect(() => {
      input.current?.focus();
      input.current?.select();
    }, []);
    return (
      <li class="lb-row">
        <input
          ref={input}
          class="lb-name"
          type="text"
          maxLength={1024}
          defaultValue={title}
          placeholder={placeholder}
          aria-label={state.translate.value("bookmarks.name")}
          onBlur={() => done(true)}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key === "Enter") done(true);
            else if (event.key === "Escape") done(false);
          }}
        />
      </li>
    );
  }

  function FileRow({ file: { id, data } }: { readonly file: FileRecord }): JSX.Element {
    const t = state.translate.value;
    return (
      <li class="lb-row">
        <span class="lb-go" title={data.description}>
          <Icon node={Paperclip} />
          <span>{data.name}</span>
        </span>
        {save !== null && (
          <Tool
            icon={Download}
            label={t("files.save", { name: data.name })}
            onClick={() => {
              save(data.blob, data.name).catch((error: unknown) => {
                state.notice.value = t("files.failed", { reason: error instanceof Error ? error.message : String(error) });
              });
            }}
          />
        )}
        {state.canArrange.value && state.past.value === null && (
          <span class="lb-tools">
            <Tool icon={Trash} label={t("bookmarks.delete", { title: data.name })} onClick={() => client.delete(id)} />
          </span>
        )}
      </li>
    );
  }
}

function Tool({
  icon,
  label,
  disabled = false,
  onClick,
}: {
  readonly icon: typeof Trash;
  readonly label: string;
  readonly disabled?: boolean;
  readonly onClick: () => void;
}): JSX.Element {
  return (
    <button class="button narrow" type="button" title={label} aria-label={label} disabled={disabled} onClick={onClick}>
      <Icon node={icon} />
    </button>
  );
}
