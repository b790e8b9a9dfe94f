/** What is loaded after the first paint: text, links, panels, gestures, shortcuts, tools. */
import type { Action } from "@lectern/protocol";
import { type LinkTarget, linkTarget } from "./pages/link-target.ts";
import { followGestures } from "./pages/gestures.ts";
import { showLinks } from "./pages/links.ts";
import { createTextLayer } from "./pages/text-layer.ts";
import type { TextLayer, Tools } from "./parts.ts";
import { createTools } from "./tools/tools.ts";
import { followKeyboard } from "./ui/keyboard.ts";
import type { Shell } from "./ui/shell.tsx";
import type { PanelComponents } from "./ui/panels.ts";
import type { Actions, State } from "./ui/state.ts";
import type { Shown } from "./viewer.ts";

const PREFETCH_MS = 3000;

export interface LateOptions {
  readonly shown: Shown;
  readonly shell: Shell;
  readonly state: State;
  readonly actions: Actions;
  /** No tools, whatever the session allows. */
  readonly readOnly: boolean;
}

export interface Late {
  readonly text: TextLayer;
  /** Those who may only read select and read with it. */
  readonly tools: Tools;
  close(): void;
}

export function showLate({ shown, shell, state, actions, readOnly }: LateOptions): Late {
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
  const { client } = layer;
  const tools = createTools({
    pages: scroller,
    textLayer: text,
    client,
    drawing: shown.drawing,
    grants: () => client.grants ?? source.opened.grants,
    user: source.opened.user,
    readOnly,
    root,
    announce: (words) => (state.announcement.value = words),
    t: state.translate.value,
  });
  const offer = (): void => void (state.tools.value = tools.list);
  offer();
  // Before the text layer, which the tools use until their end.
  stops.unshift(
    () => tools.destroy(),
    client.on("grants", offer),
    tools.onActive((name) => (state.activeTool.value = name)),
  );
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
  // Fetched while there is a network, so that a lost one takes no panel away.
  const prefetch = setTimeout(() => {
    Promise.all([loadPanels(), import("./ui/menu.tsx"), import("./ui/dialog.tsx")]).catch(() => (panels = undefined));
  }, PREFETCH_MS);
  stops.push(() => clearTimeout(prefetch));
  return {
    text,
    tools,
    close() {
      for (const stop of stops) stop();
    },
  };
}
