/** A sheet with every kind of annotation in several styles, one in a cell, and how far two pictures of it differ. */
import { pdfFile } from "@lectern/pdf/testing";
import type { Page } from "playwright-core";

export const SHEET = { width: 595, height: 842, columns: 6, rows: 9 } as const;
const CELL = [99, 93] as const;
const PER_PAGE = SHEET.columns * SHEET.rows;

type Point = readonly [x: number, y: number];
type Members = Readonly<Record<string, unknown>>;
/** What is drawn in a cell with this corner, as published JSON. */
type Look = (at: (x: number, y: number) => Point) => Members;

const rect = ([x, y]: Point, width: number, height: number): readonly number[] => [x, y, width, height];
const box =
  (type: string, more: Members, size: Point = [70, 50]): Look =>
  (at) => ({ type: `pspdfkit/${type}`, bbox: rect(at(14, 20), ...size), ...more });
const markup =
  (type: string, more: Members): Look =>
  (at) => {
    const rects = [rect(at(12, 20), 75, 16), rect(at(12, 44), 40, 16)];
    return { type: `pspdfkit/markup/${type}`, bbox: rect(at(12, 20), 75, 40), rects, ...more };
  };
const line =
  (more: Members): Look =>
  (at) => ({
    type: "pspdfkit/shape/line",
    bbox: rect(at(10, 15), 80, 60),
    startPoint: at(18, 24),
    endPoint: at(80, 66),
    strokeColor: "#c02020",
    strokeWidth: 3,
    ...more,
  });
const points =
  (type: "polyline" | "polygon", more: Members): Look =>
  (at) => ({
    type: `pspdfkit/shape/${type}`,
    bbox: rect(at(10, 15), 80, 60),
    points: [at(18, 24), at(80, 30), at(60, 70), at(24, 62)],
    strokeColor: "#2040c0",
    strokeWidth: 3,
    ...more,
  });
const text =
  (more: Members): Look =>
  (at) => ({
    type: "pspdfkit/text",
    bbox: rect(at(10, 16), 80, 60),
    text: { format: "plain", value: "Words that are long enough for three lines" },
    fontSize: 11,
    font: "Helvetica",
    fontColor: "#102040",
    ...more,
  });
const stroke = { strokeColor: "#208040", strokeWidth: 3 };

