/** What is loaded after the first paint: text, links, panels, gestures, shortcuts, tools. */
import type { Action } from "@lectern/protocol";
import { type LinkTarget, linkTarget } from "./pages/link-target.ts";
import { followGestures } from "./pages/gestures.ts";
import { showLinks } from "./pages/links.ts";
import { createTextLayer } from "./pages/text-layer.ts";
import type { TextLayer, Tools } from "./parts.ts";
import { followKeyboard } from "./ui/keyboard.ts";
import type { Shell } from "./ui/shell.tsx";
import type { PanelComponents } from "./ui/panels.ts";
import type { Actions, State } from "./ui/state.ts";
import type { Shown } from "./viewer.ts";

export interface LateOptions {
  readonly shown: Shown;
  readonly shell: Shell;
  readonly state: State;
  readonly actions: Actions;
}

export interface Late {
  readonly text: TextLayer;
  /** null for those who may only read. */
  readonly tools: Tools | null;
  close(): void;
}

export function showLate({ shown, shell, state, actions }: LateOptions): Late {
  const { source, scroller, layer } = shown;
  const { root } = shell;
  const load = (...[page, width, signal]: Parameters<typeof source.image>) => source.image(page, width, signal);

  const follow = (target: LinkTarget): void => {
    const t = state.translate.value;
    if (target.kind === "page") {
      const place = target.top === null ? undefined : ([target.left ?? 0, target.top, 0, 0] as const);
      scroller.jumpTo(target.page, place === undefined ? undefined : [...place]);
      return;
    }
    state.dialog.value = {
      title: t("link.title"),
      detail: t("link.detail"),
      quote: target.href,
      confirm: t("link.open"),
      onConfirm: () => window.open(target.href, "_blank", "noopener,noreferrer"),
    };
  };
  const followAction = (action: Action | undefined): void => {
    const target = linkTarget(action);
    if (target !== null) follow(target);
  };

  const text = createTextLayer({
    scroller,
    root,
    load: (page, signal) => source.text(page, signal),
    onError: reportError,
    canCopy: source.opened.restrictions.copy,
  });
  const stops = [
    () => text.destroy(),
    showLinks({
      pages: scroller,
      records: layer.client.records,
      follow,
      label(target) {
        const t = state.translate.value;
        return target.kind === "page"
          ? t("link.to-page", { page: scroller.order.indexOf(target.page) + 1 })
          : t("link.external", { address: target.href });
      },
    }),
    followGestures(scroller),
    followKeyboard({ host: root.host, scroller, state, actions }),
  ];
  let panels: Promise<PanelComponents> | undefined;
  const search = source.search.bind(source);
  const loadPanels = (): Promise<PanelComponents> =>
    (panels ??= import("./ui/panels.ts").then(({ createPanels }) =>
      createPanels({ root, state, scroller, load, search, outline: () => source.outline(), follow: followAction }),
    ));
  shell.panels.value = {
    sidebar: async () => (await loadPanels()).sidebar,
    search: async () => (await loadPanels()).search,
  };
  return {
    text,
    tools: null,
    close() {
      for (const stop of stops) stop();
    },
  };
}
