/** @jsxImportSource preact */
/** Menus of the bar: the zoom, and on a phone all that the bar has no room for. Arrow keys move, Escape closes. */
import { autoUpdate, computePosition, flip, offset, shift } from "@floating-ui/dom";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ToolInfo } from "../parts.ts";
import { Icon, type IconNode } from "./icon.tsx";
import type { Actions, State } from "./state.ts";

export interface MenuProps {
  /** Tools: those to choose from. */
  readonly kind: "zoom" | "more" | readonly ToolInfo[];
  readonly state: State;
  readonly actions: Actions;
  readonly anchor: HTMLElement;
  readonly close: () => void;
}

interface Item {
  readonly label: string;
  readonly run: () => void;
  /** One of a set: is it the chosen one? */
  readonly checked?: boolean;
  readonly disabled?: boolean;
  readonly icon?: IconNode;
}

const FACTORS = [0.5, 0.75, 1, 1.25, 1.5, 2, 4];

export function Menu({ kind, state, actions, anchor, close }: MenuProps): JSX.Element {
  const menu = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = menu.current!;
    const place = (): void => {
      void computePosition(anchor, element, {
        strategy: "fixed",
        placement: "bottom",
        middleware: [offset(6), flip(), shift({ padding: 8 })],
      }).then(({ x, y }) => (element.style.translate = `${x}px ${y}px`));
    };
    const stop = autoUpdate(anchor, element, place);
    (element.querySelector<HTMLElement>("[aria-checked=true]") ?? element.querySelector<HTMLElement>(".item"))?.focus();
    const outside = (event: Event): void => {
      const path = event.composedPath();
      if (!path.includes(element) && !path.includes(anchor)) close();
    };
    document.addEventListener("pointerdown", outside, true);
    return () => {
      stop();
      document.removeEventListener("pointerdown", outside, true);
    };
  }, [anchor]);
  const sections =
    kind === "zoom" ? zoomItems(state, actions) : kind === "more" ? moreItems(state, actions) : [toolItems(kind, state, actions)];
  return (
    <div
      class="menu"
      role="menu"
      tabIndex={-1}
      ref={menu}
      onKeyDown={(event) => {
        if (event.key === "Escape" || event.key === "Tab") {
          close();
          anchor.focus();
        } else if (!moveFocus(event.currentTarget, event.key)) return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      {sections.map((items, index) => (
        <>
          {index > 0 && <hr />}
          {items.map((item) => (
            <button
              key={item.label}
              class="item"
              type="button"
              role={item.checked === undefined ? "menuitem" : "menuitemradio"}
              aria-checked={item.checked}
              disabled={item.disabled}
              onClick={() => {
                close();
                anchor.focus();
                item.run();
              }}
            >
              {item.icon !== undefined && <Icon node={item.icon} />}
              {item.label}
            </button>
          ))}
        </>
      ))}
    </div>
  );
}

function moveFocus(menu: HTMLElement, key: string): boolean {
  const by = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0;
  if (by === 0) return false;
  const items = [...menu.querySelectorAll<HTMLElement>(".item:not(:disabled)")];
  const at = items.indexOf((menu.getRootNode() as ShadowRoot).activeElement as HTMLElement);
  items[(at + by + items.length) % items.length]?.focus();
  return true;
}

function toolItems(tools: readonly ToolInfo[], state: State, actions: Actions): Item[] {
  return tools.map(({ name, label, icon, shortcut }) => {
    const words = state.translate.value(label);
    return {
      label: shortcut === undefined ? words : `${words} (${shortcut.toUpperCase()})`,
      icon,
      checked: state.activeTool.value === name,
      run: () => actions.setTool(name),
    };
  });
}

function zoomItems(state: State, actions: Actions): Item[][] {
  const t = state.translate.value;
  const zoom = state.zoom.value;
  const modes = ["auto", "fit-width", "fit-page"] as const;
  return [
    modes.map((mode) => ({ label: t(`zoom.${mode}`), checked: zoom === mode, run: () => actions.setZoom(mode) })),
    FACTORS.map((factor) => ({ label: `${factor * 100}%`, checked: zoom === factor, run: () => actions.setZoom(factor) })),
  ];
}

function moreItems(state: State, actions: Actions): Item[][] {
  const t = state.translate.value;
  const items: Item[][] = [
    [
      { label: t("zoom.fit-width"), checked: state.zoom.value === "fit-width", run: () => actions.setZoom("fit-width") },
      { label: t("zoom.fit-page"), checked: state.zoom.value === "fit-page", run: () => actions.setZoom("fit-page") },
      { label: t("toolbar.zoom-in"), run: () => actions.stepZoom(1) },
      { label: t("toolbar.zoom-out"), run: () => actions.stepZoom(-1) },
    ],
  ];
  if (state.tools.value.length > 0)
    items.push([{ label: t("toolbar.redo"), disabled: !state.history.value.canRedo, run: () => actions.redo() }]);
  const presenting = state.presenting.value;
  if (presenting || state.peers.value.length > 0)
    items.push([{ label: t(presenting ? "present.stop" : "present.start"), run: () => (state.presenting.value = !presenting) }]);
  if (state.canArrange.value) items.push([{ label: t("pages.arrange"), run: () => (state.arranging.value = true) }]);
  if (state.canDownload.value) items.push([{ label: t("toolbar.download"), run: () => actions.download() }]);
  return items;
}
