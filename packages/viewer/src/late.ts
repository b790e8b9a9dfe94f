/** What is loaded after the first paint: text, links, panels, gestures, shortcuts, tools. */
import type { TextLayer, Tools } from "./parts.ts";
import { createReading } from "./reading.ts";
import { createTools } from "./tools/tools.ts";
import { followKeyboard } from "./ui/keyboard.ts";
import type { Shell } from "./ui/shell.tsx";
import type { PanelComponents } from "./ui/panels.ts";
import { createFollowing } from "./presence/follow.ts";
import type { Comments } from "./comments/comments.tsx";
import type { Events } from "./events.ts";
import type { FunctionComponent } from "preact";
import type { History } from "./history/history.ts";
import type { MentionableUser } from "./public-types.ts";
import type { Translate } from "./ui/locale.ts";
import type { Actions, State } from "./ui/state.ts";
import { mayEditBookmarks } from "./outline/bookmarks.ts";
import { createOutline } from "./outline/outline.ts";
import { saveAs } from "./save-as.ts";
import type { Shown } from "./viewer.ts";
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

  const grants = () => client.grants ?? source.opened.grants;
  const t: Translate = (key, values) => state.translate.value(key, values);
  const { client } = layer;
  const reading = createReading({ paper: source, scroller, client, root, state, grants, readOnly });
  const { text } = reading;
  const stops = [() => reading.close(), followKeyboard({ host: root.host, scroller, state, actions })];
  stops.push(createFollowing({ scroller, client, state, events, host: root.host }));
  const tools = createTools({
    pages: scroller,
    textLayer: text,
    client,
    drawing: shown.drawing,
    grants,
    user: source.opened.user,
    readOnly,
    root,
    announce: (words) => (state.announcement.value = words),
    upload: source.upload,
    onRedactions: source.redactions === undefined ? null : () => (state.sidebar.value = "redactions"),
    t,
  });
  const offer = (): void => void (state.tools.value = tools.list);
  offer();
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
        grants,
        user: source.opened.user,
        readOnly,
        mentionableUsers,
        seen: (now) => source.seen(now),
        onWish: (listener) => tools.onThreadWish(listener),
        onUnread: (count) => (state.unread.value = count),
        announce: (words) => (state.announcement.value = words),
        t,
      });
      if (closed) comments.close();
      else stops.unshift(() => comments.close());
      return comments;
    }));
  loadComments().catch((error: unknown) => {
    discussion = undefined;
    reportError(error);
  });
  const { history, redactions } = source;
  let marked: FunctionComponent | undefined;
  let listed: Promise<History> | undefined;
  const loadHistory = (kept: LayerHistory): Promise<History> =>
    (listed ??= import("./history/history.ts").then(({ createHistory }) =>
      createHistory({
        root,
        state,
        pages: scroller,
        client,
        history: kept,
        user: source.opened.user,
        save: saveAs,
        showAsOf: (seq) => actions.showAsOf(seq),
      }),
    ));
  const mayBookmark = (): boolean => !readOnly && mayEditBookmarks(grants());
  const hasBookmarks = (changed: (has: boolean) => void): (() => void) => {
    const look = (): void => {
      changed(mayBookmark() || [...client.records.all()].some(({ kind }) => kind === "bookmark" || kind === "attachment"));
    };
    look();
    return client.records.onChange(look);
  };
  let bookmarks: Promise<FunctionComponent> | undefined;
  const loadBookmarks = (): Promise<FunctionComponent> =>
    (bookmarks ??= import("./outline/bookmark-panel.tsx").then(({ createBookmarkPanel }) => {
      const { file } = source;
      return createBookmarkPanel({
        root,
        state,
        scroller,
        client,
        follow: (action) => reading.follow(action),
        mayEdit: mayBookmark,
        save:
          file === undefined || !grants().permissions.includes("download") ? null : async (blob, name) => saveAs(await file(blob), name),
      });
    }));
  const outline = createOutline(client, () => source.outline());
  let outlineEditor: Promise<FunctionComponent> | undefined;
  const loadOutlineEditor = (): Promise<FunctionComponent> =>
    (outlineEditor ??= import("./outline/outline-editor.tsx").then(({ createOutlineEditor }) =>
      createOutlineEditor({ root, state, outline }),
    ));
  let panels: Promise<PanelComponents> | undefined;
  const search = source.search.bind(source);
  const loadPanels = (): Promise<PanelComponents> =>
    (panels ??= import("./ui/panels.ts").then(({ createPageMarks, createPanels }) =>
      createPanels({
        root,
        state,
        scroller,
        load,
        marks: createPageMarks(client.records, (blob) => source.pictureUrl(blob)),
        search,
        outline,
        outlineEditor: loadOutlineEditor,
        follow: (action) => reading.follow(action),
        bookmarks: loadBookmarks,
        hasBookmarks,
        comments: async () => (await loadComments()).Panel,
        history: history === null ? null : async () => (await loadHistory(history)).Panel,
        redactions:
          redactions === undefined
            ? null
            : async () => {
                const { createRedactionPanel } = await import("./redaction/redaction-panel.tsx");
                return (marked ??= createRedactionPanel({
                  root,
                  state,
                  scroller,
                  client,
                  text: (page, signal) => source.text(page, signal),
                  apply: () => redactions.apply(),
                  mayDelete: (id) => tools.mayDelete(id),
                  select: (id) => tools.select([id]),
                }));
              },
        mark:
          redactions === undefined
            ? null
            : { areas: (areas) => tools.markForRedaction(areas).length, all: (query) => redactions.mark(query) },
        goTo: (index) => actions.goTo(index),
      }),
    ));
  shell.panels.value = {
    sidebar: async () => (await loadPanels()).sidebar,
    search: async () => (await loadPanels()).search,
    past: async () => (await loadHistory(history!)).Bar,
    editor: async () => {
      const [{ createEditor }, { createPageMarks }] = await Promise.all([
        import("./editor/editor.tsx"),
        import("./ui/panels.ts"),
        loadPanels(),
      ]);
      const marks = createPageMarks(client.records, (blob) => source.pictureUrl(blob));
      return createEditor({ root, state, client, load, marks, requests: source.pages!, goTo: (index) => actions.goTo(index) });
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
