/**
 * Writes free text on the page itself: a text area with the font, size and wrapping of what will be drawn. It commits when it
 * loses the focus, with Ctrl+Enter and with Escape: what has been typed is never thrown away.
 */
import { layoutText } from "@lectern/pdf/appearance";
import type { Text } from "@lectern/protocol";
import { fitWords, textFrame } from "../annotations/text.ts";
import type { Pages, PageView, Unsubscribe } from "../parts.ts";
import { place } from "./selection-frame.ts";

export interface TextEditorTarget {
  readonly annotation: Text;
  /** Points that the box may grow to as words are typed; 0 when it shall not. */
  readonly growTo: number;
  readonly label: string;
  /** Called once, with the words and the box that they need. */
  readonly onEnd: (value: string, geometry: Text["geometry"]) => void;
}

export interface TextEditor {
  open(target: TextEditorTarget): void;
  /** Ends the editing, keeping what was typed. */
  commit(): void;
  /** Ends it without a word: the annotation is gone. */
  abandon(): void;
  readonly isOpen: boolean;
  destroy(): void;
}

const FAMILIES: readonly (readonly [start: string, family: string])[] = [
  ["Times", "Times, 'Times New Roman', 'Liberation Serif', serif"],
  ["Courier", "Courier, 'Courier New', 'Liberation Mono', monospace"],
  ["", "Helvetica, Arial, 'Liberation Sans', sans-serif"],
];

export function createTextEditor(pages: Pages): TextEditor {
  let end: ((keep: boolean) => void) | null = null;

  function open(target: TextEditorTarget): void {
    end?.(true);
    const view = target.annotation.page === null ? undefined : pages.views.get(target.annotation.page);
    if (view === undefined) return;
    const { annotation, growTo, label, onEnd } = target;
    const least = textFrame(annotation).rect[3];
    const field = document.createElement("textarea");
    field.className = "lt-editor";
    field.value = annotation.text.value;
    field.setAttribute("aria-label", label);
    let now = annotation;

    const fit = (): void => {
      const words: Text = { ...annotation, text: { format: "plain", value: field.value } };
      now = { ...words, geometry: fitWords(words, growTo, least) };
      // A box that grows breaks no line before it is at its widest; the browser's letters may be a hair wider than ours.
      const { lines } = layoutText(words, Math.max(growTo, textFrame(annotation).rect[2]));
      field.wrap = growTo > 0 && lines.length === field.value.split("\n").length ? "off" : "soft";
      style(field, view, now);
    };
    const stops: Unsubscribe[] = [
      pages.onChange((changed) => {
        if (changed === view) style(field, view, now);
      }),
      // Its page scrolls out of reach: as good as a click elsewhere.
      pages.attach((attached) => () => {
        if (attached === view) end?.(true);
      }),
    ];
    end = (keep) => {
      end = null;
      for (const stop of stops) stop();
      field.remove();
      if (keep) onEnd(field.value, now.geometry);
    };
    field.addEventListener("input", fit);
    field.addEventListener("blur", () => end?.(true));
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) {
        event.preventDefault();
        end?.(true);
      }
    });
    fit();
    view.overlay.append(field);
    field.focus({ preventScroll: true });
    field.setSelectionRange(field.value.length, field.value.length);
  }

  return {
    open,
    commit: () => end?.(true),
    abandon: () => end?.(false),
    get isOpen() {
      return end !== null;
    },
    destroy: () => end?.(true),
  };
}

function style(field: HTMLTextAreaElement, view: PageView, annotation: Text): void {
  place(field, view, textFrame(annotation));
  const { appearance } = annotation;
  const { font, size, inset } = layoutText(annotation);
  const pixels = (points: number): string => `${points * view.scale}px`;
  field.style.fontSize = pixels(size);
  field.style.padding = pixels(inset);
  field.style.fontFamily = FAMILIES.find(([start]) => font.startsWith(start))![1];
  field.style.fontWeight = font.includes("Bold") ? "700" : "400";
  field.style.fontStyle = /Oblique|Italic/.test(font) ? "italic" : "normal";
  field.style.color = appearance.fontColor ?? "#000000";
  field.style.backgroundColor = appearance.backgroundColor ?? "transparent";
  field.style.textAlign = appearance.horizontalAlign ?? "left";
}
