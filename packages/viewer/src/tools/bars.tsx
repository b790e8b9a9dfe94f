/** @jsxImportSource preact */
/** When and with what the three bars are shown: beside the selection, beside selected text, and below the pages for the active tool. */
import { render } from "preact";
import type { Drawing, Preview } from "../annotations/drawing.ts";
import type { Style } from "../annotations/kind.ts";
import { type EditableRecord, isEditableRecord, kindOf } from "../annotations/registry.ts";
import type { Pages, TextLayer } from "../parts.ts";
import type { Translate } from "../ui/locale.ts";
import { type Edits, restyled } from "./edits.ts";
import type { Editing } from "./editing.tsx";
import type { Floats } from "./floats.tsx";
import { MiniToolbar } from "./mini-toolbar.tsx";
import type { Selection } from "./selection.ts";
import type { SelectionFrames } from "./selection-frame.ts";
import type { createStampMemory } from "./stamp.ts";
import type { StyleKey, StyleMemory } from "./style-memory.ts";
import type { MarkType, ToolName } from "./tool.ts";
import { TextSelectionBar, ToolDock } from "./tool-bars.tsx";

export interface BarsOptions {
  readonly pages: Pages;
  readonly textLayer: TextLayer;
  readonly drawing: Drawing;
  readonly edits: Edits;
  readonly editing: Editing;
  readonly selection: Selection;
  readonly frames: SelectionFrames;
  readonly floats: Floats;
  readonly styles: StyleMemory;
  readonly record: (id: string) => Parameters<typeof isEditableRecord>[0];
  /** "Ana · 21 Nov, 10:32" */
  readonly detailOf: (record: EditableRecord) => string;
  readonly activeTool: () => ToolName;
  readonly setActive: (name: ToolName) => void;
  readonly stamps: ReturnType<typeof createStampMemory>;
  readonly onMark: (type: MarkType, color: string | null) => void;
  readonly mayComment: (id: string) => boolean;
  readonly onComment: (id: string) => void;
  /** On the selected text. */
  readonly onCommentText: () => void;
  /** Shows all redaction marks; null: nobody can apply them here. */
  readonly onRedactions: (() => void) | null;
  readonly t: Translate;
}

export interface Bars {
  update(): void;
  /** Something is being dragged: the bar steps aside. */
  setBusy(busy: boolean): void;
  /** Puts the focus into the bar of the selection; false: there is none. */
  enter(): boolean;
  /** An open panel is closed; false: none was. */
  closePanel(): boolean;
  /** Is the focus in one of the bars? */
  contains(target: EventTarget | null): boolean;
  destroy(): void;
}

/** CSS pixels of the pages' window below which the colours move into the panel. */
const NARROW = 480;

