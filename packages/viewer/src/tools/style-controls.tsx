/** @jsxImportSource preact */
/** Swatches and the panel of looks: for what is selected, and for the active tool before anything is drawn. */
import Minus from "lucide/dist/esm/icons/minus.mjs";
import Plus from "lucide/dist/esm/icons/plus.mjs";
import type { JSX } from "preact";
import { MARKER_COLORS, type Style, type StyleName } from "../annotations/kind.ts";
import { Icon } from "../ui/icon.tsx";
import type { Translate } from "../ui/locale.ts";

export interface StyleControlsProps {
  /** What can be set here. */
  readonly names: readonly StyleName[];
  readonly palette: readonly string[];
  /** As it is; a look that differs among several is absent. */
  readonly style: Style;
  /** While a slider or a colour is being tried. */
  readonly onTry: (style: Style) => void;
  readonly onSet: (style: Style) => void;
  readonly t: Translate;
}

/** One row of colours. */
export function Swatches({ palette, chosen, label, none = false, onTry, onSet, t }: SwatchesProps): JSX.Element {
  const custom = chosen != null && !palette.includes(chosen.toLowerCase());
  return (
    <div class="lt-swatches" role="group" aria-label={label}>
      {none && (
        <button
          class="lt-swatch lt-none"
          type="button"
          title={t("tools.color.none")}
          aria-label={t("tools.color.none")}
          aria-pressed={chosen === null}
          onClick={() => onSet(null)}
        />
      )}
      {palette.map((color) => (
        <button
          key={color}
          class="lt-swatch"
          type="button"
          style={{ "--swatch": color }}
          title={nameOf(color, t)}
          aria-label={nameOf(color, t)}
          aria-pressed={chosen?.toLowerCase() === color}
          onClick={() => onSet(color)}
        />
      ))}
      <label class="lt-swatch lt-custom" data-pressed={custom} style={custom ? { "--swatch": chosen } : {}} title={t("tools.color.custom")}>
        <input
          type="color"
          aria-label={t("tools.color.custom")}
          value={chosen ?? "#000000"}
          onInput={(event) => onTry(event.currentTarget.value)}
          onChange={(event) => onSet(event.currentTarget.value)}
        />
      </label>
    </div>
  );
}

interface SwatchesProps {
  readonly palette: readonly string[];
  /** null: none; undefined: several differ. */
  readonly chosen: string | null | undefined;
  readonly label: string;
  readonly none?: boolean;
  readonly onTry: (color: string) => void;
  readonly onSet: (color: string | null) => void;
  readonly t: Translate;
}

/** Everything but the colours of the bar itself; with them where the bar has no room. */
export function StylePanel({
  names,
  palette,
  style,
  withColors,
  onTry,
  onSet,
  t,
}: StyleControlsProps & { readonly withColors: boolean }): JSX.Element {
  return (
    <div class="lt-panel">
      {withColors && names.includes("color") && (
        <Row label={t("tools.style.color")}>
          <Swatches
            palette={palette}
            chosen={style.color}
            label={t("tools.style.color")}
            onTry={(color) => onTry({ color })}
            onSet={(color) => color !== null && onSet({ color })}
            t={t}
          />
        </Row>
      )}
      {names.includes("fill") && (
        <Row label={t("tools.style.fill")}>
          <Swatches
            none
            palette={MARKER_COLORS}
            chosen={style.fill}
            label={t("tools.style.fill")}
            onTry={(fill) => onTry({ fill })}
            onSet={(fill) => onSet({ fill })}
            t={t}
          />
        </Row>
      )}
      {names.includes("width") && (
        <Slider
          label={t("tools.style.width")}
          value={style.width ?? 2}
          min={0.5}
          max={12}
          step={0.5}
          text={`${style.width ?? 2} pt`}
          onTry={(width) => onTry({ width })}
          onSet={(width) => onSet({ width })}
        />
      )}
      {names.includes("opacity") && (
        <Slider
          label={t("tools.style.opacity")}
          value={Math.round((style.opacity ?? 1) * 100)}
          min={10}
          max={100}
          step={5}
          text={`${Math.round((style.opacity ?? 1) * 100)} %`}
          onTry={(percent) => onTry({ opacity: percent / 100 })}
          onSet={(percent) => onSet({ opacity: percent / 100 })}
        />
      )}
      {names.includes("fontSize") && (
        <Stepper label={t("tools.style.fontSize")} value={style.fontSize ?? 14} onSet={(fontSize) => onSet({ fontSize })} t={t} />
      )}
    </div>
  );
}

