/** @jsxImportSource preact */
/** The frame around the pages: bars, panels, and what stands in for pages that are not there yet. */
import { effect, type Signal, signal } from "@preact/signals";
import { type JSX, render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Banner } from "./banner.tsx";
import { LowerBar, Toolbar } from "./toolbar.tsx";
import css from "./shell.css?inline";
import { Later } from "./later.tsx";
import type { Actions, State } from "./state.ts";
import { adoptStyles } from "./style.ts";

export interface Shell {
  readonly root: ShadowRoot;
  /** Scrolling element, for the pages. */
  readonly viewport: HTMLElement;
  /** Panels know the document: they are given when it is open, and loaded when they are first shown. */
  readonly panels: Signal<Panels | null>;
  close(): void;
}

type Panel = () => Promise<() => JSX.Element | null>;
export interface Panels {
  readonly sidebar: Panel;
  readonly search: Panel;
  /** Of pages. */
  readonly editor: Panel;
  /** Under the pages while they are shown as they were. */
  readonly past: Panel;
}

const NONE = {};
const loadCard = () => import("./cards.tsx").then((module) => module.Card);
const loadDialog = () => import("./dialog.tsx").then((module) => module.ConfirmDialog);

export function openShell(container: HTMLElement, state: State, actions: Actions): Shell {
  const host = document.createElement("div");
  host.className = "lectern-viewer";
  // The host's size must not wait for the style sheet of the shadow root.
  host.style.cssText = "width:100%;height:100%";
  const root = host.attachShadow({ mode: "open", delegatesFocus: false });
  adoptStyles(root, css);
  const viewport = document.createElement("div");
  viewport.className = "viewport";
  viewport.tabIndex = 0;
  viewport.role = "document";
  viewport.addEventListener("pointerdown", () => viewport.classList.add("pressed"), { capture: true });
  viewport.addEventListener("blur", () => viewport.classList.remove("pressed"));
  const frame = document.createElement("div");
  frame.className = "shell";
  root.append(frame);
  const panels = signal<Panels | null>(null);
  const stopTheme = followTheme(host, state);
  render(<Frame state={state} actions={actions} viewport={viewport} panels={panels} />, frame);
  container.append(host);
  return {
    root,
    viewport,
    panels,
    close() {
      stopTheme();
      render(null, frame);
      host.remove();
    },
  };
}

interface FrameProps {
  readonly state: State;
  readonly actions: Actions;
  readonly viewport: HTMLElement;
  readonly panels: Signal<Panels | null>;
}

function Frame({ state, actions, viewport, panels }: FrameProps): JSX.Element {
  const stage = useRef<HTMLElement>(null);
  const t = state.translate.value;
  useEffect(() => {
    viewport.ariaLabel = t("viewer.label");
    stage.current?.prepend(viewport);
  }, [viewport, t]);
  const phase = state.phase.value;
  const arranging = state.arranging.value && phase.kind === "open" && panels.value !== null;
  return (
    <>
      <Toolbar state={state} actions={actions} />
      <Banner state={state} />
      <div class="body">
        {arranging && <Later load={panels.value!.editor} props={NONE} />}
        {state.sidebar.value !== null && !arranging && panels.value !== null && <Later load={panels.value.sidebar} props={NONE} />}
        <main class="stage" ref={stage} inert={arranging}>
          {phase.kind === "loading" && (
            <div class="state" role="status" aria-label={t("loading.opening")}>
              <div class="skeleton" />
            </div>
          )}
          {state.past.value !== null && panels.value !== null && <Later load={panels.value.past} props={NONE} />}
          {phase.kind !== "loading" && phase.kind !== "open" && <Later load={loadCard} props={{ phase, translate: t }} />}
        </main>
        {state.searchOpen.value && !arranging && panels.value !== null && <Later load={panels.value.search} props={NONE} />}
      </div>
      {!arranging && <LowerBar state={state} actions={actions} />}
      {state.dialog.value !== null && <Later load={loadDialog} props={{ state, dialog: state.dialog.value }} />}
      <div class="hidden-label" role="log" aria-live="polite">
        {state.announcement.value}
      </div>
    </>
  );
}

/** `system` follows the system while it is open. */
function followTheme(host: HTMLElement, state: State): () => void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = (): void => {
    const theme = state.theme.value;
    host.dataset.theme = theme === "system" ? (dark.matches ? "dark" : "light") : theme;
  };
  dark.addEventListener("change", show);
  const stop = effect(show);
  return () => {
    stop();
    dark.removeEventListener("change", show);
  };
}
