/** @jsxImportSource preact */
/** Writing: the editor of free text and the card of a note, for annotations that exist and for drafts that become one when they have words. */
import { plainText } from "@lectern/pdf/appearance";
import type { AnyRecord, Note, Text } from "@lectern/protocol";
import type { Drawing } from "../annotations/drawing.ts";
import type { Editable } from "../annotations/kind.ts";
import { isEditable, isEditableRecord, kindOf } from "../annotations/registry.ts";
import type { Pages } from "../parts.ts";
import type { Translate } from "../ui/locale.ts";
import type { Edits } from "./edits.ts";
import type { Float, Floats } from "./floats.tsx";
import { NoteCard } from "./note-card.tsx";
import type { Reach } from "./reach.ts";
import type { Selection } from "./selection.ts";
import { shownBounds } from "./selection-frame.ts";
import { createTextEditor } from "./text-editor.ts";

export interface Author {
  readonly name: string;
  readonly initials: string;
  readonly color: string;
}

export interface EditingOptions {
  readonly pages: Pages;
  readonly drawing: Drawing;
  readonly edits: Edits;
  readonly selection: Selection;
  readonly floats: Floats;
  readonly reach: Reach;
  readonly record: (id: string) => AnyRecord | undefined;
  readonly self: Author;
  readonly authorOf: (record: AnyRecord) => Author;
  readonly timeOf: (ms: number) => string;
  readonly newId: () => string;
  readonly notice: (key: string) => void;
  /** What is open is another one. */
  readonly onChange: () => void;
  readonly t: Translate;
}

export interface Editing {
  open(id: string): void;
  draft(annotation: Editable, growTo?: number): void;
  /** Ends what is open, keeping its words. */
  commit(): void;
  /** The annotation whose words are edited on the page, which hides its frame. */
  readonly onPage: string | null;
  /** The note whose card is open. */
  readonly card: string | null;
  recordsChanged(): void;
  destroy(): void;
}

interface OpenCard {
  readonly id: string;
  /** Not a record yet. */
  readonly draft: Note | null;
  /** What was typed and is not stored yet. */
  typed: string | null;
}

export function createEditing(options: EditingOptions): Editing {
  const { pages, drawing, edits, selection, floats, reach, record, self, authorOf, timeOf, newId, notice, onChange, t } = options;
  const editor = createTextEditor(pages);
  /** Edited on the page; `draft`: it is no record yet. */
  let written: { readonly id: string; readonly draft: boolean } | null = null;
  let card: OpenCard | null = null;

  const float: Float = floats.add({ className: "lt-note", placement: "right-start", distance: 12, beside: cardAnchor });

  float.element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" && !(event.key === "Enter" && (event.ctrlKey || event.metaKey))) return;
    event.preventDefault();
    event.stopPropagation();
    leaveCard();
  });

  function leaveCard(): void {
    const id = card?.id;
    closeCard();
    if (id !== undefined) reach.focus(id);
  }

  function cardAnchor(): DOMRect | null {
    const annotation = card === null ? null : (drawing.shown(card.id) ?? card.draft);
    const view = annotation?.page == null ? undefined : pages.views.get(annotation.page);
    if (annotation === null || view === undefined || !isEditable(annotation)) return null;
    const page = view.element.getBoundingClientRect();
    const { left, top, width, height } = shownBounds(view, kindOf(annotation).frame(annotation));
    return new DOMRect(page.left + left, page.top + top, width, height);
  }

  function editText(id: string, annotation: Text, growTo: number, isDraft: boolean): void {
    written = { id, draft: isDraft };
    if (!isDraft) drawing.hide(id);
    const plain: Text = { ...annotation, text: { format: "plain", value: plainText(annotation.text) } };
    editor.open({
      annotation: plain,
      growTo,
      label: t("tools.text.label"),
      onEnd(value, geometry) {
        written = null;
        const empty = value.trim() === "";
        if (isDraft && !empty) edits.create([{ ...plain, geometry, text: { format: "plain", value } }], [id]);
        else if (!isDraft && empty) edits.remove([id]);
        else if (!isDraft) edits.setText(id, value, geometry);
        if (!isDraft) drawing.hide(null);
        if (!empty) selection.set([id]);
        onChange();
        if (!empty) reach.focus(id);
      },
    });
    onChange();
  }

  function showCard(): void {
    if (card === null) return;
    const { id, draft, typed } = card;
    const now = record(id);
    const stored = isEditableRecord(now) && now.data.type === "note" ? now : null;
    const author = stored === null ? self : authorOf(stored);
    float.show(
      <NoteCard
        id={id}
        author={author.name}
        initials={author.initials}
        color={author.color}
        t={t}
        time={stored === null ? "" : timeOf(stored.updatedAt || stored.createdAt)}
        text={typed ?? (stored === null ? "" : plainText((stored.data as Note).text))}
        mayWrite={draft !== null || edits.mayWrite(id)}
        mayDelete={draft === null && edits.mayDelete(id)}
        onText={(text) => {
          if (card === null) return;
          card.typed = text;
          showCard();
        }}
        onClose={leaveCard}
        onDelete={() => {
          card = null;
          float.hide();
          edits.remove([id]);
          onChange();
        }}
      />,
    );
  }

  function closeCard(): void {
    const closed = card;
    if (closed === null) return;
    card = null;
    float.hide();
    const { id, draft, typed } = closed;
    if (draft !== null) {
      if (typed !== null && typed.trim() !== "") {
        edits.create([{ ...draft, text: { format: "plain", value: typed } }], [id]);
        selection.set([id]);
      }
      drawing.preview("draft", new Map());
    } else if (typed !== null) edits.setText(id, typed);
    onChange();
  }

  function commit(): void {
    editor.commit();
    closeCard();
  }

  return {
    commit,
    open(id) {
      const now = record(id);
      if (!isEditableRecord(now) || card?.id === id || written?.id === id) return;
      commit();
      if (now.data.type === "text" && edits.mayWrite(id)) editText(id, now.data, 0, false);
      if (now.data.type !== "note") return;
      selection.set([id]);
      card = { id, draft: null, typed: null };
      showCard();
      onChange();
    },
    draft(annotation, growTo = 0) {
      commit();
      selection.set([]);
      const id = newId();
      if (annotation.type === "text") editText(id, annotation, growTo, true);
      if (annotation.type !== "note") return;
      card = { id, draft: annotation, typed: null };
      drawing.preview("draft", new Map([[id, { annotation }]]));
      showCard();
      onChange();
    },
    get onPage() {
      return written?.id ?? null;
    },
    get card() {
      return card?.id ?? null;
    },
    recordsChanged() {
      if (written !== null && !written.draft && record(written.id) === undefined) {
        written = null;
        editor.abandon();
        drawing.hide(null);
        notice("tools.notice.deletedWhileWriting");
        onChange();
      }
      if (card === null || card.draft !== null) return;
      if (record(card.id) !== undefined) {
        showCard();
        return;
      }
      const lost = card.typed !== null;
      card = null;
      float.hide();
      if (lost) notice("tools.notice.deletedWhileWriting");
      onChange();
    },
    destroy() {
      commit();
      editor.destroy();
      float.destroy();
    },
  };
}
