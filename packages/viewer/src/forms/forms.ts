/** The form on the pages: every widget drawn as it will be on paper, with a control over it. Loaded when the document has fields. */
import { drawWidget, isRequired, valuesOf } from "@lectern/pdf/forms";
import { toSvg } from "@lectern/pdf/appearance";
import type { Action, AnyRecord, Widget } from "@lectern/protocol";
import type { Grants } from "@lectern/protocol/plain";
import type { SyncClient } from "@lectern/sync/client";
import { elementFrom } from "../annotations/drawing.ts";
import type { Pages, PageView, Unsubscribe } from "../parts.ts";
import { adoptStyles } from "../ui/style.ts";
import { type Control, createControl } from "./control.ts";
import css from "./forms.css?inline";
import { formValues, type WidgetRecord } from "./values.ts";

export interface FormsOptions {
  readonly pages: Pages;
  readonly client: SyncClient;
  readonly grants: () => Grants;
  readonly readOnly: boolean;
  readonly root: ShadowRoot;
  readonly t: (key: string, values?: Readonly<Record<string, string | number>>) => string;
  readonly follow: (action: Action) => void;
  readonly announce: (words: string) => void;
}

/** One widget on screen. */
interface Shown {
  readonly record: WidgetRecord;
  readonly box: HTMLElement;
  readonly svg: SVGSVGElement;
  readonly message: HTMLElement;
  readonly control: Control;
}

interface ShownPage {
  readonly view: PageView;
  readonly layer: HTMLElement;
  widgets: Map<string, Shown>;
}

