/**
 * The annotation part of the viewer as the shell uses it: makes the tools, the bars, the editors and the presence on the pages, and lets
 * them hear of each other. Loaded as a chunk after the first paint; `annotations/drawing.ts` is there before.
 */
import type { AnyRecord } from "@lectern/protocol";
import { type Grants, newId } from "@lectern/protocol/plain";
import type { SyncClient } from "@lectern/sync/client";
import type { Drawing, Previews } from "../annotations/drawing.ts";
import { turnBy } from "../annotations/geometry.ts";
import { commentTool } from "../comments/comment-tool.ts";
import { isEditableRecord, kindOf } from "../annotations/registry.ts";
import { moveItems } from "../annotations/shape-controller.ts";
import type { Pages, PageView, TextLayer, ThreadWish, Tools, Unsubscribe } from "../parts.ts";
import { cursorLabel } from "../presence/cursors.ts";
import { createPresence } from "../presence/presence.ts";
import { DAY_AND_TIME, dateTimes } from "../ui/dates.ts";
import type { Translate } from "../ui/locale.ts";
import { initials } from "../ui/people.tsx";
import { adoptStyles } from "../ui/style.ts";
import { createAnnouncer } from "./announcer.ts";
import { createBars } from "./bars.tsx";
import { boxTool } from "./box.ts";
import { cornersTool } from "./corners.ts";
import { createEditing } from "./editing.tsx";
import { createEdits } from "./edits.ts";
import { createFloats } from "./floats.tsx";
import { eraserTool } from "./eraser.ts";
import { marksOf, markTool } from "./highlight.ts";
import { inkTool } from "./ink.ts";
import { followKeys } from "./keyboard.ts";
import { lineTool } from "./line.ts";
import { noteTool } from "./note.ts";
import { chooseFile, imageOn, pictureSize } from "./place-image.ts";
import { followPointer } from "./pointer.ts";
import { redactionsOf, redactionTool } from "../redaction/redaction-tool.ts";
import { createReach } from "./reach.ts";
import { createSelection } from "./selection.ts";
import { selectionFrames } from "./selection-frame.ts";
import { selectTool } from "./select.ts";
import { createStampMemory, stampTool } from "./stamp.ts";
import { createStyleMemory, type KeyValues } from "./style-memory.ts";
import { textTool } from "./text.ts";
import { type Desk, isMarkTool, type MarkType, type Tool, type ToolName } from "./tool.ts";
import { TOOL_LIST } from "./tool-list.ts";
import css from "./tools.css?inline";

export interface ToolsOptions {
  readonly pages: Pages;
  readonly textLayer: TextLayer;
  readonly client: SyncClient;
  readonly drawing: Drawing;
  /** As they are now. */
  readonly grants: () => Grants;
  readonly user: { readonly id: string | null; readonly name: string; readonly color: string };
  /** No edits, whatever the grants say. */
  readonly readOnly: boolean;
  /** The viewer's shadow root: style sheets are adopted and keys heard there. */
  readonly root: ShadowRoot;
  /** Tells a screen reader. */
  readonly announce: (text: string) => void;
  /** Keeps a picture with the document; null: it can keep none. */
  readonly upload: ((file: File) => Promise<{ readonly blob: string; readonly mediaType: string }>) | null;
  /** Shows all redaction marks; null: nobody can apply them here. */
  readonly onRedactions: (() => void) | null;
  readonly t: Translate;
}

/** Milliseconds after the last arrow key until the move is written. */
const NUDGE_REST = 500;
/** Milliseconds that a selection made with the keyboard must rest before the active tool highlights it. */
const SELECTION_REST = 600;

