/** Records → format → records, for every kind of annotation, on pages with odd boxes and all rotations. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Annotation, AnnotationType } from "../annotation/annotation.ts";
import { BlendMode, LineCap } from "../annotation/common.ts";
import { STAMPS } from "../annotation/names.ts";
import { NOTE_ICONS } from "../annotation/note.ts";
import type { Exchange } from "../exchange.ts";
import { readInstantDocument, writeInstantDocument } from "../instant-document.ts";
import type { PageShown } from "../page-space.ts";
import { type AnyRecord, checkData } from "../record.ts";
import { readXfdf, writeXfdf, type XfdfPages } from "./index.ts";

/** Points; what writing and turning numbers may lose. */
const TOLERANCE = 1e-4;

const coordinate = fc.double({ min: -2000, max: 2000, noNaN: true });
const length = fc.double({ min: 0, max: 2000, noNaN: true });
const point = fc.tuple(coordinate, coordinate);
const rect = fc.tuple(coordinate, coordinate, length, length);
const color = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, "0")}`);
const unit = fc.double({ min: 0, max: 1, noNaN: true });
const words = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("", " a  b ", "line\r\nline\n\ttab", "<b>&amp;]]></b>", "\u0001\ud800x\uffff"),
);
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const richText = fc.record({ format: fc.constantFrom("plain" as const, "xhtml" as const), value: words });
const four = fc.tuple(length, length, length, length);
const caps = fc.record({ start: optional(fc.constantFrom(...LineCap.options)), end: optional(fc.constantFrom(...LineCap.options)) });
const shape = fc.record({
  strokeColor: optional(color),
  strokeWidth: optional(fc.double({ min: 0, max: 100, noNaN: true })),
  strokeDash: optional(fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { maxLength: 4 })),
  fillColor: optional(color),
  opacity: optional(unit),
  blendMode: optional(fc.constantFrom(...BlendMode.options)),
  cloudIntensity: optional(fc.double({ min: 0, max: 10, noNaN: true })),
  cloudInset: optional(four),
});
const border = {
  borderColor: optional(color),
  borderStyle: optional(fc.constantFrom("solid", "dashed", "beveled", "inset", "underline")),
  borderWidth: optional(fc.integer({ min: 0, max: 100 })),
};
const markup = fc.record({
  geometry: fc.record({ bbox: rect, rects: fc.array(rect, { minLength: 1, maxLength: 4 }) }),
  appearance: fc.record({ color, opacity: optional(unit), blendMode: optional(fc.constantFrom(...BlendMode.options)) }),
});
const box = fc.record({ bbox: rect });
const turned = fc.record({ bbox: rect, rotation: optional(fc.integer({ min: 1, max: 359 })) });
const path = (min: number) => fc.record({ bbox: rect, points: fc.array(point, { minLength: min, maxLength: min === 2 ? 2 : 6 }) });
const note = fc.record({
  geometry: box,
  appearance: fc.record({ icon: optional(fc.constantFrom(...NOTE_ICONS)), color: optional(color), opacity: optional(unit) }),
  text: richText,
});
const measurement = optional(
  fc.constant({ scale: { unitFrom: "cm" as const, unitTo: "m" as const, from: 1, to: 2.5 }, precision: "twoDp" as const }),
);

const KINDS: Readonly<Record<Exclude<AnnotationType, "raw">, fc.Arbitrary<object>>> = {
  highlight: markup,
  underline: markup,
  strikeout: markup,
  squiggly: markup,
  redaction: fc.record({
    geometry: fc.record({ bbox: rect, rects: fc.array(rect, { minLength: 1, maxLength: 3 }) }),
    appearance: fc.record({
      color: optional(color),
      fillColor: optional(color),
      outlineColor: optional(color),
      opacity: optional(unit),
      overlayText: optional(words),
      repeatOverlayText: optional(fc.boolean()),
    }),
  }),
  ink: fc
    .array(fc.array(fc.tuple(point, fc.double({ min: 0.6, max: 1, noNaN: true })), { minLength: 1, maxLength: 6 }), {
      minLength: 1,
      maxLength: 3,
    })
    .chain((lines) =>
      fc.record({
        geometry: fc.record({
          bbox: rect,
          lines: fc.constant(lines.map((line) => line.flatMap(([at]) => at))),
          pressures: optional(fc.constant(lines.map((line) => line.map(([, pressure]) => pressure)))),
        }),
        appearance: fc.record({
          color,
          width: fc.double({ min: 0, max: 100, noNaN: true }),
          opacity: optional(unit),
          backgroundColor: optional(color),
          natural: optional(fc.constant(true)),
        }),
        signature: optional(fc.constant(true)),
      }),
    ),
  text: fc.record({
    geometry: fc.record({
      bbox: rect,
      rotation: optional(fc.integer({ min: 1, max: 359 })),
      callout: optional(
        fc.record({
          start: point,
          knee: optional(point),
          end: point,
          cap: optional(fc.constantFrom(...LineCap.options)),
          innerRectInset: four,
        }),
      ),
    }),
    appearance: fc.record({
      font: optional(fc.constantFrom("Helvetica", "Times New Roman", "Courier", "'Odd; font")),
      fontSize: fc.double({ min: 1, max: 300, noNaN: true }),
      fontStyle: optional(fc.constantFrom<("bold" | "italic")[]>(["bold"], ["italic"], ["bold", "italic"], ["italic", "bold"], [])),
      fontColor: optional(color),
      backgroundColor: optional(color),
      opacity: optional(unit),
      horizontalAlign: optional(fc.constantFrom("left", "center", "right")),
      verticalAlign: optional(fc.constantFrom("top", "center", "bottom")),
      isFitting: optional(fc.boolean()),
      ...border,
    }),
    text: richText,
  }),
  note,
  "comment-marker": note,
  rectangle: fc.record({ geometry: box, appearance: shape, measurement }),
  ellipse: fc.record({ geometry: box, appearance: shape, measurement }),
  line: fc.record({
    geometry: path(2),
    appearance: fc.tuple(shape, optional(caps)).map(([look, lineCaps]) => ({ ...look, lineCaps })),
    measurement,
  }),
  polyline: fc.record({
    geometry: path(3),
    appearance: fc.tuple(shape, optional(caps)).map(([look, lineCaps]) => ({ ...look, lineCaps })),
  }),
  polygon: fc.record({ geometry: path(3), appearance: shape }),
  image: fc.record({
    geometry: turned,
    appearance: fc.record({ opacity: optional(unit), description: optional(words) }),
    signature: optional(fc.constant(true)),
  }),
  stamp: fc.record({
    geometry: turned,
    appearance: fc.record({
      stampType: fc.constantFrom(...STAMPS),
      title: optional(words),
      subtitle: optional(words),
      color: optional(color),
      opacity: optional(unit),
    }),
  }),
  link: fc.record({
    geometry: box,
    appearance: fc.record({ ...border, opacity: optional(unit) }),
    action: optional(
      fc.constantFrom(
        { type: "uri", uri: "https://example.com/?a=1&b=<2>" },
        { type: "goTo", page: "1.1" },
        { type: "goTo", page: "1.1", left: 4, top: 7, zoom: 2 },
        { type: "named", action: "NextPage" },
        { type: "javascript", script: "app.alert(1)" },
        { type: "hide", hide: false, fields: ["a", "b"] },
        { type: "resetForm", include: true, fields: ["a"] },
        { type: "submitForm", uri: "https://example.com", flags: ["exportFormat"] },
      ),
    ),
  }),
};
const common = fc.record({
  creatorName: optional(words),
  flags: optional(fc.subarray(["noPrint", "noZoom", "hidden", "readOnly", "locked"], { minLength: 1 })),
  custom: optional(
    fc.dictionary(
      fc.string({ minLength: 1, maxLength: 8 }).filter((key) => key !== "__proto__"),
      fc.oneof(words, fc.integer(), fc.constant(null)),
      { maxKeys: 3 },
    ),
  ),
  note: optional(words),
});

const shown: fc.Arbitrary<{ readonly shown: PageShown; readonly origin: readonly [number, number] }> = fc.record({
  shown: fc.record({
    width: fc.double({ min: 10, max: 3000, noNaN: true }),
    height: fc.double({ min: 10, max: 3000, noNaN: true }),
    rotation: fc.constantFrom(0 as const, 90 as const, 180 as const, 270 as const),
    crop: fc.option(fc.constant([3.5, 7.25, 90, 40.125] as [number, number, number, number])),
  }),
  origin: fc.tuple(fc.double({ min: -500, max: 500, noNaN: true }), fc.double({ min: -500, max: 500, noNaN: true })),
});

function pagesOf({ shown: page, origin }: { readonly shown: PageShown; readonly origin: readonly [number, number] }): XfdfPages {
  const ids = ["1.0", "1.1"];
  return {
    idAt: (index) => ids[index] ?? null,
    indexOf: (id) => (ids.includes(id) ? ids.indexOf(id) : null),
    shown: () => page,
    origin: () => ({ left: origin[0], bottom: origin[1], height: page.height }),
  };
}

function recordOf(kind: AnnotationType, members: object, more: object): AnyRecord | null {
  const page = kind === "comment-marker" && "note" in more && typeof more.note === "string" ? null : "1.1";
  const { note: given, ...rest } = more as { readonly note?: string };
  const hasText = kind === "text" || kind === "note" || kind === "comment-marker";
  const checked = checkData("annotation", dropped({ type: kind, page, ...rest, ...(hasText ? {} : { note: given }), ...members }));
  if (!checked.ok) return null;
  const head = {
    id: "one",
    seq: 3,
    createdBy: null,
    createdAt: 1_700_000_000_000,
    updatedBy: null,
    updatedAt: 1_700_000_000_000,
    grp: null,
  };
  return { ...head, kind: "annotation", data: checked.value as Annotation };
}

function dropped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : [[key, dropped(inner)]])));
}

function expectClose(actual: unknown, expected: unknown, at = "$"): void {
  if (typeof expected === "number" && typeof actual === "number") {
    if (!(Math.abs(actual - expected) <= TOLERANCE)) expect(actual, at).toBe(expected);
    return;
  }
  if (typeof expected !== "object" || expected === null || typeof actual !== "object" || actual === null)
    return expect(actual, at).toEqual(expected);
  expect(Object.keys(actual).toSorted(), at).toEqual(Object.keys(expected).toSorted());
  for (const [key, value] of Object.entries(expected)) expectClose((actual as Record<string, unknown>)[key], value, `${at}.${key}`);
}

const CASES = Object.entries(KINDS) as [AnnotationType, fc.Arbitrary<object>][];

describe("XFDF", () => {
  it.each(CASES)("%s comes back as it was, on any page", async (kind, members) => {
    await fc.assert(
      fc.asyncProperty(members, common, shown, async (given, more, page) => {
        const record = recordOf(kind, given, more);
        fc.pre(record !== null);
        const pages = pagesOf(page);
        const read = await readXfdf(writeXfdf([record], pages, { attachments: new Map() }), pages);
        if (!read.ok) return expect(read.failingPaths).toEqual([]);
        expect(read.value.skipped).toEqual([]);
        expect(read.value.annotations.map(({ id }) => id)).toEqual(["one"]);
        expectClose(read.value.annotations[0]!.data, record.data);
      }),
      { numRuns: 20 },
    );
  });
});

/** The published form spells out what a record may leave to be understood. */
function spelledOut(data: Annotation): Annotation {
  const { appearance, ...rest } = data as Extract<Annotation, { type: "text" }>;
  const look = { opacity: 1, ...appearance };
  const more =
    data.type === "text"
      ? { horizontalAlign: "left", verticalAlign: "top" }
      : data.type === "note" || data.type === "comment-marker"
        ? { icon: "comment" }
        : data.type === "ink"
          ? { natural: false }
          : {};
  const turnedBy = data.type === "image" || data.type === "stamp" ? { geometry: { rotation: 0, ...data.geometry } } : {};
  return { ...rest, ...turnedBy, appearance: { ...more, ...look } } as unknown as Annotation;
}

describe.each([1, 2] as const)("Instant JSON, version %i", (version) => {
  it.each(CASES)("%s comes back as it was, on any page", (kind, members) => {
    fc.assert(
      fc.property(members, common, shown, (given, more, page) => {
        const record = recordOf(kind, given, more) as Extract<AnyRecord, { kind: "annotation" }> | null;
        fc.pre(record !== null);
        // Version 1 has bare texts.
        fc.pre(version === 2 || !("text" in record.data) || record.data.text?.format !== "xhtml");
        const pages = pagesOf(page);
        const written = writeInstantDocument([record], pages, { version, attachments: new Map(), deletedObjects: [], pdfId: null });
        const read = readInstantDocument(JSON.parse(JSON.stringify(written)) as unknown, pages);
        if (!read.ok) return expect(read.failingPaths).toEqual([]);
        const { annotations }: Exchange = read.value;
        expectClose(annotations[0]!.data, spelledOut(record.data));
      }),
      { numRuns: 20 },
    );
  });
});
