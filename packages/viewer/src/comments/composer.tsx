/** @jsxImportSource preact */
/** Where a comment is written: grows with its words, offers names after an @, sends with Ctrl+Enter or its button. */
import ArrowUp from "lucide/dist/esm/icons/arrow-up.mjs";
import { type Segment, wordsOf } from "@lectern/protocol/plain";
import { useSignal } from "@preact/signals";
import type { JSX, TargetedKeyboardEvent } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "../ui/icon.tsx";
import type { Translate } from "../ui/locale.ts";
import type { MentionableUser } from "../public-types.ts";
import { chosenIn, colorOf, mentionAt, segmentsTyped, suggestions } from "./people.ts";
import { Avatar } from "./avatar.tsx";

export interface ComposerProps {
  readonly label: string;
  /** What is edited; absent for something new. */
  readonly text?: Parameters<typeof wordsOf>[0];
  /** Typed before and not sent. */
  readonly draft?: string;
  readonly users: () => readonly MentionableUser[];
  readonly autoFocus: boolean;
  readonly sendLabel: string;
  readonly onDraft?: (text: string) => void;
  readonly onSend: (words: readonly Segment[]) => void;
  /** Absent: there is nothing to go back to. */
  readonly onCancel?: (() => void) | undefined;
  readonly t: Translate;
}

const LONGEST = 20_000;

export function Composer({
  label,
  text,
  draft = "",
  users,
  autoFocus,
  sendLabel,
  onDraft,
  onSend,
  onCancel,
  t,
}: ComposerProps): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null);
  const words = useSignal(text === undefined ? draft : wordsOf(text));
  const chosen = useRef<MentionableUser[]>(text === undefined ? [] : [...chosenIn(text)]);
  const typing = useSignal<ReturnType<typeof mentionAt>>(null);
  const at = useSignal(0);
  const listId = useId();
  useEffect(() => {
    const element = field.current!;
    if (!autoFocus) return;
    element.focus({ preventScroll: true });
    element.setSelectionRange(element.value.length, element.value.length);
  }, [autoFocus]);

  const offered = typing.value === null ? [] : suggestions(users(), typing.value.typed);
  const marked = Math.min(at.value, offered.length - 1);

  function look(): void {
    const element = field.current!;
    const now = mentionAt(element.value, element.selectionStart);
    if (now?.start !== typing.value?.start) at.value = 0;
    typing.value = now;
  }
  function write(value: string, cursor?: number): void {
    words.value = value;
    onDraft?.(value);
    const element = field.current;
    if (cursor === undefined || element === null) return;
    // At once: the next key comes before the next render.
    element.value = value;
    element.setSelectionRange(cursor, cursor);
  }
  function choose(user: MentionableUser): void {
    const { start, typed } = typing.value!;
    chosen.current.push(user);
    const before = `${words.value.slice(0, start)}@${user.name} `;
    write(before + words.value.slice(start + 1 + typed.length).replace(/^ /, ""), before.length);
    typing.value = null;
    field.current!.focus();
  }
  function send(): void {
    if (words.value.trim() === "") return;
    onSend(segmentsTyped(words.value.trim(), chosen.current));
    chosen.current = [];
    write("");
    typing.value = null;
  }
  function onKey(event: TargetedKeyboardEvent<HTMLTextAreaElement>): void {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (offered.length > 0 && by !== undefined) at.value = (marked + by + offered.length) % offered.length;
    else if (offered.length > 0 && (event.key === "Enter" || event.key === "Tab") && !event.ctrlKey && !event.metaKey)
      choose(offered[marked]!);
    else if (offered.length > 0 && event.key === "Escape") typing.value = null;
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
    else if (event.key === "Escape" && onCancel !== undefined) onCancel();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <form
      class="lc-composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        rows={1}
        maxLength={LONGEST}
        aria-label={label}
        placeholder={label}
        value={words.value}
        aria-autocomplete="list"
        aria-controls={offered.length > 0 ? listId : undefined}
        aria-activedescendant={offered.length > 0 ? `${listId}-${marked}` : undefined}
        onInput={(event) => {
          write(event.currentTarget.value);
          look();
        }}
        onKeyDown={onKey}
        onClick={look}
        onBlur={() => (typing.value = null)}
      />
      {offered.length > 0 && (
        <div class="lc-names" role="listbox" id={listId} aria-label={t("comments.mention")}>
          {offered.map((user, index) => (
            <div
              key={user.id}
              id={`${listId}-${index}`}
              class="lc-name"
              role="option"
              tabIndex={-1}
              aria-selected={index === marked}
              // A press must not take the focus out of the field.
              onMouseDown={(event) => {
                event.preventDefault();
                choose(user);
              }}
            >
              <Avatar name={user.name} color={colorOf(user.id)} small />
              <span>{user.name}</span>
              {user.description !== undefined && <span class="lc-muted">{user.description}</span>}
            </div>
          ))}
        </div>
      )}
      <div class="lc-send">
        {onCancel !== undefined && (
          <button class="button lc-text" type="button" onClick={onCancel}>
            {t("comments.cancel")}
          </button>
        )}
        <button class="button lc-go" type="submit" title={sendLabel} aria-label={sendLabel} disabled={words.value.trim() === ""}>
          <Icon node={ArrowUp} />
        </button>
      </div>
    </form>
  );
}
