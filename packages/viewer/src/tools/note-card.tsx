/** @jsxImportSource preact */
/** The card of a note: who wrote it and when, and its words, to read or to write. */
import Trash from "lucide/dist/esm/icons/trash.mjs";
import X from "lucide/dist/esm/icons/x.mjs";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { inkOn } from "../ui/contrast.ts";
import { Icon } from "../ui/icon.tsx";
import type { Translate } from "../ui/locale.ts";

export interface NoteCardProps {
  /** Of the note; a draft has one too. */
  readonly id: string;
  readonly author: string;
  readonly initials: string;
  readonly color: string;
  /** As people write it; empty for a draft. */
  readonly time: string;
  readonly text: string;
  readonly mayWrite: boolean;
  readonly mayDelete: boolean;
  /** Each change, so that nothing is lost whatever closes the card. */
  readonly onText: (text: string) => void;
  readonly onClose: () => void;
  readonly onDelete: () => void;
  readonly t: Translate;
}

export function NoteCard({
  id,
  author,
  initials,
  color,
  time,
  text,
  mayWrite,
  mayDelete,
  onText,
  onClose,
  onDelete,
  t,
}: NoteCardProps): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.focus({ preventScroll: true });
    element.setSelectionRange(element.value.length, element.value.length);
  }, [id]);
  return (
    <div class="lt-card" role="dialog" aria-label={t("tools.note.label", { name: author })}>
      <header>
        <span class="lt-avatar" style={{ "--person": color, "--ink": inkOn(color) }} aria-hidden="true">
          {initials}
        </span>
        <span class="lt-author">
          <strong>{author}</strong>
          {time !== "" && <span class="lt-muted">{time}</span>}
        </span>
        {mayDelete && (
          <button
            class="button narrow lt-danger"
            type="button"
            title={t("tools.bar.delete")}
            aria-label={t("tools.bar.delete")}
            onClick={onDelete}
          >
            <Icon node={Trash} />
          </button>
        )}
        <button class="button narrow" type="button" title={t("tools.note.close")} aria-label={t("tools.note.close")} onClick={onClose}>
          <Icon node={X} />
        </button>
      </header>
      {mayWrite ? (
        <textarea
          ref={field}
          class="lt-words"
          rows={3}
          maxLength={20_000}
          aria-label={t("tools.note.text")}
          placeholder={t("tools.note.placeholder")}
          value={text}
          onInput={(event) => onText(event.currentTarget.value)}
        />
      ) : (
        <p class="lt-words lt-read">{text === "" ? <span class="lt-muted">{t("tools.note.empty")}</span> : text}</p>
      )}
    </div>
  );
}
