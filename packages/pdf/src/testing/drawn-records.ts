/**
 * Annotations of every kind with every member that a record may have, for tests that make them at random: two decimals, which is what a file keeps,
 * boxes that hold what is drawn. Each is on page `1.0`.
 */
import type { Annotation, AnnotationType, AnyRecord } from "@lectern/protocol";
import { COMMENT_STATES, STAMPS } from "@lectern/protocol/plain";
import fc from "fast-check";
import { annotationBounds, type DrawnAnnotation } from "../appearance/index.ts";

const coordinate = fc.integer({ min: 0, max: 50_000 }).map((value) => value / 100);
const extent = fc.integer({ min: 500, max: 9000 }).map((value) => value / 100);
const box = fc.tuple(coordinate, coordinate, extent, extent);
const point = fc.tuple(coordinate, coordinate);
const color = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, "0")}`);
const line = fc.string({ unit: "binary", maxLength: 60 }).map((value) => value.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "x"));
const lines = fc.oneof(
  line,
  fc.array(line, { maxLength: 3 }).map((all) => all.join("\n")),
  fc.constantFrom("(a) \\ b)", "\t two\n\nthree ", "þÿ", "ï»¿", "الف", "日本語", "😀"),
);
const words = lines.filter((text) => text !== "");
const width = fc.integer({ min: 0, max: 40 }).map((value) => value / 2);
const inset = fc.tuple(width, width, width, width);

const optional = <T>(key: string, value: fc.Arbitrary<T>): fc.Arbitrary<object> =>
  fc.option(value, { nil: undefined }).map((found) => (found === undefined ? {} : { [key]: found }));
const merged = (...parts: fc.Arbitrary<object>[]): fc.Arbitrary<object> =>
  fc.tuple(...parts).map((found) => Object.assign({}, ...found) as object);
const group =
  (name: "appearance" | "geometry") =>
  (...parts: fc.Arbitrary<object>[]): fc.Arbitrary<object> =>
    merged(...parts).map((members) => ({ [name]: members }));
const appearance = group("appearance");
const geometry = group("geometry");

const opacity = optional(
  "opacity",
  fc.integer({ min: 0, max: 100 }).map((value) => value / 100),
);
const blend = optional(
  "blendMode",
  fc.constantFrom("normal", "multiply", "screen", "darken", "colorDodge", "softLight", "hue").filter((mode) => mode !== "hue"),
);
const FLAGS = ["noPrint", "invisible", "hidden", "noZoom", "noRotate", "noView", "readOnly", "locked", "toggleNoView", "lockedContents"];
const note = optional("note", words);
const actions = fc.constantFrom(
  { type: "uri", uri: "https://example.com/?q=(1)" },
  { type: "goTo", page: "1.0", left: 12.5, top: 40, zoom: 1.5 },
  { type: "goTo", page: "1.0" },
  { type: "named", action: "NextPage" },
  { type: "javascript", script: "app.alert('(1)')\n" },
  { type: "hide", hide: false, fields: ["a", "b.c"] },
  { type: "hide", hide: true, fields: [] },
  { type: "resetForm", include: true, fields: ["a"] },
  { type: "submitForm", uri: "https://example.com", flags: ["exportFormat", "xfdf"], fields: ["a"] },
  { type: "goToRemote", relativePath: "other.pdf", namedDestination: "chapter" },
  { type: "goToEmbedded", relativePath: "inner.pdf", newWindow: true, targetType: "child" },
  { type: "launch", filePath: "a b.txt" },
);
const common = merged(
  fc.constant({ page: "1.0" }),
  optional(
    "creatorName",
    line.filter((name) => name !== ""),
  ),
  optional("flags", fc.subarray(FLAGS, { minLength: 1 })),
  optional("order", fc.constantFrom("00001", "0000zV")),
  optional("bundle", fc.constantFrom("bundle-1", "b")),
  optional("lock", fc.boolean()),
  optional("action", actions),
  optional(
    "custom",
    fc
      .dictionary(fc.constantFrom("a", "b c", "ü"), fc.jsonValue({ maxDepth: 2 }), { minKeys: 1, maxKeys: 3 })
      .map((found) => JSON.parse(JSON.stringify(found).replace(/-0/g, "0")) as object),
  ),
);
const richText = fc
  .oneof(
    lines.map((value) => ({ format: "plain", value })),
    fc.constantFrom("<p>one <b>two</b></p>", '<p>a</p><p style="color:#ff0000">b &amp; c</p>').map((value) => ({ format: "xhtml", value })),
  )
  .map((text) => ({ text }));

const rects = fc.array(box, { minLength: 1, maxLength: 4 }).map((found) => ({ geometry: { rects: found, bbox: found[0] } }));
const path = (least: number, most: number): fc.Arbitrary<object> =>
  geometry(fc.array(point, { minLength: least, maxLength: most }).map((points) => ({ bbox: [0, 0, 1, 1], points })));
const boxed = geometry(box.map((bbox) => ({ bbox })));
const turned = geometry(
  box.map((bbox) => ({ bbox })),
  optional("rotation", fc.integer({ min: 1, max: 359 })),
);
const shapeLook = merged(
  optional("strokeWidth", width),
  optional("strokeColor", color),
  optional("fillColor", color),
  opacity,
  blend,
  optional("strokeDash", fc.constantFrom([3], [6, 2], [1.5, 3, 4], [])),
);
const cloudy = fc.oneof(
  fc.constant({}),
  merged(optional("cloudIntensity", fc.constantFrom(0.5, 1, 2)), fc.constant({})),
  merged(
    fc.constantFrom(0.5, 1, 2).map((cloudIntensity) => ({ cloudIntensity })),
    inset.map((cloudInset) => ({ cloudInset })),
  ),
);
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
const caps = optional("lineCaps", merged(optional("start", cap), optional("end", cap)));
const measurement = optional(
  "measurement",
  fc.record({
    scale: fc.record({
      unitFrom: fc.constantFrom("in", "mm", "cm", "pt"),
      unitTo: fc.constantFrom("in", "mm", "cm", "pt", "ft", "m", "yd", "km", "mi"),
      from: fc.constantFrom(1, 2.5, 72),
      to: fc.constantFrom(1, 0.5, 100),
    }),
    precision: fc.constantFrom("whole", "oneDp", "twoDp", "threeDp", "fourDp"),
  }),
);
const borderLook = merged(
  optional("borderColor", color),
  optional("borderStyle", fc.constantFrom("solid", "dashed", "beveled", "inset", "underline")),
  optional("borderWidth", width),
);
const markup = merged(
  note,
  rects,
  appearance(
    color.map((value) => ({ color: value })),
    opacity,
    blend,
  ),
);
const noteMembers = merged(
  boxed,
  appearance(
    optional("icon", fc.constantFrom("comment", "key", "star", "rightPointer", "newParagraph")),
    optional("color", color),
    opacity,
  ),
);
const attachment = fc
  .tuple(fc.constantFrom("a", "b"), fc.constantFrom({}, { name: "photo (1).png" }))
  .map(([digit, name]) => ({ attachment: { blob: digit.repeat(64), mediaType: "image/png", ...name } }));

const MEMBERS: Readonly<Record<Exclude<AnnotationType, "raw">, fc.Arbitrary<object>>> = {
  highlight: markup,
  underline: markup,
  strikeout: markup,
  squiggly: markup,
  redaction: merged(
    note,
    rects.chain((found) =>
      fc.option(fc.constantFrom(0, 90, 180, 270), { nil: undefined }).map((rotation) => ({
        geometry: { ...(found as { geometry: object }).geometry, ...(rotation === undefined ? {} : { rotation }) },
      })),
    ),
    appearance(
      optional("color", color),
      optional("fillColor", color),
      optional("outlineColor", color),
      opacity,
      optional("overlayText", words),
      optional("repeatOverlayText", fc.boolean()),
    ),
  ),
  ink: merged(
    note,
    fc
      .array(fc.array(fc.tuple(coordinate, coordinate, fc.constantFrom(0, 0.25, 0.5, 1)), { minLength: 1, maxLength: 12 }), {
        minLength: 1,
        maxLength: 3,
      })
      .chain((strokes) =>
        geometry(
          fc.constant({ bbox: [0, 0, 1, 1], lines: strokes.map((stroke) => stroke.flatMap(([x, y]) => [x, y])) }),
          optional("pressures", fc.constant(strokes.map((stroke) => stroke.map(([, , pressure]) => pressure)))),
        ),
      ),
    appearance(fc.record({ color, width }), opacity, blend, optional("backgroundColor", color), optional("natural", fc.boolean())),
    optional("signature", fc.boolean()),
  ),
  text: merged(
    richText,
    note,
    geometry(
      box.map((bbox) => ({ bbox })),
      optional("rotation", fc.integer({ min: 1, max: 359 })),
      optional(
        "callout",
        merged(
          fc.tuple(point, point).map(([start, end]) => ({ start, end })),
          optional("knee", point),
          optional("cap", cap),
          inset.map((innerRectInset) => ({ innerRectInset })),
        ),
      ),
    ),
    appearance(
      optional("font", fc.constantFrom("Helvetica", "Times", "Courier", "Verdana", "Open Sans")),
      fc.integer({ min: 4, max: 60 }).map((fontSize) => ({ fontSize })),
      optional("fontStyle", fc.constantFrom(["bold"], ["italic"], ["bold", "italic"], ["italic", "bold"], [])),
      optional("fontColor", color),
      optional("backgroundColor", color),
      optional("horizontalAlign", fc.constantFrom("left", "center", "right")),
      optional("verticalAlign", fc.constantFrom("top", "center", "bottom")),
      optional("isFitting", fc.boolean()),
      borderLook,
      cloudy,
      opacity,
    ),
  ),
  note: merged(noteMembers, richText, note),
  "comment-marker": merged(noteMembers, fc.oneof(fc.constant({}), richText), note),
  rectangle: merged(note, boxed, measurement, appearance(shapeLook, cloudy)),
  ellipse: merged(note, boxed, measurement, appearance(shapeLook, cloudy)),
  line: merged(note, path(2, 2), measurement, appearance(shapeLook, caps)),
  polyline: merged(note, path(2, 8), measurement, appearance(shapeLook, caps)),
  polygon: merged(note, path(3, 8), measurement, appearance(shapeLook, cloudy)),
  image: merged(note, turned, attachment, appearance(opacity, optional("description", words)), optional("signature", fc.boolean())),
  stamp: merged(
    note,
    turned,
    appearance(
      fc.constantFrom(...STAMPS).map((stampType) => ({ stampType })),
      optional("title", line),
      optional("subtitle", line),
      optional("color", color),
      opacity,
    ),
  ),
  link: merged(note, boxed, appearance(borderLook, opacity)),
};

/** What it draws lies in its box. */
function bounded(found: object): DrawnAnnotation {
  const drawn = found as DrawnAnnotation;
  const bbox = annotationBounds(drawn).map((side) => Math.round(side * 100) / 100);
  return { ...drawn, geometry: { ...drawn.geometry, bbox } } as DrawnAnnotation;
}

/** By kind. */
export const DRAWN: Readonly<Record<Exclude<AnnotationType, "raw">, fc.Arbitrary<Annotation>>> = Object.fromEntries(
  Object.entries(MEMBERS).map(([type, members]) => [type, merged(fc.constant({ type }), common, members).map(bounded)]),
) as never;

const head = { seq: 1, createdBy: null, createdAt: 1_700_000_000_000, updatedBy: null, updatedAt: 1_700_000_360_000, grp: null };

/** Pages of `layerRecords`. */
export const LAYER_PAGES = ["1.0", "1.1", "1.2"] as const;

const commentData = merged(
  richText.filter(({ text }) => text.value.trim() !== ""),
  optional(
    "creatorName",
    line.filter((name) => name !== ""),
  ),
  optional("custom", fc.constantFrom({ a: 1 }, { "b c": [null, "x"] })),
  optional("mentions", fc.constantFrom(["ada"], ["ada", "bob"])),
  optional("state", fc.constantFrom(...COMMENT_STATES)),
);
const bookmarkData = merged(
  optional("name", words),
  actions.map((action) => ({ action })),
);
const options = [
  { label: "One", value: "1" },
  { label: "Zwei, (2)", value: "zwei" },
];
const fieldMembers = merged(
  optional("label", words),
  optional("flags", fc.subarray(["readOnly", "required", "noExport"], { minLength: 1 })),
);
const fieldData = fc.oneof(
  merged(
    fc.constant({ type: "text", multiLine: true }),
    fieldMembers,
    optional("password", fc.constant(true)),
    optional("maxLength", fc.constant(200)),
    optional(
      "defaults",
      words.map((text) => [text]),
    ),
    lines.map((value) => ({ value })),
  ),
  merged(
    fc.constantFrom(
      { type: "checkbox", options: options.slice(0, 1), value: [] },
      { type: "checkbox", options: options.slice(0, 1), value: ["1"] },
    ),
    fieldMembers,
  ),
  merged(fc.constantFrom({ type: "radio", options, value: null }, { type: "radio", options, value: "zwei" }), fieldMembers),
  merged(
    fc.constant({ type: "combobox", options, edit: true }),
    fieldMembers,
    words.map((text) => ({ value: [text] })),
  ),
  merged(
    fc.constant({ type: "listbox", options, multiSelect: true }),
    fieldMembers,
    fc.subarray(["1", "zwei"]).map((value) => ({ value })),
  ),
);
const widgetMembers = merged(
  geometry(
    box.map((bbox) => ({ bbox })),
    optional("rotation", fc.constantFrom(0, 90, 180, 270)),
  ),
  appearance(
    borderLook,
    optional("backgroundColor", color),
    optional("font", fc.constantFrom("Helvetica", "Courier")),
    optional("fontSize", fc.constantFrom(0, 9, 12.5)),
    optional("fontColor", color),
    optional("horizontalAlign", fc.constantFrom("left", "center", "right")),
  ),
  optional("flags", fc.constantFrom(["hidden"], ["noPrint", "locked"])),
  optional("action", actions),
);

/** What a layer may hold, but for pictures: annotations with their threads, bookmarks, and a form with its values. */
export const layerRecords: fc.Arbitrary<readonly AnyRecord[]> = fc
  .tuple(
    fc.array(
      fc.tuple(
        fc.oneof(...Object.entries(DRAWN).flatMap(([type, made]) => (type === "image" ? [] : [made]))),
        fc.constantFrom(...LAYER_PAGES),
        fc.array(commentData, { maxLength: 2 }),
      ),
      { maxLength: 5 },
    ),
    fc.array(bookmarkData, { maxLength: 3 }),
    fc.array(fc.tuple(fieldData, fc.array(fc.tuple(widgetMembers, fc.constantFrom(...LAYER_PAGES)), { minLength: 1, maxLength: 2 })), {
      maxLength: 3,
    }),
  )
  .map(([annotations, bookmarks, fields]) => {
    const records: object[] = [];
    const add = (id: string, kind: string, data: object, createdAt = head.createdAt): void =>
      void records.push({ ...head, id, kind, createdAt, data });
    for (const [n, [data, page, comments]] of annotations.entries()) {
      add(`record-${n}`, "annotation", { ...data, page }, head.createdAt + n * 1000);
      for (const [m, comment] of comments.entries())
        add(`comment-${n}-${m}`, "comment", { root: `record-${n}`, ...comment }, head.createdAt + m);
    }
    for (const [n, data] of bookmarks.entries()) add(`bookmark-${n}`, "bookmark", { ...data, order: `0000${n}` });
    for (const [n, [given, widgets]] of fields.entries()) {
      const { value, ...field } = given as {
        readonly type: string;
        readonly value: unknown;
        readonly options?: { readonly value: string }[];
      };
      const isToggle = field.type === "checkbox" || field.type === "radio";
      add(`the-field-${n}`, "field", { name: `form.field ${n}`, ...field });
      add(`the-field-${n}:v`, "value", { field: `the-field-${n}`, value });
      for (const [m, [widget, page]] of widgets.entries()) {
        const option = field.options?.[m];
        const toggle = !isToggle ? {} : option === undefined ? { export: `Yes${m + 1}` } : { export: option.value, optionIndex: m };
        add(`the-widget-${n}-${m}`, "widget", { field: `the-field-${n}`, page, order: `00000${m}`, ...toggle, ...widget });
      }
    }
    return records as AnyRecord[];
  });
