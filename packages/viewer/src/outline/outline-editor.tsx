/** @jsxImportSource preact */
/** The outline while it is edited: one item is chosen, and the bar above does something with it. A chunk of its own. */
import ArrowDown from "lucide/dist/esm/icons/arrow-down.mjs";
import ArrowUp from "lucide/dist/esm/icons/arrow-up.mjs";
import Inwards from "lucide/dist/esm/icons/list-indent-increase.mjs";
import Outwards from "lucide/dist/esm/icons/list-indent-decrease.mjs";
import Pencil from "lucide/dist/esm/icons/pencil.mjs";
import Plus from "lucide/dist/esm/icons/plus.mjs";
import Trash from "lucide/dist/esm/icons/trash.mjs";
import type { OutlineItem } from "@lectern/protocol";
import { signal } from "@preact/signals";
import type { FunctionComponent, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../ui/icon.tsx";
import type { State } from "../ui/state.ts";
import { adoptStyles } from "../ui/style.ts";
import css from "./outline-editor.css?inline";
import type { Outline } from "./outline.ts";
import { added, type Changed, itemAt, moved, nested, type OutlineTree, type Path, removed, renamed, unnested } from "./outline-tree.ts";

export interface OutlineEditorOptions {
  readonly root: ShadowRoot;
  readonly state: State;
  readonly outline: Outline;
}

const LONGEST = 4096;

export function createOutlineEditor({ root, state, outline }: OutlineEditorOptions): FunctionComponent {
  adoptStyles(root, css);
  const tree = signal<OutlineTree>([]);
  const chosen = signal<Path | null>(null);
  const renaming = signal(false);

  const write = (next: OutlineTree, path: Path | null): void => {
    chosen.value = path;
    if (next !== tree.peek()) outline.write(next);
  };
  const change = (how: (tree: OutlineTree, path: Path) => Changed | null): void => {
    const next = chosen.value === null ? null : how(tree.value, chosen.value);
    if (next !== null) write(next.tree, next.path);
  };
  const remove = (): void => {
    const path = chosen.value;
    if (path === null) return;
    const next = removed(tree.value, path);
    // The one that comes in its place, else the one before it, else the one above.
    const places: Path[] = [path, [...path.slice(0, -1), path.at(-1)! - 1], path.slice(0, -1)];
    write(next, places.find((place) => place.length > 0 && itemAt(next, place) !== undefined) ?? null);
  };
  const add = (): void => {
    const page = state.pages.value[state.pageIndex.value];
    if (page === undefined) return;
    const title = state.translate.value("page.label", { page: page.label ?? String(state.pageIndex.value + 1) });
    const next = added(tree.value, chosen.value, { title, action: { type: "goTo", page: page.id } });
    write(next.tree, next.path);
    renaming.value = true;
  };

  return function OutlineEditor(): JSX.Element {
    const t = state.translate.value;
    useEffect(
      () =>
        outline.watch((now) => {
          tree.value = now;
          if (chosen.value !== null && itemAt(now, chosen.value) === undefined) chosen.value = null;
        }),
      [],
    );
    const path = chosen.value;
    const title = path === null ? "" : (itemAt(tree.value, path)?.title ?? "");
    const can = (how: (tree: OutlineTree, path: Path) => Changed | null): boolean => path !== null && how(tree.value, path) !== null;
    const [up, down] = [(of: OutlineTree, at: Path) => moved(of, at, -1), (of: OutlineTree, at: Path) => moved(of, at, 1)];
    return (
      <>
        <div class="lo-bar" role="toolbar" aria-label={t("outline.edit")}>
          <Tool icon={Plus} label={t("outline.add")} onClick={add} />
          <Tool icon={Pencil} label={t("bookmarks.rename", { title })} disabled={path === null} onClick={() => (renaming.value = true)} />
          <Tool icon={ArrowUp} label={t("bookmarks.up", { title })} disabled={!can(up)} onClick={() => change(up)} />
          <Tool icon={ArrowDown} label={t("bookmarks.down", { title })} disabled={!can(down)} onClick={() => change(down)} />
          <Tool icon={Inwards} label={t("outline.in", { title })} disabled={!can(nested)} onClick={() => change(nested)} />
          <Tool icon={Outwards} label={t("outline.out", { title })} disabled={!can(unnested)} onClick={() => change(unnested)} />
          <Tool icon={Trash} label={t("bookmarks.delete", { title })} disabled={path === null} onClick={remove} />
        </div>
        <Level items={tree.value} above={[]} />
      </>
    );
  };

  function Level({ items, above }: { readonly items: OutlineTree; readonly above: Path }): JSX.Element {
    return (
      <ul class="lo-list">
        {items.map((item, index) => (
          <Row key={index} item={item} path={[...above, index]} />
        ))}
      </ul>
    );
  }

  function Row({ item, path }: { readonly item: OutlineItem; readonly path: Path }): JSX.Element {
    const isChosen = chosen.value?.join() === path.join();
    const { children = [] } = item;
    return (
      <li>
        {isChosen && renaming.value ? (
          <Rename path={path} title={item.title} />
        ) : (
          <button
            class="lo-item"
            type="button"
            aria-pressed={isChosen}
            style={styleOf(item)}
            onClick={() => (chosen.value = path)}
            onDblClick={() => (renaming.value = true)}
          >
            {item.title}
          </button>
        )}
        {children.length > 0 && <Level items={children} above={path} />}
      </li>
    );
  }

  function Rename({ path, title }: { readonly path: Path; readonly title: string }): JSX.Element {
    const input = useRef<HTMLInputElement>(null);
    const done = (keep: boolean): void => {
      if (!renaming.peek()) return;
      renaming.value = false;
      const wanted = input.current?.value.trim().slice(0, LONGEST) ?? "";
      if (keep && wanted !== "" && wanted !== title) write(renamed(tree.value, path, wanted), path);
    };
    useEffect(() => {
      input.current?.focus();
      input.current?.select();
    }, []);
    return (
      <input
        ref={input}
        class="lo-name"
        type="text"
        maxLength={LONGEST}
        defaultValue={title}
        aria-label={state.translate.value("outline.name")}
        onBlur={() => done(true)}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Enter") done(true);
          else if (event.key === "Escape") done(false);
        }}
      />
    );
  }
}

function styleOf({ isBold, isItalic, color }: OutlineItem): Record<string, string> {
  return {
    ...(isBold === true ? { fontWeight: "600" } : {}),
    ...(isItalic === true ? { fontStyle: "italic" } : {}),
    ...(color === undefined ? {} : { textDecorationLine: "underline", textDecorationColor: color }),
  };
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
