/** @jsxImportSource preact */
/** The bar above the pages, and the bar of tools below them on a phone. */
import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import type { ToolInfo } from "../parts.ts";
import { Icon, type IconName } from "./icon.tsx";
import { Later } from "./later.tsx";
import { People } from "./people.tsx";
import { SaveMark } from "./save-mark.tsx";
import type { Actions, State } from "./state.ts";

export interface BarProps {
  readonly state: State;
  readonly actions: Actions;
}

const loadMenu = () => import("./menu.tsx").then((module) => module.Menu);

export function Toolbar({ state, actions }: BarProps): JSX.Element {
  const { items, translate } = state;
  const t = translate.value;
  const open = state.phase.value.kind === "open";
  /** The pages are as they are, and nothing lies over them. */
  const live = open && !state.arranging.value && state.past.value === null;
  return (
    <div class="bar" role="toolbar" aria-label={t("toolbar.label")}>
      <div class="group">
        {items.has("sidebar") && (
          <Button
            icon="panel-left"
            label={t("toolbar.sidebar")}
            disabled={!open || state.arranging.value}
            expanded={state.sidebar.value !== null}
            onClick={() => (state.sidebar.value = state.sidebar.value === null ? "thumbnails" : null)}
          />
        )}
        {items.has("pages") && open && <PageControl state={state} actions={actions} />}
        {items.has("zoom") && open && (
          <div class="group only-large">
            <span class="rule" />
            <ZoomControl state={state} actions={actions} />
          </div>
        )}
      </div>
      <div class="group tools" role="group" aria-label={t("toolbar.tools")}>
        {items.has("tools") &&
          live &&
          toolGroups(state.tools.value).map((tools) => <GroupButton key={tools[0]!.name} tools={tools} state={state} actions={actions} />)}
      </div>
      <div class="group end">
        {items.has("history") && open && state.past.value === null && (state.tools.value.length > 0 || state.canArrange.value) && (
          <HistoryButtons state={state} actions={actions} />
        )}
        {items.has("search") && (
          <Button
            icon="search"
            label={`${t("toolbar.search")} (${shortcut("F")})`}
            disabled={!live}
            expanded={state.searchOpen.value}
            onClick={() => (state.searchOpen.value = !state.searchOpen.value)}
          />
        )}
        {items.has("comments") && open && (
          <span class="with-badge">
            <Button
              icon="message-square"
              label={t("toolbar.comments")}
              expanded={state.sidebar.value === "comments"}
              onClick={() => (state.sidebar.value = state.sidebar.value === "comments" ? null : "comments")}
            />
            {state.unread.value > 0 && (
              <span class="badge" aria-label={t("toolbar.unread", { count: state.unread.value })}>
                {state.unread.value > 99 ? "99+" : state.unread.value}
              </span>
            )}
          </span>
        )}
        {items.has("download") && open && state.canDownload.value && (
          <span class="only-large">
            <Button icon="download" label={t("toolbar.download")} onClick={() => actions.download()} />
          </span>
        )}
        {items.has("people") && open && <Present state={state} />}
        {items.has("people") && open && <People state={state} />}
        {items.has("save-state") && <SaveMark state={state} />}
        {open && (
          <span class="only-small">
            <MenuButton label={t("toolbar.more")} button={<Icon name="ellipsis" />} state={state} actions={actions} kind="more" />
          </span>
        )}
      </div>
    </div>
  );
}

/** Under the pages where the bar above has no room for the tools. */
export function LowerBar({ state, actions }: BarProps): JSX.Element | null {
  if (!state.items.has("tools") || state.phase.value.kind !== "open" || state.tools.value.length === 0 || state.past.value !== null)
    return null;
  return (
    <div class="tools-bar" role="toolbar" aria-label={state.translate.value("toolbar.tools")}>
      {toolGroups(state.tools.value).map((tools) => (
        <GroupButton key={tools[0]!.name} tools={tools} state={state} actions={actions} />
      ))}
    </div>
  );
}

/** Nobody presents to an empty room. */
function Present({ state }: Pick<BarProps, "state">): JSX.Element | null {
  const presenting = state.presenting.value;
  if (state.peers.value.length === 0 && !presenting) return null;
  return (
    <span class="only-large">
      <Button
        icon="presentation"
        label={state.translate.value(presenting ? "present.stop" : "present.start")}
        pressed={presenting}
        onClick={() => (state.presenting.value = !presenting)}
      />
    </span>
  );
}

function PageControl({ state, actions }: BarProps): JSX.Element {
  const t = state.translate.value;
  const count = state.pageCount.value;
  const index = state.pageIndex.value;
  const digits = String(count).length;
  const go = (input: HTMLInputElement): void => {
    const page = Number.parseInt(input.value, 10);
    if (Number.isFinite(page)) actions.goTo(Math.min(count, Math.max(1, page)) - 1);
    input.value = String(state.pageIndex.value + 1);
  };
  return (
    <div class="pages" style={{ "--digits": digits }}>
      <Button
        icon="chevron-left"
        narrow
        label={t("toolbar.previous-page")}
        disabled={index === 0}
        onClick={() => actions.goTo(index - 1)}
      />
      <input
        class="field"
        inputMode="numeric"
        aria-label={t("toolbar.page")}
        value={String(index + 1)}
        onFocus={(event) => event.currentTarget.select()}
        onBlur={(event) => go(event.currentTarget)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          go(event.currentTarget);
          event.currentTarget.select();
        }}
      />
      <span class="of">{t("toolbar.page-of", { count: count.toLocaleString() })}</span>
      <Button
        icon="chevron-right"
        narrow
        label={t("toolbar.next-page")}
        disabled={index >= count - 1}
        onClick={() => actions.goTo(index + 1)}
      />
    </div>
  );
}

