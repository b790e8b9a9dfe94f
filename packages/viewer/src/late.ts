/** What is loaded after the first paint: text, links, panels, gestures, shortcuts, tools. */
import type { Action, AnyRecord } from "@lectern/protocol";
import type { Records } from "@lectern/sync/client";
import { type LinkTarget, linkTarget } from "./pages/link-target.ts";
import { followGestures } from "./pages/gestures.ts";
import { showLinks } from "./pages/links.ts";
import { PageTiles } from "./pages/tiles.ts";
import { createTextLayer } from "./pages/text-layer.ts";
import type { TextLayer, Tools } from "./parts.ts";
import { createTools } from "./tools/tools.ts";
import { followKeyboard } from "./ui/keyboard.ts";
import type { Shell } from "./ui/shell.tsx";
import type { PanelComponents } from "./ui/panels.ts";
import { createFollowing } from "./presence/follow.ts";
import type { Comments } from "./comments/comments.tsx";
import type { Events } from "./events.ts";
import type { MentionableUser } from "./public-types.ts";
import type { Actions, State } from "./ui/state.ts";
import { saveAs } from "./save-as.ts";
import type { Shown } from "./viewer.ts";
import type { FunctionComponent } from "preact";
import type { LayerHistory } from "./source/source.ts";

const PREFETCH_MS = 3000;

export interface LateOptions {
  readonly shown: Shown;
  readonly shell: Shell;
  readonly state: State;
  readonly actions: Actions;
  readonly events: Events;
  readonly mentionableUsers: readonly MentionableUser[];
  /** No tools, whatever the session allows. */
  readonly readOnly: boolean;
}

export interface Late {
  readonly text: TextLayer;
  /** Those who may only read select and read with it. */
  readonly tools: Tools;
  close(): void;
}

export function showLate({ shown, shell, state, actions, events, mentionableUsers, readOnly }: LateOptions): Late {
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
  const tiles = new PageTiles({
    scroller,
    load: (page, tile, signal) => source.tile(page, tile, signal),
    pixelRatio: () => devicePixelRatio,
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
    () => tiles.close(),
    followKeyboard({ host: root.host, scroller, state, actions }),
  ];
  const { client } = layer;
  stops.push(createFollowing({ scroller, client, state, events, host: root.host }));
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
    upload: source.upload,
    t: state.translate.value,
  });
  const offer = (): void => void (state.tools.value = tools.list);
  offer();
  const formOptions = { pages: scroller, client, grants: () => client.grants ?? source.opened.grants, readOnly, root };
  stops.push(
    lateForms(client.records, async () => {
      const { showForms } = await import("./forms/forms.ts");
      return showForms({
        ...formOptions,
        t: state.translate.value,
        follow: followAction,
        announce: (words) => (state.announcement.value = words),
      });
    }),
  );
  // Before the text layer, which the tools use until their end.
  stops.unshift(
    () => tools.destroy(),
    client.on("grants", offer),
    tools.onActive((name) => (state.activeTool.value = name)),
  );
  let closed = false;
  let discussion: Promise<Comments> | undefined;
  const loadComments = (): Promise<Comments> =>
    (discussion ??= import("./comments/comments.tsx").then(({ createComments }) => {
      const comments = createComments({
        pages: scroller,
        client,
        events,
        root,
        grants: () => client.grants ?? source.opened.grants,
        user: source.opened.user,
        readOnly,
        mentionableUsers,
        seen: (now) => source.seen(now),
        onWish: (listener) => tools.onThreadWish(listener),
        onUnread: (count) => (state.unread.value = count),
        announce: (words) => (state.announcement.value = words),
        t: state.translate.value,
      });
      if (closed) comments.close();
      else stops.unshift(() => comments.close());
      return comments;
    }));
  loadComments().catch((error: unknown) => {
    discussion = undefined;
    reportError(error);
  });
  let listed: Promise<FunctionComponent> | undefined;
  const loadHistory = (history: LayerHistory) => (): Promise<FunctionComponent> =>
    (listed ??= import("./history/history-panel.tsx").then(({ createHistory }) =>
      createHistory({ root, state, pages: scroller, client, history, user: source.opened.user, save: saveAs }),
    ));
  let panels: Promise<PanelComponents> | undefined;
  const search = source.search.bind(source);
  const loadPanels = (): Promise<PanelComponents> =>
    (panels ??= import("./ui/panels.ts").then(({ createPanels }) =>
      createPanels({
        root,
        state,
        scroller,
        load,
        search,
        outline: () => source.outline(),
        follow: followAction,
        comments: async () => (await loadComments()).Panel,
        history: source.history === null ? null : loadHistory(source.history),
      }),
    ));
  shell.panels.value = {
    sidebar: async () => (await loadPanels()).sidebar,
    search: async () => (await loadPanels()).search,
    editor: async () => {
      const [{ createEditor }] = await Promise.all([import("./editor/editor.tsx"), loadPanels()]);
      return createEditor({ root, state, client, load, requests: source.pages!, goTo: (index) => actions.goTo(index) });
    },
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
      closed = true;
      for (const stop of stops) stop();
    },
  };
}

/** The form's part comes when there is a field, which may be made later. */
function lateForms(records: Records, load: () => Promise<() => void>): () => void {
  let stop: (() => void) | null = null;
  let state: "waiting" | "loading" | "closed" = "waiting";
  const look = (ids: Iterable<AnyRecord | undefined>): void => {
    if (state !== "waiting") return;
    for (const record of ids) {
      if (record?.kind !== "widget") continue;
      state = "loading";
      stopListening();
      load().then((close) => {
        if (state === "closed") close();
        else stop = close;
      }, reportError);
      return;
    }
  };
  const stopListening = records.onChange(({ ids }) => look([...ids].map((id) => records.get(id))));
  look(records.all());
  return () => {
    state = "closed";
    stopListening();
    stop?.();
  };
}