export function showForms(options: FormsOptions): Unsubscribe {
  const { pages, client, t } = options;
  const { records } = client;
  const form = formValues({ client, grants: options.grants, readOnly: options.readOnly });
  const mounted = new Map<string, ShownPage>();
  adoptStyles(options.root, css);

  function act(action: Action): void {
    if (action.type !== "resetForm") return options.follow(action);
    const named = new Set(action.fields ?? []);
    const isMeant = (name: string): boolean => action.fields === undefined || named.has(name) === (action.include !== false);
    const reset = form.fields.filter(({ id, data }) => isMeant(data.name) && form.mayFill(id));
    client.transact(() => {
      for (const { id, data } of reset) {
        const defaults = data.defaults ?? [];
        form.fill(id, data.type === "text" || data.type === "radio" ? (defaults[0] ?? null) : [...defaults]);
      }
    });
  }

  function widgetsOf(view: PageView): WidgetRecord[] {
    const key = ({ data, id }: WidgetRecord): string => `${data.order ?? "~"} ${id}`;
    return records
      .byPage(view.pageId)
      .filter(
        (record): record is WidgetRecord => record.kind === "widget" && !isUnseen(record.data) && form.field(record.data.field) !== null,
      )
      .toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  function show(record: WidgetRecord): Shown {
    const field = form.field(record.data.field)!;
    const box = document.createElement("div");
    box.className = "form-widget";
    box.dataset.field = field.data.name;
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("aria-hidden", "true");
    const message = document.createElement("span");
    message.className = "field-message";
    message.hidden = true;
    const shown: Shown = {
      record,
      box,
      svg,
      message,
      control: createControl({
        form,
        fieldId: field.id,
        field: field.data,
        widget: record.data,
        label: field.data.label ?? field.data.name,
        t,
        act,
        redraw: () => draw(shown),
      }),
    };
    box.append(svg, shown.control.element, message);
    return shown;
  }

  /** The field on paper; without its value while somebody writes over it. */
  function draw(shown: Shown): void {
    const { record, box, svg, message, control } = shown;
    const field = form.field(record.data.field);
    if (field === null) return;
    const [, , width, height] = record.data.geometry.bbox;
    const value = form.value(field.id);
    const mayFill = form.mayFill(field.id);
    box.classList.toggle("fillable", mayFill && field.data.type !== "button");
    box.classList.toggle("missing", mayFill && isRequired(field.data) && valuesOf(value.value).length === 0);
    box.classList.toggle("writing", control.isWriting);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("preserveAspectRatio", "none");
    // Buttons and signatures are in the page's image.
    const isDrawn = field.data.type !== "button" && field.data.type !== "signature";
    const commands = isDrawn
      ? drawWidget({ field: field.data, widget: record.data, value: control.isWriting ? { value: null } : value })
      : [];
    svg.replaceChildren(...toSvg(commands).map((drawn) => elementFrom(drawn)));
    const { problem } = control;
    if (problem !== null && message.hidden) options.announce(problem);
    message.textContent = problem ?? "";
    message.hidden = problem === null;
  }

  function place({ record, box, control }: Shown, view: PageView): void {
    const { bbox } = record.data.geometry;
    const { left, top, width, height } = view.toScreen(bbox);
    Object.assign(box.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    const turn = view.rotation;
    const sideways = turn % 180 !== 0;
    const inner = box.firstElementChild as SVGElement;
    for (const element of [inner, control.element]) {
      element.style.width = `${sideways ? height : width}px`;
      element.style.height = `${sideways ? width : height}px`;
      element.style.rotate = turn === 0 ? "" : `${turn}deg`;
    }
    const field = form.field(record.data.field)?.data;
    const { appearance } = record.data;
    const tall = bbox[3] * 0.7;
    const size =
      appearance.fontSize !== undefined && appearance.fontSize > 0
        ? appearance.fontSize
        : field?.multiLine === true
          ? Math.min(12, tall)
          : Math.min(tall, 24);
    control.element.style.fontSize = `${Math.max(4, size) * view.scale}px`;
    control.element.style.textAlign = appearance.horizontalAlign ?? "left";
    control.element.style.setProperty("--field-ink", appearance.fontColor ?? "#000000");
    const cells = field?.comb === true ? (field.maxLength ?? 0) : 0;
    control.element.classList.toggle("comb", cells > 0);
    if (cells > 0) control.element.style.setProperty("--cell", `${(bbox[2] * view.scale) / cells}px`);
  }

  function fillPage(page: ShownPage): void {
    const before = page.widgets;
    page.widgets = new Map();
    for (const record of widgetsOf(page.view)) {
      const old = before.get(record.id);
      const same = old !== undefined && (old.control.isWriting || (old.record === record && old.record.data === record.data));
      const shown = same ? old : show(record);
      page.widgets.set(record.id, shown);
      if (!same) {
        draw(shown);
        place(shown, page.view);
      }
    }
    for (const [id, { box, control }] of before) {
      if (page.widgets.get(id)?.box === box) continue;
      control.close();
      box.remove();
    }
    let at: Element | null = null;
    for (const { box } of page.widgets.values()) {
      // Moving an element would take the focus from it.
      const isThere: boolean = at === null ? page.layer.firstElementChild === box : at.nextElementSibling === box;
      if (!isThere && at === null) page.layer.prepend(box);
      else if (!isThere) at!.after(box);
      at = box;
    }
  }

  const stops = [
    pages.attach((view) => {
      const layer = document.createElement("div");
      layer.className = "page-fields";
      view.overlay.prepend(layer);
      const page: ShownPage = { view, layer, widgets: new Map() };
      mounted.set(view.pageId, page);
      fillPage(page);
      return () => {
        mounted.delete(view.pageId);
        for (const { control } of page.widgets.values()) control.close();
        layer.remove();
      };
    }),
    pages.onChange((view) => {
      for (const shown of mounted.get(view.pageId)?.widgets.values() ?? []) place(shown, view);
    }),
    form.onChange((fields) => {
      for (const page of mounted.values()) {
        fillPage(page);
        for (const shown of page.widgets.values()) {
          if (!fields.has(shown.record.data.field)) continue;
          shown.control.update();
          draw(shown);
        }
      }
    }),
    client.on("grants", () => {
      for (const page of mounted.values())
        for (const shown of page.widgets.values()) {
          shown.control.update();
          draw(shown);
        }
    }),
  ];
  return () => {
    for (const page of mounted.values()) for (const { control } of page.widgets.values()) control.close();
    for (const stop of stops) stop();
    for (const { layer } of mounted.values()) layer.remove();
  };
}

export function hasForm(records: Iterable<AnyRecord>): boolean {
  for (const { kind } of records) if (kind === "widget" || kind === "field") return true;
  return false;
}

function isUnseen({ flags = [] }: Widget): boolean {
  return flags.includes("hidden") || flags.includes("noView") || flags.includes("invisible");
}
