/** @jsxImportSource preact */
/** Two more bars: the looks of the active tool, below the pages, and what can be done with selected text, beside it. */
import Check from "lucide/dist/esm/icons/check.mjs";
import Highlighter from "lucide/dist/esm/icons/highlighter.mjs";
import Sliders from "lucide/dist/esm/icons/sliders-horizontal.mjs";
import type { JSX } from "preact";
import type { EditableType, Style } from "../annotations/kind.ts";
import { KINDS } from "../annotations/registry.ts";
import { Icon } from "../ui/icon.tsx";
import type { Translate } from "../ui/locale.ts";
import { moveFocus } from "./mini-toolbar.tsx";
import { StylePanel, Swatches } from "./style-controls.tsx";

export interface ToolDockProps {
  readonly type: EditableType;
  readonly style: Style;
  readonly panelOpen: boolean;
  readonly onPanel: (open: boolean) => void;
  readonly onSet: (style: Style) => void;
  /** Back to selecting. */
  readonly onDone: () => void;
  readonly t: Translate;
}

export function ToolDock({ type, style, panelOpen, onPanel, onSet, onDone, t }: ToolDockProps): JSX.Element {
  const { styles, palette, label } = KINDS[type];
  const hasPanel = styles.some((name) => name !== "color");
  return (
    <>
      {hasPanel && panelOpen && (
        <div class="lt-bar lt-below">
          <StylePanel names={styles} palette={palette} style={style} withColors={false} onTry={onSet} onSet={onSet} t={t} />
        </div>
      )}
      <div class="lt-bar" role="toolbar" tabIndex={-1} aria-label={t("tools.bar.label", { name: t(label) })} onKeyDown={moveFocus}>
        <Swatches
          palette={palette}
          chosen={style.color}
          label={t("tools.style.color")}
          onTry={(color) => onSet({ color })}
          onSet={(color) => color !== null && onSet({ color })}
          t={t}
        />
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
        <span class="lt-rule" />
        <button class="button narrow" type="button" title={t("tools.bar.done")} aria-label={t("tools.bar.done")} onClick={onDone}>
          <Icon node={Check} />
        </button>
      </div>
    </>
  );
}

export interface TextSelectionBarProps {
  readonly style: Style;
  readonly onHighlight: (color: string | null) => void;
  readonly t: Translate;
}

export function TextSelectionBar({ style, onHighlight, t }: TextSelectionBarProps): JSX.Element {
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
      <button class="button" type="button" onClick={() => onHighlight(null)}>
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
        onSet={(color) => color !== null && onHighlight(color)}
        t={t}
      />
    </div>
  );
}
