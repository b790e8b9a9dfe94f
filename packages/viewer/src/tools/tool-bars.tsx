/** @jsxImportSource preact */
/** Two more bars: the looks of the active tool, below the pages, and what can be done with selected text, beside it. */
import Check from "lucide/dist/esm/icons/check.mjs";
import Highlighter from "lucide/dist/esm/icons/highlighter.mjs";
import MessageSquare from "lucide/dist/esm/icons/message-square.mjs";
import Sliders from "lucide/dist/esm/icons/sliders-horizontal.mjs";
import Strikethrough from "lucide/dist/esm/icons/strikethrough.mjs";
import Underline from "lucide/dist/esm/icons/underline.mjs";
import type { JSX } from "preact";
import { MARKER_COLORS, type Style } from "../annotations/kind.ts";
import { KINDS } from "../annotations/registry.ts";
import { Icon } from "../ui/icon.tsx";
import type { Translate } from "../ui/locale.ts";
import { moveFocus } from "./mini-toolbar.tsx";
import { type ChosenStamp, STAMP_CHOICES } from "./stamp.ts";
import { StylePanel, Swatches } from "./style-controls.tsx";
import type { StyleKey } from "./style-memory.ts";
import type { MarkType } from "./tool.ts";

const MARKS = [
  { type: "underline", icon: Underline },
  { type: "strikeout", icon: Strikethrough },
] as const;

export interface ToolDockProps {
  readonly type: StyleKey;
  /** Of the stamp tool: what is chosen. */
  readonly stamp: ChosenStamp | null;
  readonly onStamp: (stamp: ChosenStamp) => void;
  /** Of the redaction tool: shows all marks. */
  readonly onList: (() => void) | undefined;
  readonly style: Style;
  readonly panelOpen: boolean;
  readonly onPanel: (open: boolean) => void;
  readonly onSet: (style: Style) => void;
  /** Back to selecting. */
  readonly onDone: () => void;
  readonly t: Translate;
}

export function ToolDock({ type, stamp, onStamp, onList, style, panelOpen, onPanel, onSet, onDone, t }: ToolDockProps): JSX.Element {
  const { styles, label } = KINDS[type === "marker" ? "ink" : type];
  const palette = type === "marker" ? MARKER_COLORS : KINDS[type].palette;
  const hasPanel = styles.some((name) => name !== "color");
  return (
    <>
      {hasPanel && panelOpen && (
        <div class="lt-bar lt-below">
          <StylePanel names={styles} palette={palette} style={style} withColors={false} onTry={onSet} onSet={onSet} t={t} />
        </div>
      )}
      <div class="lt-bar" role="toolbar" tabIndex={-1} aria-label={t("tools.bar.label", { name: t(label) })} onKeyDown={moveFocus}>
        {stamp === null ? (
          <Swatches
            palette={palette}
            chosen={style.color}
            label={t("tools.style.color")}
            onTry={(color) => onSet({ color })}
            onSet={(color) => color !== null && onSet({ color })}
            t={t}
          />
        ) : (
          <StampChoice stamp={stamp} onStamp={onStamp} t={t} />
        )}
        {hasPanel && (
          <>
            <span class="lt-rule" />
            <button
              class="button narrow"
              type="button"
              title={t("tools.bar.style")}
              aria-label={t("tools.bar.style")}
              aria-expanded={panelOpen}
              onClick={() => onPanel(!panelOpen)}
            >
              <Icon node={Sliders} />
            </button>
          </>
        )}
        {onList !== undefined && (
          <>
            <span class="lt-rule" />
            <button class="button" type="button" onClick={onList}>
              {t("redactions.open")}
            </button>
          </>
        )}
        <span class="lt-rule" />
        <button class="button narrow" type="button" title={t("tools.bar.done")} aria-label={t("tools.bar.done")} onClick={onDone}>
          <Icon node={Check} />
        </button>
      </div>
    </>
  );
}

function StampChoice({ stamp, onStamp, t }: Pick<ToolDockProps, "onStamp" | "t"> & { readonly stamp: ChosenStamp }): JSX.Element {
  return (
    <>
      <select
        class="field lt-choice"
        aria-label={t("tools.stamp.label")}
        value={stamp.stampType}
        onChange={(event) => {
          const stampType = STAMP_CHOICES.find((name) => name === event.currentTarget.value);
          if (stampType !== undefined) onStamp({ ...stamp, stampType });
        }}
      >
        {STAMP_CHOICES.map((name) => (
          <option key={name} value={name}>
            {t(`tools.stamp.${name}`)}
          </option>
        ))}
      </select>
      {stamp.stampType === "Custom" && (
        <input
          class="field lt-choice"
          maxLength={256}
          aria-label={t("tools.stamp.words")}
          placeholder={t("tools.stamp.words")}
          value={stamp.title}
          onInput={(event) => onStamp({ ...stamp, title: event.currentTarget.value })}
        />
      )}
    </>
  );
}

export interface TextSelectionBarProps {
  readonly style: Style;
  readonly onMark: (type: MarkType, color: string | null) => void;
  /** Absent: nothing may be said. */
  readonly onComment: (() => void) | undefined;
  readonly t: Translate;
}

export function TextSelectionBar({ style, onMark, onComment, t }: TextSelectionBarProps): JSX.Element {
  return (
    // A press on the bar must not take the selection away.
    <div
      class="lt-bar"
      role="toolbar"
      tabIndex={-1}
      aria-label={t("tools.selection.label")}
      onMouseDown={(event) => event.preventDefault()}
      onKeyDown={moveFocus}
    >
      <button class="button" type="button" onClick={() => onMark("highlight", null)}>
        <span class="lt-marker" style={{ "--swatch": style.color }}>
          <Icon node={Highlighter} />
        </span>
        {t("tools.highlight")}
      </button>
      <span class="lt-rule" />
      <Swatches
        palette={KINDS.highlight.palette}
        chosen={style.color}
        label={t("tools.style.color")}
        onTry={() => undefined}
        onSet={(color) => color !== null && onMark("highlight", color)}
        t={t}
      />
      <span class="lt-rule" />
      {MARKS.map(({ type, icon }) => (
        <button
          key={type}
          class="button narrow"
          type="button"
          title={t(`tools.${type}`)}
          aria-label={t(`tools.${type}`)}
          onClick={() => onMark(type, null)}
        >
          <Icon node={icon} />
        </button>
      ))}
      {onComment !== undefined && (
        <>
          <span class="lt-rule" />
          <button class="button" type="button" onClick={onComment}>
            <Icon node={MessageSquare} />
            {t("tools.comment")}
          </button>
        </>
      )}
    </div>
  );
}