/** By kind. `picture`: the id of an uploaded one. */
export function looks(picture: string): Readonly<Record<string, readonly Look[]>> {
  const shape = (type: string): readonly Look[] => [
    box(`shape/${type}`, stroke),
    box(`shape/${type}`, { ...stroke, strokeWidth: 8, fillColor: "#ffd0a0" }),
    box(`shape/${type}`, { ...stroke, strokeDashArray: [6, 3] }),
    box(`shape/${type}`, { ...stroke, cloudyBorderIntensity: 1, fillColor: "#e0f0ff" }),
    box(`shape/${type}`, { ...stroke, fillColor: "#ff0000", opacity: 0.4, blendMode: "multiply" }),
  ];
  const marks = (type: string): readonly Look[] => [
    markup(type, { color: "#ffcc00" }),
    markup(type, { color: "#00aa55", opacity: 0.5 }),
    markup(type, { color: "#c02080", blendMode: "multiply" }),
  ];
  const noteIcons = ["comment", "rightArrow", "check", "cross", "insert", "paragraph", "help", "star", "key"];
  const ink = (more: Members, lines: (at: (x: number, y: number) => Point) => readonly (readonly Point[])[]): Look => {
    return (at) => ({
      type: "pspdfkit/ink",
      bbox: rect(at(10, 15), 80, 60),
      lines: { points: lines(at) },
      lineWidth: 3,
      strokeColor: "#d03030",
      ...more,
    });
  };
  const wave = (at: (x: number, y: number) => Point): readonly (readonly Point[])[] => [
    [at(15, 40), at(30, 20), at(45, 60), at(60, 20), at(85, 55)],
    [at(20, 70), at(80, 70)],
  ];
  return {
    highlight: marks("highlight"),
    underline: marks("underline"),
    strikeout: marks("strikeout"),
    squiggly: marks("squiggly"),
    redaction: [
      markup("redaction", { fillColor: "#000000", outlineColor: "#ff0000" }),
      markup("redaction", { fillColor: "#ffffff", outlineColor: "#ff0000", overlayText: "GONE", color: "#ff0000" }),
      markup("redaction", { fillColor: "#202020", overlayText: "X ", repeatOverlayText: true, color: "#ffffff" }),
    ],
    ink: [
      ink({}, wave),
      ink({ lineWidth: 12, opacity: 0.5 }, wave),
      ink({ strokeColor: "#ffe000", lineWidth: 14, blendMode: "multiply" }, wave),
      ink({ lineWidth: 9 }, (at) => [[at(30, 40)], [at(60, 40)]]),
    ],
    text: [
      text({}),
      text({ font: "Times-Roman", fontStyle: ["bold"], horizontalAlign: "center", verticalAlign: "center" }),
      text({ font: "Courier", horizontalAlign: "right", verticalAlign: "bottom", fontColor: "#a01010" }),
      text({ backgroundColor: "#fff0b0", borderColor: "#806000", borderWidth: 2, borderStyle: "solid", fontStyle: ["italic"] }),
      text({ borderColor: "#806000", borderWidth: 2, borderStyle: "dashed", opacity: 0.5 }),
      text({ rotation: 90, backgroundColor: "#e0ffe0" }),
      (at) => ({
        ...text({ borderColor: "#2060a0", borderWidth: 1.5, borderStyle: "solid" })(at),
        callout: { start: at(14, 74), knee: at(20, 60), end: at(34, 50), cap: "openArrow", innerRectInset: [24, 4, 4, 24] },
      }),
    ],
    note: noteIcons.map((icon, i): Look =>
      box("note", { text: { format: "plain", value: "" }, icon, color: i % 2 === 0 ? "#ffd83f" : "#60c0ff" }, [24, 24]),
    ),
    rectangle: shape("rectangle"),
    ellipse: shape("ellipse"),
    line: [
      line({}),
      line({ strokeDashArray: [2, 4], strokeWidth: 2 }),
      line({ lineCaps: { start: "openArrow", end: "closedArrow" }, fillColor: "#ffe080" }),
      line({ lineCaps: { start: "square", end: "circle" }, fillColor: "#80e0ff" }),
      line({ lineCaps: { start: "diamond", end: "butt" }, opacity: 0.5 }),
      line({ lineCaps: { start: "reverseOpenArrow", end: "reverseClosedArrow" } }),
      line({ lineCaps: { start: "slash" } }),
    ],
    polyline: [
      points("polyline", {}),
      points("polyline", { strokeDashArray: [6, 2], fillColor: "#ffe0e0" }),
      points("polyline", { lineCaps: { start: "circle", end: "openArrow" }, opacity: 0.6 }),
    ],
    polygon: [
      points("polygon", {}),
      points("polygon", { fillColor: "#c0e0ff", strokeWidth: 6 }),
      points("polygon", { cloudyBorderIntensity: 2, fillColor: "#fff0c0" }),
    ],
    image: [0, 90, 30].map((rotation): Look => box("image", { imageAttachmentId: picture, contentType: "image/png", rotation })),
    stamp: [
      box("stamp", { stampType: "Approved" }, [76, 30]),
      box("stamp", { stampType: "Draft", rotation: 20 }, [70, 40]),
      box("stamp", { stampType: "Custom", title: "Seen", subtitle: "by Ana", color: "#8000a0" }, [76, 40]),
      box("stamp", { stampType: "Void", opacity: 0.5 }, [76, 30]),
    ],
    link: [
      box("link", { action: { type: "uri", uri: "https://example.com" }, borderColor: "#2040c0", borderWidth: 2, borderStyle: "solid" }),
      box("link", { action: { type: "uri", uri: "https://example.com" }, borderColor: "#c04020", borderWidth: 2, borderStyle: "dashed" }),
      box("link", {
        action: { type: "uri", uri: "https://example.com" },
        borderColor: "#208040",
        borderWidth: 3,
        borderStyle: "underline",
      }),
    ],
  };
}

