/**
 * What our own export has kept of a record in an entry that other programs leave alone. It may have been written by anybody,
 * so each member is taken only when it is what the record's schema allows.
 */
import type { Annotation, Comment } from "@lectern/protocol";
import { ID_PATTERN, SYNC_LIMITS } from "@lectern/protocol/plain";
import { standardFont } from "./appearance/font-metrics.ts";

export interface PrivateData {
  readonly type: string | null;
  readonly members: Readonly<Record<string, unknown>>;
}

const NOTHING: PrivateData = { type: null, members: {} };

export function readPrivateData(text: string | null): PrivateData {
  if (text === null || text.length > SYNC_LIMITS.recordBytes) return NOTHING;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? { type: typeof value["type"] === "string" ? value["type"] : null, members: value } : NOTHING;
  } catch {
    // Not ours, or damaged: as if it were not there.
    return NOTHING;
  }
}

/** The record with what PDF has no place for. Of its looks and its place, what the file says itself counts. */
export function withPrivateData(data: Annotation, { members }: PrivateData, type: string): Annotation {
  const result: Record<string, unknown> = { ...data, ...checked(members, COMMON) };
  if (type === "comment-marker") {
    result["type"] = type;
    if (members["document"] === true) result["page"] = null;
  }
  const own = OWN[type];
  if (own !== undefined) {
    for (const group of ["geometry", "appearance"] as const) {
      const given = members[group];
      if (isObject(given)) result[group] = { ...checked(given, own[group]), ...said(data[group], given) };
    }
    Object.assign(result, checked(members, own.data));
  }
  return result as Annotation;
}

/** Of a reply. */
export function commentPrivateData(text: string | null): Pick<Comment, "custom" | "mentions"> {
  return checked(readPrivateData(text).members, { custom: isCustom, mentions: isMentions });
}

/** What the file says, without a font that stands there for one that readers may not have. */
function said(group: Readonly<Record<string, unknown>>, { font: wanted }: Readonly<Record<string, unknown>>): object {
  const { font, ...rest } = group;
  const isStandIn = typeof wanted === "string" && typeof font === "string" && standardFont(wanted) === standardFont(font);
  return isStandIn ? rest : group;
}

type Check = (value: unknown) => boolean;
type Checks = Readonly<Record<string, Check>>;

const isText =
  (most: number): Check =>
  (value) =>
    typeof value === "string" && value.length <= most;
const isBoolean: Check = (value) => typeof value === "boolean";
const isColor: Check = (value) => typeof value === "string" && /^#[0-9a-fA-F]{6}$/.test(value);
const isOneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const isBetween =
  (least: number, most: number): Check =>
  (value) =>
    typeof value === "number" && value >= least && value <= most;

const COMMON: Checks = {
  lock: isBoolean,
  note: isText(100_000),
  bundle: (value) => typeof value === "string" && ID_PATTERN.test(value),
  custom: isCustom,
  attachment: (value) =>
    isObject(value) &&
    typeof value["blob"] === "string" &&
    /^[0-9a-f]{64}$/.test(value["blob"]) &&
    isText(128)(value["mediaType"]) &&
    (value["name"] === undefined || isText(256)(value["name"])),
  measurement: isMeasurement,
};

const border: Checks = {
  borderColor: isColor,
  borderStyle: isOneOf("solid", "dashed", "beveled", "inset", "underline"),
  borderWidth: isBetween(0, 100),
};
const isDegrees = isBetween(0, 360);

const OWN: Readonly<Record<string, { readonly geometry: Checks; readonly appearance: Checks; readonly data: Checks }>> = {
  stamp: { geometry: { rotation: isDegrees }, appearance: { title: isText(256), subtitle: isText(256) }, data: {} },
  image: { geometry: { rotation: isDegrees }, appearance: { description: isText(4096) }, data: { signature: isBoolean } },
  ink: {
    geometry: { pressures: isPressures },
    appearance: { natural: isBoolean, backgroundColor: isColor },
    data: { signature: isBoolean },
  },
  text: {
    geometry: {},
    appearance: {
      font: isText(128),
      verticalAlign: isOneOf("top", "center", "bottom"),
      isFitting: isBoolean,
      cloudInset: isInset,
      ...border,
    },
    data: {},
  },
  link: { geometry: {}, appearance: border, data: {} },
  redaction: { geometry: { rotation: isOneOf(0, 90, 180, 270) }, appearance: { color: isColor }, data: {} },
};

function isCustom(value: unknown): boolean {
  return isObject(value) && Object.keys(value).every((key) => key.length <= 256);
}

function isMentions(value: unknown): boolean {
  return Array.isArray(value) && value.length <= 100 && value.every((user) => isText(256)(user) && user !== "");
}

function isInset(value: unknown): boolean {
  return Array.isArray(value) && value.length === 4 && value.every(isBetween(-1e6, 1e6));
}

function isPressures(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length <= 1000 &&
    value.every((line) => Array.isArray(line) && line.length <= 20_000 && line.every(isBetween(0, 1)))
  );
}

function isMeasurement(value: unknown): boolean {
  if (!isObject(value) || !isObject(value["scale"])) return false;
  const { unitFrom, unitTo, from, to } = value["scale"];
  return (
    isOneOf("whole", "oneDp", "twoDp", "threeDp", "fourDp")(value["precision"]) &&
    isOneOf("in", "mm", "cm", "pt")(unitFrom) &&
    isOneOf("in", "mm", "cm", "pt", "ft", "m", "yd", "km", "mi")(unitTo) &&
    [from, to].every((one) => typeof one === "number" && one > 0)
  );
}

function checked(members: Readonly<Record<string, unknown>>, checks: Checks): Record<string, unknown> {
  return Object.fromEntries(Object.entries(checks).flatMap(([key, check]) => (check(members[key]) ? [[key, members[key]]] : [])));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
