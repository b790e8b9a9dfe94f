import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkData, type RecordOf } from "@lectern/protocol";
import { sourceOrder } from "@lectern/protocol/plain";
import type { PdfEngine } from "./engine.ts";
import { openPdfiumNode } from "./host/node.ts";
import { importRecords, type Manifest } from "./import.ts";
import { type PdfDictionary, pdfName } from "./pdf-writer.ts";
import { ANNOTATED, annotatedPdf, pdfFile, rotatedPdf, sampleDocument, xfaPdf } from "./testing/index.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

describe("import", () => {
  let engine: PdfEngine;
  beforeAll(async () => {
    engine = await openPdfiumNode();
  });
  afterAll(() => engine.close());

  function read(
    file: Uint8Array,
    revision = 1,
  ): { manifest: Manifest; records: RecordOf<"annotation">[]; comments: RecordOf<"comment">[] } {
    const document = engine.open(file);
    const sourceSha256 = Buffer.from(sha256(file)).toString("hex");
    const { manifest, records } = importRecords(document, { revision, sourceSha256, sha256 });
    const all = [...records].flatMap((page) => page.records);
    document.close();
    for (const { kind, data } of all) expect(checkData(kind, data)).toEqual({ ok: true, value: data });
    return {
      manifest,
      records: all.filter((record) => record.kind === "annotation"),
      comments: all.filter((record) => record.kind === "comment"),
    };
  }
  const annotated = (...annotations: PdfDictionary[]): Uint8Array =>
    pdfFile({
      pages: [
        {
          content: "",
          annotations: Object.fromEntries(annotations.map((annotation, i) => [`a${i}`, { Rect: [10, 10, 110, 60], F: 4, ...annotation }])),
        },
      ],
    });
  const type = (name: string): PdfDictionary => ({ Subtype: pdfName(name) });

  it("turns marks, links and replies into records, and nothing else", () => {
    const { records, comments } = read(annotatedPdf());
    expect(records.map(({ data }) => data.type)).toEqual(["link", "highlight", "highlight", "ink", "note", "rectangle", "text"]);
    expect(records[1]).toEqual({
      id: "highlight-1",
      kind: "annotation",
      seq: 0,
      createdBy: null,
      createdAt: Date.UTC(2024, 0, 2, 3, 4, 5),
      updatedBy: null,
      updatedAt: Date.UTC(2024, 1, 3, 3, 5, 6),
      grp: null,
      data: {
        type: "highlight",
        page: "1.0",
        order: sourceOrder(1),
        creatorName: "Ada Lovelace",
        pdfObjectId: records[1]!.data.pdfObjectId,
        note: "Look here",
        geometry: { bbox: [72, 128, 108, 16], rects: [[72, 128, 108, 16]] },
        appearance: { color: "#ffe533", opacity: 0.8 },
      },
    });
    expect(records[1]!.data.pdfObjectId).toBeGreaterThan(0);
    expect(comments.map(({ data }) => data)).toEqual([
      {
        root: ANNOTATED.note,
        creatorName: "Ada Lovelace",
        text: { format: "plain", value: "A reply" },
        pdfObjectId: expect.any(Number) as number,
      },
    ]);
  });

  it("gives the same ids each time, from the name where that is possible", () => {
    const first = read(annotatedPdf()).records.map(({ id }) => id);
    expect(read(annotatedPdf(), 7).records.map(({ id }) => id)).toEqual(first);
    expect(first.filter((id) => id.includes("-"))).toEqual(["highlight-1", "ink-strokes-1", "text-note-1", "rectangle-1", "free-text-1"]);
    for (const id of first) expect(id).toMatch(/^[A-Za-z0-9_-]{8,64}$/);
  });

  it("gives every record an id of its own when names are short, odd or doubled", () => {
    const file = annotated(
      ...["short", "with space", "doubled-name", "doubled-name", "naïve-name", ""].map((NM) => ({ ...type("Square"), NM })),
    );
    const ids = read(file).records.map(({ id }) => id);
    expect(new Set(ids).size).toBe(6);
    expect(ids.filter((id) => id.length === 26)).toHaveLength(5);
    expect(ids[2]).toBe("doubled-name");
    expect(read(annotated({ ...type("Square"), NM: "doubled-name" }, type("Caret"))).records.map(({ id }) => id)).toEqual(["doubled-name"]);
  });

  it("measures from the top-left of the crop box, whatever the rotation", () => {
    const pages = [0, 90, 180, 270].map((rotate) => ({
      size: [600, 800] as const,
      origin: [-10, 20] as const,
      crop: [30, 45, 530, 745] as const,
      rotate: rotate as 0,
      content: "",
      annotations: { square: { ...type("Square"), Rect: [50, 700, 90, 725] } },
    }));
    const { manifest, records } = read(pdfFile({ pages }));
    expect(records.map(({ data }) => data.geometry.bbox)).toEqual(Array(4).fill([20, 20, 40, 25]));
    expect(records.map(({ data }) => data.page)).toEqual(["1.0", "1.1", "1.2", "1.3"]);
    expect(manifest.pages.map(({ width, height, rotation }) => [width, height, rotation])).toEqual(
      [0, 90, 180, 270].map((rotation) => [500, 700, rotation]),
    );
  });

  it("reads lines, colours and insides of shapes", () => {
    const [first, second, third] = read(
      annotated(
        { ...type("Square"), C: [0, 0, 1], IC: [0.5], Border: [0, 0, 4], BE: { S: pdfName("C"), I: 2 }, RD: [1, 2, 3, 4] },
        { ...type("Square"), C: [], F: 0 },
        { ...type("Square"), C: [0, 1, 1, 0], F: 4 | 64 | 128 | 2 },
      ),
    ).records.map(({ data }) => data);
    expect(first).toMatchObject({
      appearance: { strokeColor: "#0000ff", strokeWidth: 4, fillColor: "#7f7f7f", cloudIntensity: 2, cloudInset: [1, 4, 3, 2] },
    });
    expect(second).toMatchObject({ flags: ["noPrint"], appearance: { strokeWidth: 1 } });
    expect(second!.appearance).not.toHaveProperty("strokeColor");
    expect(third).toMatchObject({ flags: ["hidden", "readOnly", "locked"], appearance: { strokeColor: "#ff0000" } });
  });

  it("reads free text with its font, border, direction and callout", () => {
    const [plain, callout] = read(
      annotated(
        { ...type("FreeText"), DA: "0 0 1 rg 0 1 0 RG /HeBo 18 Tf", Contents: "a\rb\u0007", C: [1, 1, 0], BS: { W: 2 }, Q: 2, Rotate: 90 },
        { ...type("FreeText"), DA: "/Helv 0 Tf", Contents: "", CL: [20, 800, 30, 790, 40, 790], RD: [1, 2, 3, 4] },
      ),
    ).records.map(({ data }) => data);
    expect(plain).toMatchObject({
      text: { format: "plain", value: "a\nb" },
      geometry: { rotation: 270 },
      appearance: {
        font: "Helvetica",
        fontStyle: ["bold"],
        fontSize: 18,
        fontColor: "#0000ff",
        backgroundColor: "#ffff00",
        borderColor: "#00ff00",
        borderWidth: 2,
        borderStyle: "solid",
        horizontalAlign: "right",
      },
    });
    expect(callout).toMatchObject({
      appearance: { fontSize: 12 },
      geometry: { callout: { start: [20, 42], knee: [30, 52], end: [40, 52], innerRectInset: [1, 4, 3, 2] } },
    });
    expect(callout!.appearance).not.toHaveProperty("borderWidth");
  });

  it("leaves replies, popups and what makes no sense out, and reads on", () => {
    const { records } = read(
      annotated(
        { ...type("Text"), Contents: "note" },
        { ...type("Popup"), Contents: "popup" },
        { ...type("Ink") },
        { ...type("Ink"), InkList: [[], [1]] },
        { ...type("Highlight"), QuadPoints: [1, 2, 3] },
        { ...type("Square"), Rect: ["x", 1, 2] },
        { ...type("Link"), A: { S: pdfName("URI"), URI: "" } },
        { ...type("Link"), A: { S: pdfName("JavaScript"), JS: "app.alert(1)" }, Border: [0, 0, 2], C: [1, 0, 0] },
        { Contents: "of no type" },
      ),
    );
    expect(records.map(({ data }) => data.type)).toEqual(["note", "highlight", "rectangle", "link", "link"]);
    expect(records[4]!.data).toMatchObject({ appearance: { borderColor: "#ff0000", borderStyle: "solid", borderWidth: 2 } });
    expect(records[3]!.data).not.toHaveProperty("action");
    expect(records[4]!.data.action).toEqual({ type: "javascript", script: "app.alert(1)" });
  });

  it("keeps a record within its limit by thinning strokes with very many points", () => {
    const stroke = Array.from({ length: 60_000 }, (_, i) => (i * 7.77) % 500);
    const [ink] = read(annotated({ ...type("Ink"), InkList: [stroke], C: [0, 0, 0] })).records;
    expect(JSON.stringify(ink).length).toBeLessThan(256_000);
    const [line] = (ink!.data as Extract<typeof ink, object>["data"] & { geometry: { lines: number[][] } }).geometry.lines;
    expect(line!.length).toBeGreaterThan(1000);
    expect(line!.length % 2).toBe(0);
  });

  it("says what it leaves out: annotations beyond the limit, and XFA forms", () => {
    const warningsOf = (file: Uint8Array, maxRecords: number): { warnings: readonly string[]; count: number } => {
      const document = engine.open(file);
      const { records, warnings } = importRecords(document, { revision: 1, sourceSha256: "", sha256, maxRecords });
      const count = [...records].flatMap((page) => page.records).length;
      document.close();
      return { warnings, count };
    };
    const three = annotated(type("Square"), type("Text"), type("Caret"), type("Square"));
    expect(warningsOf(three, 3)).toEqual({ warnings: [], count: 3 });
    expect(warningsOf(three, 2)).toEqual({ count: 2, warnings: [expect.stringMatching(/more than 2 annotations.* from page 1 on/)] });

    expect(warningsOf(xfaPdf(), 9).warnings).toEqual([expect.stringMatching(/XFA/)]);
  });

  it("names pages by id in links and outline", () => {
    const { manifest, records } = read(sampleDocument(), 3);
    const targets = [...records.map(({ data }) => data.action), ...manifest.outline.map(({ action }) => action)].filter(
      (action) => action?.type === "goTo",
    );
    expect(targets.length).toBeGreaterThan(3);
    for (const action of targets) expect(action).toMatchObject({ page: expect.stringMatching(/^3\.\d+$/) as string });
    expect(manifest).toMatchObject({ encrypted: false, hasXfa: false, signatureCount: 0, metadata: { title: "Welcome to Lectern" } });
  });

  it("reads page by page, and only the pages that were asked for", () => {
    const document = engine.open(rotatedPdf());
    const asked: number[] = [];
    const watched = {
      ...document,
      pageCount: 5,
      permissions: document.permissions,
      metadata: document.metadata,
      hasXfa: false,
      signatureCount: 0,
      encrypted: false,
      page: () => document.page(0),
      outline: () => [],
      hasForm: false,
      form: () => document.form(),
      annotations: (index: number) => (asked.push(index), document.annotations(index)),
      render: () => document.render(0, { width: 1 }),
      text: () => document.text(0),
      save: () => document.save(),
      close: () => document.close(),
    };
    const { records } = importRecords(watched, { revision: 1, sourceSha256: "", sha256 });
    expect(asked).toEqual([]);
    expect([...records]).toEqual([]);
    expect(asked).toEqual([0, 1, 2, 3, 4]);
    document.close();
  });
});