function Row({ label, children }: { readonly label: string; readonly children: JSX.Element }): JSX.Element {
  return (
    <div class="lt-row">
      <span class="lt-row-label" aria-hidden="true">
        {label}
      </span>
      {children}
    </div>
  );
}

interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly text: string;
  readonly onTry: (value: number) => void;
  readonly onSet: (value: number) => void;
}

function Slider({ label, value, min, max, step, text, onTry, onSet }: SliderProps): JSX.Element {
  return (
    <label class="lt-row">
      <span class="lt-row-label">{label}</span>
      <input
        class="lt-slider"
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={text}
        style={{ "--part": `${((Math.min(max, value) - min) / (max - min)) * 100}%` }}
        onInput={(event) => onTry(Number(event.currentTarget.value))}
        onChange={(event) => onSet(Number(event.currentTarget.value))}
      />
      <span class="lt-row-value" aria-hidden="true">
        {text}
      </span>
    </label>
  );
}

const SIZES = [8, 9, 10, 11, 12, 14, 16, 18, 20, 24, 28, 32, 40, 48, 60, 72, 96];

function Stepper({
  label,
  value,
  onSet,
  t,
}: {
  readonly label: string;
  readonly value: number;
  readonly onSet: (value: number) => void;
  readonly t: Translate;
}): JSX.Element {
  const smaller = SIZES.findLast((size) => size < value);
  const larger = SIZES.find((size) => size > value);
  return (
    <div class="lt-row" role="group" aria-label={label}>
      <span class="lt-row-label" aria-hidden="true">
        {label}
      </span>
      <span class="lt-stepper">
        <button
          class="button narrow"
          type="button"
          aria-label={t("tools.style.smaller")}
          title={t("tools.style.smaller")}
          disabled={smaller === undefined}
          onClick={() => onSet(smaller!)}
        >
          <Icon node={Minus} />
        </button>
        <input
          class="field"
          inputMode="numeric"
          aria-label={label}
          value={String(value)}
          onChange={(event) => {
            const size = Number.parseFloat(event.currentTarget.value.replace(",", "."));
            if (size >= 4 && size <= 300) onSet(size);
            else event.currentTarget.value = String(value);
          }}
        />
        <button
          class="button narrow"
          type="button"
          aria-label={t("tools.style.larger")}
          title={t("tools.style.larger")}
          disabled={larger === undefined}
          onClick={() => onSet(larger!)}
        >
          <Icon node={Plus} />
        </button>
      </span>
    </div>
  );
}

const NAMES: Readonly<Record<string, string>> = {
  "#ffe066": "yellow",
  "#b2f2bb": "green",
  "#a5d8ff": "blue",
  "#ffc9de": "pink",
  "#ffd8a8": "orange",
  "#d0bfff": "purple",
  "#1f2328": "black",
  "#e5484d": "red",
  "#f08c00": "orange",
  "#2f9e44": "green",
  "#1971c2": "blue",
  "#7048e8": "purple",
  "#ffd43b": "yellow",
  "#ff8787": "red",
  "#69db7c": "green",
  "#74c0fc": "blue",
  "#b197fc": "purple",
  "#ced4da": "grey",
};

function nameOf(color: string, t: Translate): string {
  const name = NAMES[color];
  return name === undefined ? color : t(`tools.color.${name}`);
}
