import fc from "fast-check";
import { expect, test } from "vitest";
import { fromInstantJson, type PageNames, toInstantJson } from "./instant-json.ts";
import { pageSpace } from "./page-space.ts";
import type { Annotation } from "./annotation/annotation.ts";
import type { Rotation } from "./annotation/common.ts";

function pages(rotation: Rotation): PageNames {
  return {
    idAt: (index) => (index < 3 ? `1.${index}` : null),
    indexOf: (id) => (/^1\.[0-2]$/.test(id) ? Number(id.slice(2)) : null),
    shown: () => ({ width: 600, height: 800, rotation, crop: null }),
  };
}
const envelope = { id: "annotation-1", createdAt: 1_700_000_000_000, updatedAt: 1_700_000_001_000 };
const coordinate = fc.integer({ min: 0, max: 600 });
const rect = fc.tuple(coordinate, coordinate, coordinate, coordinate);
const color = fc.constantFrom("#ff0000", "#00aa11", "#fcd34d");
const optional = <T>(key: string, value: fc.Arbitrary<T>) =>
  fc.option(
    value.map((v) => ({ [key]: v })),
    { nil: {} },
  );
const look = fc
  .tuple(optional("opacity", fc.constantFrom(0.3, 1)), optional("blendMode", fc.constant("multiply")))
  .map((parts) => Object.assign({}, ...parts) as object);
const text = fc.string({ maxLength: 20 }).map((value) => ({ format: "plain" as const, value }));

const annotation = fc.oneof(
  fc.record({
    type: fc.constantFrom("highlight", "underline"),
    page: fc.constant("1.1"),
    geometry: fc.record({ bbox: rect, rects: fc.array(rect, { minLength: 1, maxLength: 3 }) }),
    appearance: fc.tuple(color, look).map(([c, rest]) => ({ color: c, ...rest })),
  }),
  fc.record({
    type: fc.constant("ink"),
    page: fc.constant("1.0"),
    geometry: fc.record({
      bbox: rect,
      lines: fc.array(
        fc.array(fc.tuple(coordinate, coordinate), { minLength: 1, maxLength: 5 }).map((points) => points.flat()),
        { minLength: 1, maxLength: 3 },
      ),
    }),
    appearance: fc.tuple(color, look).map(([c, rest]) => ({ color: c, width: 2, natural: false, ...rest })),
  }),
  fc.record({
    type: fc.constant("note"),
    page: fc.constant("1.2"),
    geometry: fc.record({ bbox: rect }),
    appearance: fc.record({ icon: fc.constantFrom("comment", "star"), color }),
    text,
    note: fc.constant("n"),
  }),
  fc.record({
    type: fc.constant("rectangle"),
    page: fc.constant("1.0"),
    geometry: fc.record({ bbox: rect }),
    appearance: fc.record({ strokeColor: color, strokeWidth: fc.constant(2), fillColor: color }),
  }),
  fc.record({
    type: fc.constant("text"),
    page: fc.constant("1.0"),
    geometry: fc.record({ bbox: rect }),
    appearance: fc.record({
      fontSize: fc.constant(12),
      fontColor: color,
      horizontalAlign: fc.constant("left"),
      verticalAlign: fc.constant("top"),
    }),
    text,
  }),
) as fc.Arbitrary<Annotation>;

/** A full opacity is written out and may be left out: both mean the same. */
function plain(data: Annotation): unknown {
  const copy = structuredClone(data) as unknown as { appearance: { opacity?: number } };
  copy.appearance.opacity ??= 1;
  return JSON.parse(JSON.stringify(copy));
}

test("a record goes to Instant JSON and back unchanged, at every rotation of its page", () => {
  fc.assert(
    fc.property(annotation, fc.constantFrom<Rotation>(0, 90, 180, 270), (data, rotation) => {
      const content = toInstantJson(envelope, data, pages(rotation));
      const back = fromInstantJson(JSON.parse(JSON.stringify(content)), pages(rotation));
      expect(back.ok && plain(back.value)).toEqual(plain(data));
    }),
  );
});

test("rotated and cropped pages map points there and back, and the top-left corner to where it is seen", () => {
  for (const rotation of [0, 90, 180, 270] as const) {
    const space = pageSpace({ width: 600, height: 800, rotation, crop: [50, 20, 400, 700] });
    expect(space.toSource(space.toShown([123, 456]))).toEqual([123, 456]);
    expect(space.width).toBe(rotation % 180 === 0 ? 400 : 700);
  }
  expect(pageSpace({ width: 600, height: 800, rotation: 90, crop: null }).rectToShown([0, 0, 10, 20])).toEqual([780, 0, 20, 10]);
});

test.each([
  [{ type: "pspdfkit/hologram" }, "$.content.type"],
  [{}, "$.content.type"],
  [null, "$.content.type"],
  [{ type: "pspdfkit/note", bbox: [1, 2, 3, 4], text: "x" }, "$.content.pageIndex"],
  [{ type: "pspdfkit/note", bbox: [1, 2, 3, 4], pageIndex: 9, text: "x" }, "$.content.pageIndex"],
  [{ type: "pspdfkit/note", bbox: [1, 2, 3], pageIndex: 0, text: "x" }, "$.content.bbox"],
  [{ type: "pspdfkit/note", pageIndex: 0, text: "x" }, "$.content.bbox"],
  [{ type: "pspdfkit/markup/highlight", bbox: [1, 2, 3, 4], pageIndex: 0, color: "red", rects: [[1, 2, 3, 4]] }, "$.content.color"],
  [{ type: "pspdfkit/markup/highlight", bbox: [1, 2, 3, 4], pageIndex: 0, color: "#ff0000" }, "$.content.rects"],
  [{ type: "pspdfkit/text", bbox: [1, 2, 3, 4], pageIndex: 0, fontSize: -1, text: "x" }, "$.content.fontSize"],
])("content that is wrong is refused with the path that fails: %j", (content, path) => {
  const result = fromInstantJson(content, pages(0));
  expect(result.ok ? [] : result.failingPaths.map((failure) => failure.path)).toContain(path);
});

test("loose input of older clients is taken: a bare text, ink without intensities, a box left out where points give it", () => {
  const note = fromInstantJson({ v: 1, type: "pspdfkit/note", pageIndex: 0, bbox: [1, 2, 3, 4], text: "hello" }, pages(0));
  expect(note).toMatchObject({ ok: true, value: { text: { format: "plain", value: "hello" } } });
  const ink = fromInstantJson(
    {
      v: 2,
      type: "pspdfkit/ink",
      pageIndex: 0,
      lines: {
        points: [
          [
            [10, 20],
            [30, 60],
          ],
        ],
      },
      lineWidth: 3,
    },
    pages(0),
  );
  expect(ink).toMatchObject({ ok: true, value: { geometry: { bbox: [10, 20, 20, 40], lines: [[10, 20, 30, 60]] } } });
});
