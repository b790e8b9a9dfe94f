/** Select: a click selects (Shift adds), a drag moves, a handle resizes, a double click opens. What it does not take stays with the browser: text selection and scrolling. */
import type { Point } from "@lectern/protocol";
import type { Preview } from "../annotations/drawing.ts";
import { contains, type Handle, inflate, intoFrame } from "../annotations/geometry.ts";
import type { Editable } from "../annotations/kind.ts";
import { isEditableRecord, kindOf, topmostAt } from "../annotations/registry.ts";
import { type Geometries, moveItems, resizeItem, type ShapeItem } from "../annotations/shape-controller.ts";
import { CLICK_SLOP, type Desk, type Tool, tolerance, type ToolPointer } from "./tool.ts";

type State =
  | { readonly name: "idle" }
  /** Down on an annotation; a click unless it moves. `added`: this press has selected it. */
  | { readonly name: "pressed"; readonly id: string; readonly start: ToolPointer; readonly added: boolean }
  | { readonly name: "moving"; readonly start: ToolPointer; readonly items: readonly ShapeItem[]; geometries: Geometries }
  | { readonly name: "resizing"; readonly start: ToolPointer; readonly item: ShapeItem; readonly handle: Handle; geometries: Geometries };

const IDLE: State = { name: "idle" };

export interface SelectTool extends Tool {
  /** Records have changed: a drag of one that is gone is over. */
  recordsChanged(): void;
}

export function selectTool(desk: Desk): SelectTool {
  let state: State = IDLE;

  function targetAt(pointer: ToolPointer): string | null {
    const hit = topmostAt(desk.stack(pointer.page.pageId), pointer.point, tolerance(pointer));
    if (hit !== null) return hit.id;
    // Inside its frame a selected one is caught too, also where it shows nothing.
    return desk.selection.ids.find((id) => insideFrame(id, pointer.page.pageId, pointer.point, tolerance(pointer))) ?? null;
  }

  function insideFrame(id: string, pageId: string, point: Point, reach: number): boolean {
    const record = desk.record(id);
    if (!isEditableRecord(record) || record.data.page !== pageId) return false;
    const frame = kindOf(record.data).frame(record.data);
    return contains(inflate(frame.rect, reach), intoFrame(frame, point));
  }

  function isMovable(id: string): boolean {
    const record = desk.record(id);
    return isEditableRecord(record) && desk.edits.mayEdit(id);
  }

  function isDraggedLater(id: string): boolean {
    const record = desk.record(id);
    return isEditableRecord(record) && kindOf(record.data).dragged === "when-selected";
  }

  function itemOf(id: string): ShapeItem[] {
    const record = desk.record(id);
    const page = isEditableRecord(record) && record.data.page !== null ? desk.page(record.data.page) : null;
    return isEditableRecord(record) && page !== null ? [{ id, page, annotation: record.data }] : [];
  }

  /** As it was when the drag began, but with what others have changed of it since. */
  function current(item: ShapeItem): ShapeItem {
    const record = desk.record(item.id);
    return isEditableRecord(record) ? { ...item, annotation: { ...record.data, geometry: item.annotation.geometry } as Editable } : item;
  }

  function show(geometries: Geometries): void {
    desk.preview(new Map([...geometries].map(([id, geometry]): [string, Preview] => [id, { geometry }])));
  }

  function end(): void {
    if (state.name === "moving" || state.name === "resizing") desk.preview(new Map());
    state = IDLE;
  }

  function click(id: string, pointer: ToolPointer, added: boolean): void {
    if (pointer.shift) {
      if (!added) desk.selection.toggle(id);
      return;
    }
    desk.selection.set([id]);
    const record = desk.record(id);
    const editor = isEditableRecord(record) ? kindOf(record.data).editor : "none";
    if (editor === "card" || (editor === "page" && pointer.clicks === 2)) desk.open(id);
  }

  return {
    name: "select",

    down(pointer) {
      if (pointer.handle !== null) {
        const [item] = desk.selection.ids.flatMap(itemOf);
        if (item === undefined || !desk.edits.mayEdit(item.id)) return false;
        state = { name: "resizing", start: pointer, item, handle: pointer.handle, geometries: new Map() };
        return true;
      }
      const id = targetAt(pointer);
      if (id === null || !isMovable(id)) return false;
      // A finger on something that is not selected scrolls, and a drag over a mark on text selects the text; a tap selects it.
      if (!desk.selection.has(id) && (pointer.type === "touch" || isDraggedLater(id))) return false;
      const added = !desk.selection.has(id);
      if (added) desk.selection.set(pointer.shift ? [...desk.selection.ids, id] : [id]);
      state = { name: "pressed", id, start: pointer, added };
      return true;
    },

    move(pointer) {
      if (state.name === "idle") return;
      const [dx, dy] = [pointer.point[0] - state.start.point[0], pointer.point[1] - state.start.point[1]];
      if (state.name === "pressed") {
        if (Math.hypot(dx, dy) * pointer.page.scale < CLICK_SLOP) return;
        const items = desk.selection.ids.filter(isMovable).flatMap(itemOf);
        state = { name: "moving", start: state.start, items, geometries: new Map() };
      }
      state.geometries =
        state.name === "moving"
          ? moveItems(state.items.map(current), state.start.page, dx, dy)
          : new Map([[state.item.id, resizeItem(current(state.item), state.handle, dx, dy, pointer.shift)]]);
      show(state.geometries);
    },

    up(pointer) {
      const ended = state;
      if (ended.name === "moving" || ended.name === "resizing") desk.edits.setGeometries(ended.geometries);
      end();
      if (ended.name === "pressed") click(ended.id, pointer, ended.added);
    },

    cancel: end,

    tap(pointer) {
      const id = targetAt(pointer);
      if (id !== null) click(id, pointer, false);
      else if (!pointer.shift) desk.selection.set([]);
      return id !== null;
    },

    hover(pointer) {
      const id = targetAt(pointer);
      if (id === null) return null;
      return isMovable(id) && (desk.selection.has(id) || !isDraggedLater(id)) ? "move" : "pointer";
    },

    recordsChanged() {
      const dragged = state.name === "moving" ? state.items : state.name === "resizing" ? [state.item] : [];
      if (dragged.every(({ id }) => desk.record(id) !== undefined)) return;
      end();
      desk.notice("tools.notice.deletedWhileDragging");
    },
  };
}
