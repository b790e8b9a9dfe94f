/** Scales of measurements (ISO 32000-2, 12.9): the dictionary of an annotation ↔ what a record says. */
import type { Rectangle } from "@lectern/protocol";
import type { ObjectFile } from "./objects/file.ts";
import { type PdfObject, textOf } from "./objects/values.ts";
import { type PdfDictionary, pdfName, pdfRaw } from "./pdf-writer.ts";

export type Measurement = NonNullable<Rectangle["measurement"]>;
type Unit = Measurement["scale"]["unitTo"];
type PaperUnit = Measurement["scale"]["unitFrom"];

const POINTS: Readonly<Record<PaperUnit, number>> = { pt: 1, in: 72, mm: 72 / 25.4, cm: 72 / 2.54 };
const UNITS: Readonly<Record<string, Unit>> = {
  in: "in",
  inch: "in",
  inches: "in",
  '"': "in",
  mm: "mm",
  cm: "cm",
  pt: "pt",
  point: "pt",
  points: "pt",
  ft: "ft",
  foot: "ft",
  feet: "ft",
  "'": "ft",
  m: "m",
  yd: "yd",
  km: "km",
  mi: "mi",
};
const PRECISIONS = ["whole", "oneDp", "twoDp", "threeDp", "fourDp"] as const;
const DEFAULT_DENOMINATOR = 100;
const RATIO = /^\s*([\d.]+)\s*([a-z"']+)\s*=\s*([\d.]+)\s*([a-z"']+)/i;

/** Null for a scale that records cannot say. */
export function readMeasure(file: ObjectFile, object: PdfObject | undefined): Measurement | null {
  const measure = file.dict(object);
  if ((file.name(measure.get("Subtype")) ?? "RL") !== "RL") return null;
  const [along] = file.array(measure.get("X")).map((format) => file.dict(format));
  const scale = ratio(textOf(file.resolve(measure.get("R"))) ?? "") ?? factor(file, along);
  if (scale === null) return null;
  const [distance] = file.array(measure.get("D")).map((format) => file.dict(format));
  const denominator = file.number((distance ?? along)?.get("D"), DEFAULT_DENOMINATOR);
  const digits = Math.max(0, Math.min(4, Math.round(Math.log10(Math.max(1, denominator)))));
  return { scale, precision: PRECISIONS[digits]! };
}

/** As people write it: `1 in = 5 ft`. */
function ratio(text: string): Measurement["scale"] | null {
  const match = RATIO.exec(text);
  const [from, to] = [Number(match?.[1]), Number(match?.[3])];
  const [unitFrom, unitTo] = [UNITS[match?.[2]?.toLowerCase() ?? ""], UNITS[match?.[4]?.toLowerCase() ?? ""]];
  return unitFrom !== undefined && unitFrom in POINTS && unitTo !== undefined && from > 0 && to > 0
    ? { unitFrom: unitFrom as PaperUnit, unitTo, from, to }
    : null;
}

/** By the factor from points. */
function factor(file: ObjectFile, along: ReadonlyMap<string, PdfObject> | undefined): Measurement["scale"] | null {
  const unit = UNITS[textOf(file.resolve(along?.get("U")))?.toLowerCase() ?? ""];
  const to = file.number(along?.get("C"), 0);
  return unit === undefined || to <= 0 ? null : { unitFrom: "pt", from: 1, unitTo: unit, to };
}

export function measureDictionary({ scale, precision }: Measurement): PdfDictionary {
  const { unitFrom, unitTo, from, to } = scale;
  const denominator = 10 ** PRECISIONS.indexOf(precision);
  const format = (unit: string, perUnit: number): PdfDictionary => ({
    Type: pdfName("NumberFormat"),
    U: unit,
    C: pdfRaw(perUnit.toFixed(10)),
    F: pdfName("D"),
    D: denominator,
  });
  return {
    Type: pdfName("Measure"),
    Subtype: pdfName("RL"),
    R: `${from} ${unitFrom} = ${to} ${unitTo}`,
    X: [format(unitTo, to / (from * POINTS[unitFrom]))],
    D: [format(unitTo, 1)],
    A: [format(`sq ${unitTo}`, 1)],
  };
}