export function createBars(options: BarsOptions): Bars {
  const {
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
    detailOf,
    activeTool,
    setActive,
    stamps,
    onMark,
    mayComment,
    onComment,
    onCommentText,
    onRedactions,
    t,
  } = options;
  let panel: "selection" | "tool" | null = null;
  let pressing = false;
  const mini = floats.add({ className: "lt-mini lt-yields", placement: "top", distance: 16, beside: () => frames.bounds() });
  const words = floats.add({ className: "lt-words-bar lt-yields", placement: "top", distance: 8, beside: selectedTextBox });
  const dock = document.createElement("div");
  dock.className = "lt-dock";
  floats.layer.append(dock);

  function selectedTextBox(): DOMRect | null {
    const first = textLayer.selection()?.pages.find(({ pageId, rects }) => pages.views.has(pageId) && rects.length > 0);
    if (first === undefined) return null;
    const view = pages.views.get(first.pageId)!;
    const page = view.element.getBoundingClientRect();
    const boxes = first.rects.map((rect) => view.toScreen(rect));
    const left = Math.min(...boxes.map((box) => box.left));
    const top = Math.min(...boxes.map((box) => box.top));
    const right = Math.max(...boxes.map((box) => box.left + box.width));
    const bottom = Math.max(...boxes.map((box) => box.top + box.height));
    return new DOMRect(page.left + left, page.top + top, right - left, bottom - top);
  }

  const selected = (): EditableRecord[] =>
    selection.ids.flatMap((id) => {
      const one = record(id);
      return isEditableRecord(one) ? [one] : [];
    });

  /** Shown at once, written when it is decided. */
  function tryStyle(style: Style): void {
    const previews = new Map<string, Preview>();
    for (const one of selected()) {
      const patch = edits.mayEdit(one.id) ? restyled(one.data, style) : null;
      if (patch !== null) previews.set(one.id, patch);
    }
    drawing.preview("style", previews);
    frames.update();
  }

  function setStyle(style: Style): void {
    drawing.preview("style", new Map());
    edits.restyle(selection.ids, style);
    for (const { data } of selected()) styles.remember(data.type, style);
    update();
  }

  function updateMini(): void {
    const records = selected();
    const [only] = records.length === 1 ? records : [];
    const noteIsOpen = only !== undefined && editing.card === only.id;
    if (records.length === 0 || editing.onPage !== null || (noteIsOpen && !edits.mayEdit(only.id))) {
      mini.hide();
      if (panel === "selection") panel = null;
      return;
    }
    const ids = records.map(({ id }) => id);
    mini.show(
      <MiniToolbar
        records={records}
        t={t}
        narrow={pages.viewport.clientWidth < NARROW}
        panelOpen={panel === "selection"}
        mayEdit={ids.some((id) => edits.mayEdit(id))}
        mayDelete={ids.some((id) => edits.mayDelete(id))}
        mayWrite={only !== undefined && !noteIsOpen && kindOf(only.data).editor !== "none" && edits.mayWrite(only.id)}
        detail={only === undefined ? "" : detailOf(only)}
        onPanel={(open) => {
          panel = open ? "selection" : null;
          update();
        }}
        onTry={tryStyle}
        onSet={setStyle}
        onComment={only !== undefined && mayComment(only.id) ? () => onComment(only.id) : undefined}
        onEdit={() => only !== undefined && editing.open(only.id)}
        onFront={() => edits.toFront(ids)}
        onBack={() => edits.toBack(ids)}
        onDelete={() => edits.remove(ids)}
      />,
    );
  }

  function updateWords(): void {
    const show = activeTool() === "select" && edits.mayCreate && !pressing && textLayer.selection() !== null && selection.ids.length === 0;
    if (show)
      words.show(
        <TextSelectionBar
          style={styles.get("highlight")}
          onMark={onMark}
          onComment={edits.mayStartThread ? onCommentText : undefined}
          t={t}
        />,
      );
    else words.hide();
  }

  function updateDock(): void {
    const tool = activeTool();
    if (tool === "select" || tool === "comment" || tool === "eraser" || selection.ids.length > 0) {
      render(null, dock);
      if (panel === "tool") panel = null;
      return;
    }
    const type: StyleKey = tool === "arrow" ? "line" : tool === "cloud" ? "rectangle" : tool;
    render(
      <ToolDock
        type={type}
        stamp={tool === "stamp" ? stamps.get() : null}
        onStamp={(stamp) => {
          stamps.set(stamp);
          update();
        }}
        onList={tool === "redaction" && onRedactions !== null ? onRedactions : undefined}
        style={styles.get(type)}
        panelOpen={panel === "tool"}
        t={t}
        onSet={(style) => styles.remember(type, style)}
        onDone={() => setActive("select")}
        onPanel={(open) => {
          panel = open ? "tool" : null;
          update();
        }}
      />,
      dock,
    );
  }

  function update(): void {
    updateMini();
    updateWords();
    updateDock();
  }

  const ending = new AbortController();
  const press = (now: boolean) => (): void => {
    pressing = now;
    // The browser settles its selection after the event.
    setTimeout(updateWords, 0);
  };
  pages.viewport.addEventListener("pointerdown", press(true), { capture: true, signal: ending.signal });
  for (const type of ["pointerup", "pointercancel"]) window.addEventListener(type, press(false), { capture: true, signal: ending.signal });
  const unsubscribe = [selection.onChange(update), styles.onChange(update), textLayer.onSelection(updateWords)];

  return {
    update,
    setBusy(busy) {
      floats.layer.dataset.busy = String(busy);
      if (!busy) floats.place();
    },
    enter() {
      const first = mini.isShown ? mini.element.querySelector<HTMLElement>("[role=toolbar] button, [role=toolbar] input") : null;
      first?.focus();
      return first !== null;
    },
    closePanel() {
      if (panel === null) return false;
      panel = null;
      update();
      return true;
    },
    contains: (target) => target instanceof Node && floats.layer.contains(target),
    destroy() {
      ending.abort();
      for (const stop of unsubscribe) stop();
      render(null, dock);
      dock.remove();
    },
  };
}
