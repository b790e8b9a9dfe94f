/** Records of every kind that export writes, for tests that make them at random: two decimals, boxes that hold what is drawn. */
import type { Annotation } from "@lectern/protocol";
import { STAMPS } from "@lectern/protocol/plain";
import fc from "fast-check";
import { annotationBounds, type DrawnAnnotation } from "../appearance/index.ts";

const coordinate = fc.integer({ min: 0, max: 50_000 }).map((value) => value / 100);
const extent = fc.integer({ min: 500, max: 9000 }).map((value) => value / 100);
const box = fc.tuple(coordinate, coordinate, extent, extent);
const color = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, "0")}`);
const words = fc.string({ unit: "binary", maxLength: 60 }).map((value) => value.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "x").trim());
const width = fc.integer({ min: 1, max: 40 }).map((value) => value / 2);
const optional = <T>(key: string, value: fc.Arbitrary<T>): fc.Arbitrary<object> =>
  fc.option(value, { nil: undefined }).map((found) => (found === undefined ? {} : { [key]: found }));
const merged = (...parts: fc.Arbitrary<object>[]): fc.Arbitrary<object> =>
  fc.tuple(...parts).map((found) => Object.assign({}, ...found) as object);
const opacity = optional(
  "opacity",
  fc.integer({ min: 0, max: 99 }).map((value) => value / 100),
);
const blend = optional("blendMode", fc.constantFrom("screen", "darken", "colorDodge", "softLight", "exclusion"));
const common = merged(
  fc.constant({ page: "1.0" }),
  optional(
    "creatorName",
    words.filter((name) => name !== ""),
  ),
  optional("flags", fc.constantFrom(["noPrint"], ["locked"], ["noZoom", "noRotate"], ["hidden", "readOnly"])),
);
const note = optional(
  "note",
  words.filter((text) => text !== ""),
);
const text = words.map((value) => ({ text: { format: "plain", value } }));
const appearance = (...parts: fc.Arbitrary<object>[]): fc.Arbitrary<object> => merged(...parts).map((look) => ({ appearance: look }));
const bounded = (data: fc.Arbitrary<object>): fc.Arbitrary<DrawnAnnotation> =>
  data.map((found) => {
    const drawn = found as DrawnAnnotation;
    const bbox = annotationBounds(drawn).map((side) => Math.round(side * 100) / 100);
    return { ...drawn, geometry: { ...drawn.geometry, bbox } } as DrawnAnnotation;
  });

const point = fc.tuple(coordinate, coordinate);
const rects = fc.array(box, { minLength: 1, maxLength: 4 }).map((found) => ({ geometry: { rects: found, bbox: found[0] } }));
const points = (least: number, most: number): fc.Arbitrary<object> =>
  fc.array(point, { minLength: least, maxLength: most }).map((found) => ({ geometry: { bbox: [0, 0, 1, 1], points: found } }));
const shapeLook = merged(
  width.map((strokeWidth) => ({ strokeWidth })),
  color.map((strokeColor) => ({ strokeColor })),
  optional("fillColor", color),
  opacity,
  blend,
  optional("strokeDash", fc.constantFrom([3], [6, 2], [1.5, 3, 4])),
);
const cloudy = optional("cloudIntensity", fc.constantFrom(0.5, 1, 2));
const cap = fc.constantFrom(
  "square",
  "circle",
  "diamond",
  "openArrow",
  "closedArrow",
  "butt",
  "reverseOpenArrow",
  "reverseClosedArrow",
  "slash",
);
const caps = optional(
  "lineCaps",
  fc.oneof(
    cap.map((start) => ({ start })),
    cap.map((end) => ({ end })),
    fc.record({ start: cap, end: cap }),
  ),
);
const kind = (type: Annotation["type"]): fc.Arbitrary<object> => fc.constant({ type });
/** What PDF has no place for. */
const ours = merged(
  optional("order", fc.constantFrom("00001", "0000zV")),
  optional("bundle", fc.constantFrom("bundle-1", "b")),
  optional("lock", fc.boolean()),
  optional(
    "custom",
    fc
      .dictionary(fc.constantFrom("a", "b c", "ü"), fc.jsonValue({ maxDepth: 2 }), { minKeys: 1, maxKeys: 3 })
      .map((found) => JSON.parse(JSON.stringify(found).replace(/-0/g, "0")) as object),
  ),
);

const markup = (type: "underline" | "strikeout" | "squiggly", blending: fc.Arbitrary<object>): fc.Arbitrary<DrawnAnnotation> =>
  bounded(
    merged(
      kind(type),
      common,
      note,
      ours,
      rects,
      appearance(
        color.map((value) => ({ color: value })),
        opacity,
        blending,
      ),
    ),
  );

export const drawn: fc.Arbitrary<DrawnAnnotation> = fc.oneof(
  markup("underline", blend),
  markup("strikeout", blend),
  markup("squiggly", fc.constant({})),
  bounded(
    merged(
      kind("redaction"),
      common,
      note,
      ours,
      rects,
      appearance(
        optional("fillColor", color),
        optional("outlineColor", color),
        opacity,
        fc.oneof(
          fc.constant({}),
          merged(
            words.filter((value) => value !== "").map((overlayText) => ({ overlayText })),
            color.map((value) => ({ color: value })),
            fc.constantFrom({}, { repeatOverlayText: true }),
          ),
        ),
      ),
    ),
  ),
  bounded(
    merged(
      kind("ellipse"),
      common,
      note,
      ours,
      box.map((bbox) => ({ geometry: { bbox } })),
      appearance(shapeLook, cloudy),
    ),
  ),
  bounded(merged(kind("line"), common, note, ours, points(2, 2), appearance(shapeLook, caps))),
  bounded(merged(kind("polyline"), common, note, ours, points(2, 8), appearance(shapeLook, caps))),
  bounded(merged(kind("polygon"), common, note, ours, points(3, 8), appearance(shapeLook, cloudy))),
  bounded(
    merged(
      kind("stamp"),
      common,
      note,
      ours,
      merged(
        box.map((bbox) => ({ bbox })),
        optional("rotation", fc.integer({ min: 1, max: 359 })),
      ).map((geometry) => ({ geometry })),
      appearance(
        fc.constantFrom(...STAMPS).map((stampType) => ({ stampType })),
        optional("title", words),
        optional("subtitle", words),
        optional("color", color),
        opacity,
      ),
    ),
  ),
  bounded(
    merged(
      kind("link"),
      common,
      note,
      ours,
      box.map((bbox) => ({ geometry: { bbox } })),
      fc.constantFrom(
        {},
        { action: { type: "uri", uri: "https://example.com/?q=(1)" } },
        { action: { type: "goTo", page: "1.0", left: 12.5, top: 40, zoom: 1.5 } },
        { action: { type: "goTo", page: "1.0" } },
      ),
      appearance(fc.constantFrom({}, { borderColor: "#112233", borderStyle: "underline", borderWidth: 2 })),
    ),
  ),

  bounded(
    merged(
      fc.constant({ type: "highlight" }),
      common,
      note,
      fc.array(box, { minLength: 1, maxLength: 4 }).map((rects) => ({ geometry: { rects, bbox: rects[0] } })),
      appearance(
        color.map((value) => ({ color: value })),
        opacity,
        blend,
      ),
    ),
  ),
  bounded(
    merged(
      fc.constant({ type: "ink" }),
      common,
      note,
      fc
        .array(fc.array(fc.tuple(coordinate, coordinate), { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 3 })
        .map((lines) => ({ geometry: { bbox: [0, 0, 1, 1], lines: lines.map((line) => line.flat()) } })),
      appearance(fc.record({ color, width }), opacity, blend),
    ),
  ),
  bounded(
    merged(
      fc.constant({ type: "note" }),
      common,
      text,
      box.map((bbox) => ({ geometry: { bbox } })),
      appearance(
        fc.constantFrom("comment", "key", "star", "rightPointer", "newParagraph").map((icon) => ({ icon })),
        optional("color", color),
        opacity,
      ),
    ),
  ),
  bounded(
    merged(
      fc.constant({ type: "rectangle" }),
      common,
      note,
      box.map((bbox) => ({ geometry: { bbox } })),
      appearance(
        width.map((strokeWidth) => ({ strokeWidth })),
        // One without any colour is invisible, and a blend mode is kept in what is drawn.
        fc.oneof(
          merged(optional("strokeColor", color), opacity),
          merged(
            color.map((fillColor) => ({ fillColor })),
            optional("strokeColor", color),
            opacity,
            blend,
          ),
        ),
        optional("strokeDash", fc.constantFrom([3], [6, 2], [1.5, 3, 4])),
      ),
    ),
  ),
  bounded(
    merged(
      fc.constant({ type: "text" }),
      common,
      text,
      merged(
        box.map((bbox) => ({ bbox })),
        optional("rotation", fc.integer({ min: 1, max: 359 })),
      ).map((geometry) => ({ geometry })),
      appearance(
        fc.record({
          font: fc.constantFrom("Helvetica", "Times", "Courier"),
          fontSize: fc.integer({ min: 4, max: 60 }),
          fontColor: color,
          horizontalAlign: fc.constantFrom("left", "center", "right"),
        }),
        optional("fontStyle", fc.constantFrom(["bold"], ["italic"], ["bold", "italic"])),
        optional("backgroundColor", color),
        fc
          .option(fc.record({ borderColor: color, borderWidth: width, borderStyle: fc.constantFrom("solid", "dashed") }), {
            nil: undefined,
          })
          .map((border) => border ?? {}),
        opacity,
      ),
    ),
  ),
);
