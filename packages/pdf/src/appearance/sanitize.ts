/** Records come from other people: what is drawn is made of checked numbers and colours, whatever they hold. */
import { BLEND_MODES, type BlendMode } from "./commands.ts";

const LIMIT = 1_000_000;

/** A finite number within ±10⁶, else the fallback. */
export function finite(value: unknown, fallback = 0): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.min(LIMIT, Math.max(-LIMIT, value)) : fallback;
}

export function within(value: unknown, min: number, max: number, fallback: number): number {
  return Math.min(max, Math.max(min, finite(value, fallback)));
}

/** `#rrggbb` in lower case, else the fallback. */
export function color<F extends string | undefined>(value: unknown, fallback: F): string | F {
  return typeof value === "string" && /^#[0-9a-fA-F]{6}$/.test(value) ? value.toLowerCase() : fallback;
}

export function opacity(value: unknown): number {
  return within(value, 0, 1, 1);
}

export function blendMode(value: unknown, fallback: BlendMode): BlendMode {
  return BLEND_MODES.find((mode) => mode === value) ?? fallback;
}

/** Lengths of dashes and gaps; undefined when they draw no dashes. */
export function dashes(value: unknown): number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const lengths = value.slice(0, 16).map((length) => within(length, 0, 1000, 0));
  return lengths.some((length) => length > 0) ? lengths : undefined;
}

/** Towards black by `amount` (0…1). */
export function darken(value: string, amount: number): string {
  const parts = [1, 3, 5].map((at) => Math.round(Number.parseInt(value.slice(at, at + 2), 16) * (1 - amount)));
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** Perceived lightness, 0…1. */
export function lightness(value: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(value.slice(at, at + 2), 16) / 255);
  return 0.299 * red! + 0.587 * green! + 0.114 * blue!;
}