export interface Cell {
  /** Kind, and which of its styles. */
  readonly name: string;
  readonly page: number;
  /** Left and top of it. */
  readonly corner: Point;
  readonly annotation: Members;
}

export function sheet(picture: string): readonly Cell[] {
  const all = Object.entries(looks(picture)).flatMap(([kind, styles]) => styles.map((look, i) => ({ name: `${kind} ${i + 1}`, look })));
  return all.map(({ name, look }, index) => {
    const place = index % PER_PAGE;
    const corner: Point = [(place % SHEET.columns) * CELL[0], Math.floor(place / SHEET.columns) * CELL[1]];
    const page = Math.floor(index / PER_PAGE);
    const annotation = { v: 2, pageIndex: page, ...look((x, y) => [corner[0] + x, corner[1] + y]) };
    return { name, page, corner, annotation };
  });
}

/** Its paper: a band of colour through each cell, so that what is mixed with the ground can be told. */
export function paper(pages: number): Uint8Array {
  const bands = Array.from({ length: SHEET.columns }, (_, column) => `0.85 0.9 0.75 rg ${column * CELL[0] + 40} 0 22 ${SHEET.height} re f`);
  return pdfFile({ pages: Array.from({ length: pages }, () => ({ size: [SHEET.width, SHEET.height], content: bands.join("\n") })) });
}

/**
 * How far two pictures of a page differ in each cell: 0 is no difference, 1 as if nothing of what is drawn on the ground were the same. Edges are
 * softened first: two programs never agree on them. Runs in the browser, which can read pictures.
 */
export async function differences(
  page: Page,
  { pictures, ground }: { readonly pictures: readonly [Buffer, Buffer]; readonly ground: Buffer },
  corners: readonly Point[],
): Promise<number[]> {
  return page.evaluate(
    async ({ files, places, width, height, cell }) => {
      const read = async (base64: string): Promise<Float32Array> => {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes]));
        const context = new OffscreenCanvas(width, height).getContext("2d")!;
        context.drawImage(bitmap, 0, 0, width, height);
        const { data } = context.getImageData(0, 0, width, height);
        const soft = new Float32Array(width * height * 3);
        const reach = 2;
        for (let y = reach; y < height - reach; y++)
          for (let x = reach; x < width - reach; x++)
            for (let channel = 0; channel < 3; channel++) {
              let sum = 0;
              for (let dy = -reach; dy <= reach; dy++)
                for (let dx = -reach; dx <= reach; dx++) sum += data[((y + dy) * width + x + dx) * 4 + channel]!;
              soft[(y * width + x) * 3 + channel] = sum / (2 * reach + 1) ** 2;
            }
        return soft;
      };
      const [a, b, none] = (await Promise.all(files.map(read))) as [Float32Array, Float32Array, Float32Array];
      return places.map(([left, top]) => {
        let [different, drawn] = [0, 0];
        for (let y = top; y < top + cell[1]; y++)
          for (let x = left; x < left + cell[0]; x++)
            for (let channel = 0; channel < 3; channel++) {
              const at = (y * width + x) * 3 + channel;
              different += Math.abs(a[at]! - b[at]!);
              drawn += Math.max(Math.abs(a[at]! - none[at]!), Math.abs(b[at]! - none[at]!));
            }
        return drawn === 0 ? 0 : different / drawn;
      });
    },
    {
      files: [...pictures, ground].map((bytes) => bytes.toString("base64")),
      places: corners,
      width: SHEET.width,
      height: SHEET.height,
      cell: CELL,
    },
  );
}