function ZoomControl({ state, actions }: BarProps): JSX.Element {
  const t = state.translate.value;
  const percent = Math.round(state.scale.value * 100);
  return (
    <>
      <Button icon="minus" narrow label={`${t("toolbar.zoom-out")} (${shortcut("−")})`} onClick={() => actions.stepZoom(-1)} />
      <MenuButton
        label={`${t("toolbar.zoom")}: ${percent} %`}
        className="zoom-value"
        button={[`${percent}%`, <Icon key="icon" name="chevron-down" />]}
        state={state}
        actions={actions}
        kind="zoom"
      />
      <Button icon="plus" narrow label={`${t("toolbar.zoom-in")} (${shortcut("+")})`} onClick={() => actions.stepZoom(1)} />
    </>
  );
}

function HistoryButtons({ state, actions }: BarProps): JSX.Element {
  const t = state.translate.value;
  const { canUndo, canRedo } = state.history.value;
  return (
    <>
      <Button icon="undo-2" label={`${t("toolbar.undo")} (${shortcut("Z")})`} disabled={!canUndo} onClick={() => actions.undo()} />
      <span class="only-large">
        <Button icon="redo-2" label={`${t("toolbar.redo")} (${shortcut("⇧Z")})`} disabled={!canRedo} onClick={() => actions.redo()} />
      </span>
      <span class="rule only-large" />
    </>
  );
}

/** Neighbours with the same group. */
function toolGroups(tools: readonly ToolInfo[]): readonly (readonly ToolInfo[])[] {
  const groups: ToolInfo[][] = [];
  for (const tool of tools) {
    const last = groups.at(-1);
    if (tool.group !== undefined && last?.[0]?.group === tool.group) last.push(tool);
    else groups.push([tool]);
  }
  return groups;
}

/**
 * The tool of the group that was used last, and a menu of all. Where there is no room for the menu's own button, a press on the active tool opens
 * it.
 */
function GroupButton({ tools, state, actions }: BarProps & { readonly tools: readonly ToolInfo[] }): JSX.Element {
  const anchor: Signal<HTMLElement | null> = useSignal(null);
  const used = useSignal(tools[0]!.name);
  const active = tools.find(({ name }) => name === state.activeTool.value);
  if (active !== undefined && used.peek() !== active.name) used.value = active.name;
  const shown = active ?? tools.find(({ name }) => name === used.value) ?? tools[0]!;
  if (tools.length === 1) return <ToolButton tool={shown} state={state} actions={actions} />;
  const label = state.translate.value(shown.group!);
  const toggle = (element: HTMLElement): void => void (anchor.value = anchor.value === null ? element : null);
  return (
    <span class="tool-group">
      <ToolButton tool={shown} state={state} actions={actions} onAgain={toggle} />
      <button
        class="button narrow tool-more"
        type="button"
        title={label}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={anchor.value !== null}
        onClick={(event) => toggle(event.currentTarget)}
      >
        <Icon name="chevron-down" />
      </button>
      {anchor.value !== null && (
        <Later load={loadMenu} props={{ kind: tools, state, actions, anchor: anchor.value, close: () => (anchor.value = null) }} />
      )}
    </span>
  );
}

interface ToolButtonProps extends BarProps {
  readonly tool: ToolInfo;
  /** It is pressed while it is active. */
  readonly onAgain?: (element: HTMLElement) => void;
}

function ToolButton({ tool, state, actions, onAgain }: ToolButtonProps): JSX.Element {
  const name = state.translate.value(tool.label);
  const title = tool.shortcut === undefined ? name : `${name} (${tool.shortcut.toUpperCase()})`;
  return (
    <button
      class="button"
      type="button"
      title={title}
      aria-label={name}
      aria-pressed={state.activeTool.value === tool.name}
      onClick={(event) => {
        if (state.activeTool.value === tool.name && onAgain !== undefined) onAgain(event.currentTarget);
        else actions.setTool(tool.name);
      }}
    >
      <Icon node={tool.icon} />
      <span class="tool-name">{name}</span>
    </button>
  );
}

interface ButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: () => void;
  readonly disabled?: boolean;
  readonly expanded?: boolean;
  readonly pressed?: boolean;
  readonly narrow?: boolean;
}

export function Button({ icon, label, onClick, disabled = false, expanded, pressed, narrow = false }: ButtonProps): JSX.Element {
  return (
    <button
      class={narrow ? "button narrow" : "button"}
      type="button"
      title={label}
      aria-label={label}
      aria-expanded={expanded}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

interface MenuButtonProps extends BarProps {
  readonly label: string;
  readonly button: ComponentChildren;
  readonly kind: "zoom" | "more";
  readonly className?: string;
}

function MenuButton({ label, button, state, actions, kind, className = "" }: MenuButtonProps): JSX.Element {
  const anchor: Signal<HTMLElement | null> = useSignal(null);
  return (
    <>
      <button
        class={`button ${className}`}
        type="button"
        title={label}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={anchor.value !== null}
        onClick={(event) => (anchor.value = anchor.value === null ? event.currentTarget : null)}
      >
        {button}
      </button>
      {anchor.value !== null && (
        <Later load={loadMenu} props={{ kind, state, actions, anchor: anchor.value, close: () => (anchor.value = null) }} />
      )}
    </>
  );
}

/** A shortcut in the words of the platform. */
export function shortcut(key: string): string {
  return /Mac|iPhone|iPad/.test(navigator.platform) ? `⌘${key.replace("⇧", "⇧")}` : `Ctrl+${key.replace("⇧", "Shift+")}`;
}