export function createTools(options: ToolsOptions): Tools {
  const { pages, textLayer, client, drawing, grants, user, readOnly, root, announce, t } = options;
  adoptStyles(root, css);
  const record = (id: string): AnyRecord | undefined => client.records.get(id);
  const later = (run: () => void, ms: number): Unsubscribe => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  };
  const freshId = (): string => newId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
  const selection = createSelection();
  const styles = createStyleMemory(localStore());
  const stamps = createStampMemory(localStore());
  const edits = createEdits({ store: client, grants, userName: user.name, readOnly });
  const floats = createFloats(pages);

  const userName = (id: string | null): string => {
    if (id !== null && id === user.id) return user.name;
    return client.peers.find((peer) => peer.userId === id)?.name ?? "";
  };
  const authorName = (one: AnyRecord): string => {
    const creator = one.kind === "annotation" ? one.data.creatorName : undefined;
    return creator || userName(one.createdBy) || (one.createdBy ?? "");
  };
  const authorOf = (one: AnyRecord) => {
    const name = authorName(one) || t("people.anonymous");
    const color =
      one.createdBy !== null && one.createdBy === user.id ? user.color : client.peers.find((peer) => peer.userId === one.createdBy)?.color;
    return { name, initials: initials(name), color: color ?? "#868e96" };
  };
  const times = dateTimes(t, DAY_AND_TIME);
  const timeOf = (ms: number): string => (ms > 0 ? times(ms) : "");

  const reach = createReach({ pages, drawing, authorOf: authorName, t, onFocus: (id) => frames.focus(id) });
  const editing = createEditing({
    pages,
    drawing,
    edits,
    selection,
    floats,
    reach,
    record,
    authorOf,
    timeOf,
    notice,
    t,
    newId: freshId,
    self: { name: user.name || t("people.anonymous"), initials: initials(user.name), color: user.color },
    onChange() {
      frames.update();
      bars.update();
    },
  });
  const frames = selectionFrames({ pages, drawing, selection, edits, edited: () => editing.onPage });
  const presence = createPresence({
    pages,
    drawing,
    client,
    label: ({ name, presence: { tool } }) => cursorLabel(name || t("people.anonymous"), tool, t),
  });

  function notice(key: string): void {
    floats.toast(t(key));
    announce(t(key));
  }

  function preview(previews: Previews): void {
    drawing.preview("me", previews);
    presence.preview(previews);
    bars.setBusy(previews.size > 0 && selection.ids.length > 0);
    frames.update();
  }

  const desk: Desk = {
    edits,
    selection,
    styles,
    record,
    preview,
    notice,
    later,
    stack: (pageId) => drawing.stack(pageId),
    page: (pageId) => pages.views.get(pageId) ?? null,
    open: (id) => editing.open(id),
    draft: (annotation, growTo) => editing.draft(annotation, growTo),
    setActive,
    startThread,
    stamp: () => stamps.get(),
    newId: freshId,
  };
  const select = selectTool(desk);
  const tools: Readonly<Record<ToolName, Tool>> = {
    select,
    comment: commentTool(desk),
    highlight: markTool(desk, "highlight"),
    underline: markTool(desk, "underline"),
    strikeout: markTool(desk, "strikeout"),
    squiggly: markTool(desk, "squiggly"),
    marker: inkTool(desk, "marker"),
    ink: inkTool(desk),
    eraser: eraserTool(desk),
    note: noteTool(desk),
    rectangle: boxTool(desk, "rectangle"),
    ellipse: boxTool(desk, "ellipse"),
    cloud: boxTool(desk, "cloud"),
    line: lineTool(desk, "line"),
    arrow: lineTool(desk, "arrow"),
    polyline: cornersTool(desk, "polyline"),
    polygon: cornersTool(desk, "polygon"),
    text: textTool(desk),
    redaction: redactionTool(desk),
    stamp: stampTool(desk),
  };
  const wishes = new Set<(wish: ThreadWish) => void>();
  function startThread(wish: ThreadWish): void {
    for (const listener of wishes) listener(wish);
  }
  let active: ToolName = "select";
  const activeListeners = new Set<(name: string) => void>();

  function setActive(name: string): void {
    if (name === "image" && edits.mayCreate) {
      placeImage().catch(reportError);
      return;
    }
    if (!Object.hasOwn(tools, name) || (name !== "select" && !edits.mayCreate)) return;
    const next = name as ToolName;
    // Text that is selected already is what the tool is meant for.
    if (isMarkTool(next) && textLayer.selection() !== null) markSelection(next, null);
    if (next === active) return;
    finish();
    active = next;
    if (next !== "select") {
      selection.set([]);
      if (pages.viewport.contains(root.activeElement)) pages.viewport.focus({ preventScroll: true });
    }
    pages.viewport.dataset.tool = next;
    textLayer.setSelectable(next === "select" || isMarkTool(next));
    presence.tool(next);
    bars.update();
    for (const listener of activeListeners) listener(next);
  }

  function markSelection(type: MarkType, color: string | null): void {
    const selected = textLayer.selection();
    if (selected === null || !edits.mayCreate) return;
    if (color !== null) styles.remember(type, { color });
    const style = styles.get(type);
    edits.create(type === "redaction" ? redactionsOf(selected, style) : marksOf(type, selected, style));
    textLayer.clear();
  }

  async function placeImage(): Promise<void> {
    const { upload } = options;
    const file = upload === null ? null : await chooseFile(root);
    if (file === null || upload === null) return;
    const size = await pictureSize(file).catch(() => null);
    if (size === null) return notice("tools.notice.noPicture");
    const kept = await upload(file).catch((error: unknown) => {
      reportError(error);
      return null;
    });
    if (kept === null) return notice("tools.notice.notUploaded");
    const view = pageInSight();
    if (view === null || !edits.mayCreate) return;
    setActive("select");
    selection.set(edits.create([imageOn(view, size, { ...kept, name: file.name.slice(0, 256) })]));
  }

  /** The page that shows most. */
  function pageInSight(): PageView | null {
    const window = pages.viewport.getBoundingClientRect();
    let [best, most] = [null as PageView | null, 0];
    for (const view of pages.views.values()) {
      const { top, bottom } = view.element.getBoundingClientRect();
      const seen = Math.min(bottom, window.bottom) - Math.max(top, window.top);
      if (seen > most) [best, most] = [view, seen];
    }
    return best;
  }

  /** What is said about words hangs on a highlight of them. */
  function commentSelection(): void {
    const selected = textLayer.selection();
    if (selected === null || !edits.mayCreate) return;
    const [id] = edits.create(marksOf("highlight", selected, styles.get("highlight")));
    textLayer.clear();
    if (id !== undefined) startThread({ kind: "root", id });
  }

  const bars = createBars({
    pages,
    textLayer,
    drawing,
    edits,
    editing,
    selection,
    frames,
    floats,
    styles,
    record,
    setActive,
    t,
    detailOf: (one) => [authorName(one as AnyRecord), timeOf(one.updatedAt || one.createdAt)].filter((part) => part !== "").join(" · "),
    activeTool: () => active,
    stamps,
    onMark: markSelection,
    mayComment: (id) => edits.mayComment(id),
    onComment: (id) => startThread({ kind: "root", id }),
    onCommentText: commentSelection,
    onRedactions: options.onRedactions,
  });

  // Arrow keys move at once and write when they rest.
  let nudged: { dx: number; dy: number } | null = null;
  let stopNudge: Unsubscribe = () => {};
  const nudgedGeometries = (): ReturnType<typeof moveItems> | null => {
    const items = selection.ids.flatMap((id) => {
      const one = record(id);
      const page = isEditableRecord(one) && one.data.page !== null ? pages.views.get(one.data.page) : undefined;
      return isEditableRecord(one) && page !== undefined && edits.mayEdit(id) ? [{ id, page, annotation: one.data }] : [];
    });
    const [first] = items;
    return first === undefined || nudged === null
      ? null
      : moveItems(items, first.page, ...turnBy(nudged.dx, nudged.dy, -first.page.rotation));
  };
  function nudge(dx: number, dy: number): boolean {
    stopNudge();
    nudged = { dx: (nudged?.dx ?? 0) + dx, dy: (nudged?.dy ?? 0) + dy };
    const geometries = nudgedGeometries();
    if (geometries === null) {
      nudged = null;
      return false;
    }
    drawing.preview("nudge", new Map([...geometries].map(([id, geometry]) => [id, { geometry }])));
    frames.update();
    floats.place();
    stopNudge = later(endNudge, NUDGE_REST);
    return true;
  }
  function endNudge(): void {
    stopNudge();
    const geometries = nudgedGeometries();
    nudged = null;
    if (geometries !== null) edits.setGeometries(geometries);
    drawing.preview("nudge", new Map());
  }

  /** Commits all that is open, so that what follows comes after it. */
  function finish(): void {
    endNudge();
    editing.commit();
    tools[active].finish?.();
  }

  function remove(): boolean {
    const ids = selection.ids.filter((id) => edits.mayDelete(id));
    if (ids.length === 0) return false;
    edits.remove(ids);
    pages.viewport.focus({ preventScroll: true });
    return true;
  }

  function focusPages(): void {
    const [id] = selection.ids;
    if (id === undefined) pages.viewport.focus({ preventScroll: true });
    else reach.focus(id);
  }

  function escape(): boolean {
    // The panel takes the focus with it when it goes.
    if (bars.closePanel() || bars.contains(root.activeElement)) {
      focusPages();
      return true;
    }
    if (tools[active].escape?.() === true) return true;
    if (selection.ids.length > 0) {
      selection.set([]);
      return true;
    }
    if (active === "select") return false;
    setActive("select");
    return true;
  }

  function openSelected(): boolean {
    const [id] = selection.ids;
    const one = id === undefined ? undefined : record(id);
    if (!isEditableRecord(one)) return false;
    if (kindOf(one.data).editor === "none") return bars.enter();
    editing.open(one.id);
    return true;
  }

  let stopSelecting: Unsubscribe = () => {};
  let pressed = false;
  const highlightWhenSettled = (): void => {
    stopSelecting();
    const type = active;
    if (isMarkTool(type) && !pressed && textLayer.selection() !== null)
      stopSelecting = later(() => active === type && markSelection(type, null), SELECTION_REST);
  };
  const ending = new AbortController();
  pages.viewport.addEventListener("pointerdown", () => (pressed = true), { capture: true, signal: ending.signal });
  const released = (event: Event): void => {
    if (!pressed) return;
    pressed = false;
    // The browser settles its selection after the event.
    const type = active;
    if (isMarkTool(type) && event.type === "pointerup") setTimeout(() => active === type && markSelection(type, null), 0);
  };
  for (const type of ["pointerup", "pointercancel"]) window.addEventListener(type, released, { capture: true, signal: ending.signal });

  const announcer = createAnnouncer({
    record,
    announce,
    later,
    t,
    known: [...client.records.all()].flatMap((one) => (one.kind === "annotation" ? [one.id] : [])),
    nameOf: (id) => userName(id) || t("people.anonymous"),
    pageNumber: (pageId) => pages.order.indexOf(pageId) + 1,
  });
  const unsubscribe: Unsubscribe[] = [
    followPointer({ pages, tool: () => tools[active], onPress: () => finishEditing() }),
    followKeys(root, pages.viewport, {
      nudge,
      remove,
      escape,
      open: openSelected,
      finish: () => tools[active].enter?.() === true,
      selectOne: (id) => selection.set([id]),
      enterBar: () => bars.enter(),
      step: (from, by) => reach.step(from, by),
      focused: (event) => reach.idOf(event),
      isSelected: (id) => selection.has(id),
      get hasSelection() {
        return selection.ids.length > 0;
      },
    }),
    selection.onChange((ids) => {
      endNudge();
      presence.selection(ids);
      const last = ids.at(-1);
      if (last !== undefined && editing.card !== last) reach.focus(last);
      if (ids.length > 0) textLayer.clear();
    }),
    client.records.onChange((change) => {
      announcer.recordsChanged(change);
      select.recordsChanged();
      editing.recordsChanged();
      const left = selection.ids.filter((id) => record(id) !== undefined);
      if (left.length < selection.ids.length) selection.set(left);
      else if (selection.ids.some((id) => change.ids.has(id))) bars.update();
      reach.repair();
      frames.update();
      floats.place();
    }),
    // Somebody else's drag moves it under my frame.
    drawing.onDrawn(({ id }) => {
      if (!selection.has(id)) return;
      frames.update();
      floats.place();
    }),
    textLayer.onSelection((selected) => {
      if (selected !== null && selection.ids.length > 0) selection.set([]);
      highlightWhenSettled();
    }),
    client.on("grants", () => {
      if (!edits.mayCreate) setActive("select");
      frames.update();
      bars.update();
    }),
  ];
  function finishEditing(): void {
    endNudge();
    editing.commit();
  }
  pages.viewport.dataset.tool = active;

  return {
    get list() {
      if (!edits.mayCreate) return [];
      const isOffered = {
        comment: edits.mayStartThread,
        image: options.upload !== null,
        redaction: options.onRedactions !== null,
      } as Readonly<Record<string, boolean>>;
      return TOOL_LIST.filter(({ name }) => isOffered[name] !== false);
    },
    get active() {
      return active;
    },
    setActive,
    onActive(listener) {
      activeListeners.add(listener);
      return () => activeListeners.delete(listener);
    },
    onThreadWish(listener) {
      wishes.add(listener);
      return () => wishes.delete(listener);
    },
    undo() {
      finish();
      client.undo();
    },
    redo() {
      finish();
      client.redo();
    },
    get canUndo() {
      return client.canUndo;
    },
    get canRedo() {
      return client.canRedo;
    },
    onHistory: (listener) => client.on("history", listener),
    get selection() {
      return selection.ids;
    },
    markForRedaction(areas) {
      return edits.create(areas.flatMap((area) => redactionsOf({ pages: [area] }, styles.get("redaction"))));
    },
    mayDelete: (id) => edits.mayDelete(id),
    select(ids) {
      selection.set(ids.filter((id) => isEditableRecord(record(id))));
    },
    onSelection: (listener) => selection.onChange(listener),
    destroy() {
      finish();
      ending.abort();
      stopSelecting();
      for (const stop of unsubscribe) stop();
      presence.destroy();
      bars.destroy();
      editing.destroy();
      frames.destroy();
      reach.destroy();
      floats.destroy();
      delete pages.viewport.dataset.tool;
    },
  };
}

/** null where the browser gives none: in a sandboxed frame already the property throws. */
function localStore(): KeyValues | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
