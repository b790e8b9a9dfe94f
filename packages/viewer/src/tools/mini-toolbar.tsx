/** @jsxImportSource preact */
/** The small bar beside what is selected: colours, looks, order, delete; for those who may only read, who made it and when. */
import BringToFront from "lucide/dist/esm/icons/bring-to-front.mjs";
import Lock from "lucide/dist/esm/icons/lock.mjs";
import MessageSquare from "lucide/dist/esm/icons/message-square.mjs";
import Pencil from "lucide/dist/esm/icons/pencil.mjs";
import SendToBack from "lucide/dist/esm/icons/send-to-back.mjs";
import Sliders from "lucide/dist/esm/icons/sliders-horizontal.mjs";
import Trash from "lucide/dist/esm/icons/trash.mjs";
import type { JSX, TargetedKeyboardEvent } from "preact";
import type { Editable, Style, StyleName } from "../annotations/kind.ts";
import { type EditableRecord, kindOf } from "../annotations/registry.ts";
import { Icon, type IconNode } from "../ui/icon.tsx";
import type { Translate } from "../ui/locale.ts";
import { StylePanel, Swatches } from "./style-controls.tsx";

/** What is common to several annotations, so that it can be set for all. */
export interface CommonStyle {
  readonly names: readonly StyleName[];
  readonly palette: readonly string[];
  readonly style: Style;
}

export function commonStyle(annotations: readonly Editable[]): CommonStyle {
  const [first] = annotations;
  if (first === undefined) return { names: [], palette: [], style: {} };
  const names = kindOf(first).styles.filter((name) => annotations.every((annotation) => kindOf(annotation).styles.includes(name)));
  const styles = annotations.map((annotation) => kindOf(annotation).style(annotation));
  const same = names.filter((name) => styles.every((style) => style[name] === styles[0]![name]));
  return { names, palette: kindOf(first).palette, style: Object.fromEntries(same.map((name) => [name, styles[0]![name]])) };
}

export interface MiniToolbarProps {
  readonly records: readonly EditableRecord[];
  readonly mayEdit: boolean;
  readonly mayDelete: boolean;
  readonly mayWrite: boolean;
  /** There is no room for the colours in the bar. */
  readonly narrow: boolean;
  readonly panelOpen: boolean;
  /** "Ana · 21 Nov, 10:32" */
  readonly detail: string;
  readonly onPanel: (open: boolean) => void;
  readonly onTry: (style: Style) => void;
  readonly onSet: (style: Style) => void;
  readonly onEdit: () => void;
  /** Absent: nothing may be said about it. */
  readonly onComment: (() => void) | undefined;
  readonly onFront: () => void;
  readonly onBack: () => void;
  readonly onDelete: () => void;
  readonly t: Translate;
}

export function MiniToolbar(props: MiniToolbarProps): JSX.Element {
  const { records, mayEdit, mayDelete, mayWrite, narrow, panelOpen, detail, onPanel, onTry, onSet, t } = props;
  const { names, palette, style } = commonStyle(records.map(({ data }) => data));
  const [only] = records.length === 1 ? records : [];
  const label = only === undefined ? t("tools.bar.several", { count: records.length }) : t(kindOf(only.data).label);
  const { onComment } = props;
  if (!mayEdit && !mayDelete && !mayWrite && onComment === undefined) {
    return (
      <div class="lt-bar lt-detail" role="group" aria-label={label}>
        <Icon node={Lock} />
        <strong>{label}</strong>
        {detail !== "" && <span class="lt-muted">{detail}</span>}
      </div>
    );
  }
  const hasPanel = mayEdit && (narrow || names.some((name) => name !== "color"));
  const hasWords = only !== undefined && kindOf(only.data).editor !== "none";
  return (
    <>
      <div class="lt-bar" role="toolbar" tabIndex={-1} aria-label={t("tools.bar.label", { name: label })} onKeyDown={moveFocus}>
        {mayEdit && !narrow && names.includes("color") && (
          <>
            <Swatches
              palette={palette}
              chosen={style.color}
              label={t("tools.style.color")}
              onTry={(color) => onTry({ color })}
              onSet={(color) => color !== null && onSet({ color })}
              t={t}
            />
            <span class="lt-rule" />
          </>
        )}
        {hasPanel && (
          <button
            class="button narrow"
            type="button"
            title={t("tools.bar.style")}
            aria-label={t("tools.bar.style")}
            aria-expanded={panelOpen}
            onClick={() => onPanel(!panelOpen)}
          >
            {narrow && style.color !== undefined ? <span class="lt-dot" style={{ "--swatch": style.color }} /> : <Icon node={Sliders} />}
          </button>
        )}
        {onComment !== undefined && <BarButton node={MessageSquare} label={t("tools.bar.comment")} onClick={onComment} />}
        {hasWords && mayWrite && <BarButton node={Pencil} label={t("tools.bar.edit")} onClick={props.onEdit} />}
        {mayEdit && (
          <>
            <BarButton node={BringToFront} label={t("tools.bar.front")} onClick={props.onFront} />
            <BarButton node={SendToBack} label={t("tools.bar.back")} onClick={props.onBack} />
          </>
        )}
        {mayDelete && (
          <>
            <span class="lt-rule" />
            <BarButton node={Trash} label={t("tools.bar.delete")} danger onClick={props.onDelete} />
          </>
        )}
      </div>
      {hasPanel && panelOpen && (
        <div class="lt-bar lt-below">
          <StylePanel names={names} palette={palette} style={style} withColors={narrow} onTry={onTry} onSet={onSet} t={t} />
          {detail !== "" && <div class="lt-muted lt-made">{detail}</div>}
        </div>
      )}
    </>
  );
}

interface BarButtonProps {
  readonly node: IconNode;
  readonly label: string;
  readonly danger?: boolean;
  readonly onClick: () => void;
}

function BarButton({ node, label, danger = false, onClick }: BarButtonProps): JSX.Element {
  return (
    <button class={`button narrow${danger ? " lt-danger" : ""}`} type="button" title={label} aria-label={label} onClick={onClick}>
      <Icon node={node} />
    </button>
  );
}

/** Arrow keys go from control to control, as in any toolbar. */
export function moveFocus(event: TargetedKeyboardEvent<HTMLElement>): void {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const controls = [...event.currentTarget.querySelectorAll<HTMLElement>("button:not(:disabled),input")];
  const at = controls.indexOf((event.currentTarget.getRootNode() as ShadowRoot).activeElement as HTMLElement);
  if (by === undefined || at < 0) return;
  event.preventDefault();
  event.stopPropagation();
  const sign = getComputedStyle(event.currentTarget).direction === "rtl" ? -1 : 1;
  controls[(at + sign * by + controls.length) % controls.length]?.focus();
}
