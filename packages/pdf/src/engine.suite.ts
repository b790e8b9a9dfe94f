/** What every PdfEngine must do. `open` is called once; the engine must survive all of it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bitmap, PdfDocument, PdfEngine, RangeReader, StructureElement } from "./engine.ts";
import { pdfName, type PdfValue, pdfWriter } from "./pdf-writer.ts";
import {
  annotatedPdf,
  brokenPdf,
  emptyFile,
  ENCRYPTED_PASSWORD,
  encryptedPdf,
  formPdf,
  notAPdf,
  pagesPdf,
  pdfFile,
  restrictedPdf,
  rotatedPdf,
  taggedPdf,
} from "./testing/index.ts";
import { plainText } from "./text.ts";

type Rgb = readonly [number, number, number];

function pixel({ data, width }: Bitmap, x: number, y: number): Rgb {
  const at = (y * width + x) * 4;
  return [data[at]!, data[at + 1]!, data[at + 2]!];
}

function countPixels({ data }: Bitmap, isWanted: (rgb: Rgb) => boolean): number {
  let count = 0;
  for (let at = 0; at < data.length; at += 4) if (isWanted([data[at]!, data[at + 1]!, data[at + 2]!])) count++;
  return count;
}

const isRed = ([r, g, b]: Rgb): boolean => r > 240 && g < 40 && b < 40;
const isWhite = ([r, g, b]: Rgb): boolean => r === 255 && g === 255 && b === 255;

/** A file of one page with exactly these entries in its dictionary. */
function onePage(entries: Readonly<Record<string, PdfValue>>, content = ""): Uint8Array {
  const writer = pdfWriter();
  const [root, tree, page] = [writer.reserve(), writer.reserve(), writer.reserve()];
  writer.set(root, { Type: pdfName("Catalog"), Pages: tree });
  writer.set(tree, { Type: pdfName("Pages"), Kids: [page], Count: 1 });
  writer.set(page, { Type: pdfName("Page"), Parent: tree, Contents: writer.stream({}, content), ...entries });
  return writer.finish({ Root: root });
}

export function engineSuite(openEngine: () => Promise<PdfEngine>): void {
  describe("PDF engine", () => {
    let engine: PdfEngine;
    const opened: PdfDocument[] = [];
    const open = (source: Uint8Array | RangeReader, password?: string): PdfDocument => {
      const document = engine.open(source, password === undefined ? {} : { password });
      opened.push(document);
      return document;
    };
    beforeAll(async () => {
      engine = await openEngine();
    });
    afterAll(() => {
      for (const document of opened) document.close();
      engine.close();
    });

    it("says why a file cannot be opened, and opens the next one", () => {
      expect(() => open(emptyFile())).toThrow(expect.objectContaining({ code: "not_a_pdf" }));
      expect(() => open(notAPdf())).toThrow(expect.objectContaining({ code: "not_a_pdf" }));
      expect(() => open(brokenPdf())).toThrow(expect.objectContaining({ code: "damaged" }));
      expect(() => open({ size: 3_000_000_000, read: () => false })).toThrow(expect.objectContaining({ code: "too_large" }));
      expect(() =>
        open({
          size: 1000,
          read: () => {
            throw new Error("disk");
          },
        }),
      ).toThrow(expect.objectContaining({ code: "damaged" }));
      expect(open(pagesPdf(2)).pageCount).toBe(2);
      expect(engine.broken).toBe(false);
    });

    it("refuses a file that claims more pages than there can be", () => {
      const writer = pdfWriter();
      const [root, tree] = [writer.reserve(), writer.reserve()];
      writer.set(root, { Type: pdfName("Catalog"), Pages: tree });
      writer.set(tree, { Type: pdfName("Pages"), Kids: [], Count: 1_000_000 });
      expect(() => open(writer.finish({ Root: root }))).toThrow(expect.objectContaining({ code: "too_large" }));
    });

    it("asks for a password, refuses a wrong one, and takes the user's and the owner's", () => {
      expect(() => open(encryptedPdf())).toThrow(expect.objectContaining({ code: "password_required" }));
      expect(() => open(encryptedPdf(), "")).toThrow(expect.objectContaining({ code: "password_required" }));
      expect(() => open(encryptedPdf(), "wrong")).toThrow(expect.objectContaining({ code: "wrong_password" }));
      for (const password of [ENCRYPTED_PASSWORD, "owner"]) {
        const document = open(encryptedPdf(), password);
        expect(document.encrypted).toBe(true);
        expect(plainText(document.text(0))).toBe("A secret page");
      }
    });

    it("opens a file that needs no password with whatever password", () => {
      expect(open(pagesPdf(1), "anything").encrypted).toBe(false);
      expect(open(restrictedPdf(), "anything").encrypted).toBe(false);
    });

    it("tells what the owner allows; the owner may do all", () => {
      expect(open(restrictedPdf()).permissions).toMatchObject({
        extract: false,
        modification: false,
        annotationAndForms: false,
        assemble: false,
        print: true,
        printHighQuality: false,
      });
      const owner = open(restrictedPdf(), "owner").permissions;
      expect(Object.values(owner)).not.toContain(false);
      expect(Object.values(open(pagesPdf(1)).permissions)).not.toContain(false);
    });

    it("reads a file piece by piece, and of a large one only what it needs", () => {
      const bytes = pagesPdf(400);
      let read = 0;
      const reader: RangeReader = {
        size: bytes.length,
        read(offset, target) {
          read += target.length;
          target.set(bytes.subarray(offset, offset + target.length));
          return true;
        },
      };
      const document = open(reader);
      expect(plainText(document.text(300))).toContain("Page 301 of 400");
      expect(read).toBeLessThan(bytes.length / 2);
      expect(document.render(300, { width: 100 }).data).toEqual(open(bytes).render(300, { width: 100 }).data);
    });

    it("gives title, author and dates, and nothing for what is missing", () => {
      const info = { Title: "Über 日本", Author: "A", CreationDate: "D:20240203040506+01'00'", ModDate: "yesterday" };
      expect(open(pdfFile({ pages: [{ content: "" }], info })).metadata).toEqual({
        title: "Über 日本",
        author: "A",
        dateCreated: "2024-02-03T03:05:06.000Z",
      });
    });

    it("gives size, crop box, rotation and label of every page", () => {
      const document = open(rotatedPdf());
      const pages = Array.from({ length: document.pageCount }, (_, index) => document.page(index));
      expect(pages.map(({ rotation }) => rotation)).toEqual([0, 90, 180, 270, 0]);
      expect(pages.map(({ width, height }) => [width, height])).toEqual([...Array<number[]>(4).fill([500, 700]), [600, 800]]);
      expect(pages.map(({ label }) => label)).toEqual(["i", "ii", "iii", "iv", "A-1"]);
      expect(pages[1]!.boxes).toMatchObject({ media: [-10, 20, 590, 820], crop: [30, 45, 530, 745], trim: null });
      expect(pages[4]!.boxes.crop).toBeNull();
    });

    it.each([
      ["no media box", {}, [612, 792]],
      ["an empty one", { MediaBox: [0, 0, 0, 0] }, [612, 792]],
      ["corners the wrong way round", { MediaBox: [300, 400, 0, 0] }, [300, 400]],
      ["a crop box outside of it", { MediaBox: [0, 0, 300, 400], CropBox: [500, 500, 600, 600] }, [300, 400]],
      ["a crop box that reaches beyond it", { MediaBox: [0, 0, 300, 400], CropBox: [-50, 100, 9000, 300] }, [300, 200]],
      ["a side of a billion points", { MediaBox: [0, 0, 1_000_000_000, 400] }, [612, 792]],
    ])("makes a page of a sensible size from %s, and draws it", (_title, boxes, [width, height]) => {
      const document = open(onePage(boxes as Record<string, PdfValue>, "1 0 0 rg -9999 -9999 99999 99999 re f"));
      expect(document.page(0)).toMatchObject({ width, height });
      const image = document.render(0, { width: 60 });
      expect([image.width, image.height]).toEqual([60, Math.round((60 * height!) / width!)]);
      expect(countPixels(image, isRed)).toBe(image.width * image.height);
      expect(document.text(0).runs).toEqual([]);
    });

    it("draws a page as it is shown: turned, and cut to its crop box", () => {
      const document = open(rotatedPdf());
      // The red square stands in the top-left corner before rotation.
      const corners = [
        ["left", "top"],
        ["right", "top"],
        ["right", "bottom"],
        ["left", "bottom"],
      ] as const;
      for (const [index, [x, y]] of corners.entries()) {
        const image = document.render(index, { width: 350 });
        expect(image.height).toBe(index % 2 === 0 ? 490 : 250);
        const at = pixel(image, x === "left" ? 3 : 346, y === "top" ? 3 : image.height - 4);
        expect(isRed(at), `rotated by ${index * 90}: ${at.join()}`).toBe(true);
      }
      const turned = document.render(0, { width: 350, rotation: 180 });
      expect(isRed(pixel(turned, 346, turned.height - 4))).toBe(true);
    });

    it("draws into memory that it is given, when that is long enough", () => {
      const document = open(pagesPdf(1));
      const { width, height, data } = document.render(0, { width: 60 });
      const memory = new Uint8Array(data.length + 100).fill(7);
      const drawn = document.render(0, { width: 60 }, memory);
      expect(drawn).toEqual({ width, height, data });
      expect(drawn.data.buffer).toBe(memory.buffer);
      expect(memory.subarray(data.length)).toEqual(new Uint8Array(100).fill(7));
      expect(document.render(0, { width: 60 }, new Uint8Array(data.length - 1))).toEqual({ width, height, data });
    });

    it("draws a part exactly as it is in the whole", () => {
      const document = open(pagesPdf(1));
      const whole = document.render(0, { width: 600 });
      const part = document.render(0, { width: 600, rect: [64, 80, 200, 100] });
      expect([part.width, part.height, part.data.length]).toEqual([200, 100, 80_000]);
      for (let y = 0; y < 100; y++) {
        const from = ((y + 80) * 600 + 64) * 4;
        expect(Buffer.compare(part.data.subarray(y * 800, (y + 1) * 800), whole.data.subarray(from, from + 800))).toBe(0);
      }
    });

    it("draws the same pixels every time, opaque everywhere", () => {
      const first = open(formPdf()).render(0, { width: 300, annotations: "all" });
      const again = open(formPdf()).render(0, { width: 300, annotations: "all" });
      expect(Buffer.compare(first.data, again.data)).toBe(0);
      expect(first.data.filter((_, at) => at % 4 === 3).every((alpha) => alpha === 255)).toBe(true);
    });

    it("refuses an image with too many pixels, but draws a part of it", () => {
      const document = open(pagesPdf(1));
      expect(() => document.render(0, { width: 30_000 })).toThrow(expect.objectContaining({ code: "too_large" }));
      expect(document.render(0, { width: 30_000, rect: [10_000, 10_000, 50, 50] }).data.length).toBe(10_000);
      expect(engine.broken).toBe(false);
    });

    it("shows annotations as asked: none of them, those that are no records, or all", () => {
      const document = open(annotatedPdf());
      const [none, others, all] = (["none", "others", "all"] as const).map((annotations) =>
        document.render(0, { width: 595, annotations }),
      );
      expect(isWhite(pixel(all!, 360, 262))).toBe(false);
      // The words of free text without an appearance.
      const words = document.render(0, { width: 595, rect: [110, 345, 180, 20], annotations: "all" });
      expect(countPixels(words, (rgb) => !isWhite(rgb))).toBeGreaterThan(200);
      expect(isWhite(pixel(others!, 360, 262))).toBe(true);
      expect(Buffer.compare(none!.data, others!.data)).toBe(0);
      expect(Buffer.compare(document.render(0, { width: 595, annotations: "others" }).data, others!.data)).toBe(0);
    });

    it("shows with the others what is no record but part of the page", () => {
      const record = { Subtype: pdfName("Square") };
      const furniture = { Subtype: pdfName("Watermark") };
      const caret = { Subtype: pdfName("Caret") };
      const ink = { Subtype: pdfName("Ink"), InkList: [] };
      for (const annotation of [furniture, caret, ink, record]) {
        const file = pdfWriter();
        const form = file.stream({ Type: pdfName("XObject"), Subtype: pdfName("Form"), BBox: [0, 0, 50, 50] }, "1 0 0 rg 0 0 50 50 re f");
        const [root, tree, page] = [file.reserve(), file.reserve(), file.reserve()];
        const drawn = file.add({ Type: pdfName("Annot"), Rect: [10, 10, 60, 60], F: 4, AP: { N: form }, ...annotation });
        file.set(root, { Type: pdfName("Catalog"), Pages: tree });
        file.set(tree, { Type: pdfName("Pages"), Kids: [page], Count: 1 });
        file.set(page, { Type: pdfName("Page"), Parent: tree, MediaBox: [0, 0, 100, 100], Annots: [drawn] });
        const document = open(file.finish({ Root: root }));
        const red = (annotations: "others" | "all"): boolean => countPixels(document.render(0, { width: 100, annotations }), isRed) > 1000;
        expect([red("others"), red("all")]).toEqual([annotation === furniture, true]);
        document.close();
      }
    });

    it("draws form fields with their values, also without appearances in the file", () => {
      const document = open(formPdf());
      const bare = document.render(0, { width: 595 });
      const filled = document.render(0, { width: 595, annotations: "all" });
      expect(countPixels(filled, isWhite)).toBeLessThan(countPixels(bare, isWhite) - 1000);

      const writer = pdfWriter();
      const [root, tree, page] = [writer.reserve(), writer.reserve(), writer.reserve()];
      const widget = { Type: pdfName("Annot"), Subtype: pdfName("Widget"), P: page, F: 4, DA: "1 0 0 rg /Helv 40 Tf" };
      const text = writer.add({ ...widget, FT: pdfName("Tx"), T: "a", V: "MMMM", Rect: [10, 60, 190, 100] });
      const check = writer.add({ ...widget, FT: pdfName("Btn"), T: "b", V: pdfName("Yes"), AS: pdfName("Yes"), Rect: [10, 10, 50, 50] });
      const font = writer.add({ Type: pdfName("Font"), Subtype: pdfName("Type1"), BaseFont: pdfName("Helvetica") });
      writer.set(root, { Type: pdfName("Catalog"), Pages: tree, AcroForm: { Fields: [text, check], DR: { Font: { Helv: font } } } });
      writer.set(tree, { Type: pdfName("Pages"), Kids: [page], Count: 1 });
      writer.set(page, { Type: pdfName("Page"), Parent: tree, MediaBox: [0, 0, 200, 110], Annots: [text, check] });
      const image = open(writer.finish({ Root: root })).render(0, { width: 200, annotations: "all" });
      const half = (top: number): Bitmap => ({ width: 200, height: 55, data: image.data.slice(top * 800, (top + 55) * 800) });
      expect(countPixels(half(0), isRed)).toBeGreaterThan(300);
      expect(countPixels(half(55), isRed)).toBeGreaterThan(50);
    });

    it("gives text with its place, the same for a rotated page", () => {
      const document = open(rotatedPdf());
      for (let index = 0; index < 4; index++) {
        const [run, ...rest] = document.text(index).runs;
        expect(rest).toEqual([]);
        expect(run).toMatchObject({ text: `Rotated by ${index * 90}, page ${index + 1}`, angle: 0, lineEnd: true });
        expect(run!.edges).toHaveLength(run!.text.length + 1);
        expect(run!.edges[0]).toBeCloseTo(60, 0);
        const [left, top, width, height] = run!.bbox;
        expect(left).toBeCloseTo(60, 0);
        expect(width).toBeGreaterThan(200);
        // The baseline is 34 points from the top.
        expect(top).toBeLessThan(20);
        expect(top + height).toBeGreaterThan(34);
        expect(height).toBeLessThan(32);
      }
    });

    it("gives text that stands upright or upside down with its direction", () => {
      const font = { Font: { F0: { Type: pdfName("Font"), Subtype: pdfName("Type1"), BaseFont: pdfName("Helvetica") } } };
      const turned = (angle: number, x: number, y: number): string => {
        const [cos, sin] = [Math.cos((-angle * Math.PI) / 180), Math.sin((-angle * Math.PI) / 180)];
        return `BT /F0 20 Tf ${[cos, sin, -sin, cos].map((n) => n.toFixed(5)).join(" ")} ${x} ${y} Tm (Turn${angle}) Tj ET`;
      };
      const content = [turned(90, 100, 300), turned(180, 300, 100), turned(270, 200, 200), turned(30, 50, 380)].join("\n");
      const { runs } = open(onePage({ MediaBox: [0, 0, 400, 400], Resources: font }, content)).text(0);
      const byText = Object.fromEntries(runs.map((run) => [run.text, run]));
      expect(runs.map(({ text, angle }) => [text, angle])).toEqual([
        ["Turn90", 90],
        ["Turn180", 180],
        ["Turn270", 270],
        ["Turn30", 30],
      ]);
      // Reading downward from y = 100, thus the box begins there.
      expect(byText["Turn90"]!.bbox[1]).toBeCloseTo(100, 0);
      expect(byText["Turn90"]!.bbox[2]).toBeCloseTo(20, 0);
      expect(byText["Turn270"]!.bbox[1] + byText["Turn270"]!.bbox[3]).toBeCloseTo(200, 0);
      expect(byText["Turn180"]!.bbox[0] + byText["Turn180"]!.bbox[2]).toBeCloseTo(300, 0);
      for (const { edges } of runs) expect([...edges].sort((a, b) => a - b)).toEqual(edges);
    });

    it("gives the structure of a tagged page in its reading order, with the text that is in each element", () => {
      const { language, structure = [], runs } = open(taggedPdf()).text(0);
      expect(language).toBe("en");
      const said = (element: StructureElement): unknown => [
        element.type,
        ...element.children.map((child) => ("type" in child ? said(child) : runs[child[0]]!.text.slice(child[1], child[2]).trim())),
      ];
      expect(structure.map(said)).toEqual([
        [
          "Document",
          ["H1", "The year"],
          ["P", "begins", "here."],
          ["L", ["LI", ["LBody", "First"]], ["LI", ["LBody", "Second"]]],
          ["P", "A sum of all."],
          ["Table", ["TR", ["TH", "Month"], ["TH", "Sum"]], ["TR", ["TD", "May"], ["TD", "seven"]]],
          ["Figure"],
        ],
      ]);
      const [, paragraph, , sum, table, figure] = structure[0]!.children as StructureElement[];
      expect(paragraph).toMatchObject({ language: "en-GB" });
      expect(sum).toMatchObject({ actualText: "The sum of everything." });
      expect((table!.children[0] as StructureElement).children).toMatchObject([{ scope: "column" }, { scope: "column", columnSpan: 2 }]);
      expect(figure).toEqual({ type: "Figure", alt: "A blue bar", bbox: [60, 342, 200, 100], children: [] });
      // The page number is on the page, but no part of what it says.
      expect(runs.map(({ text }) => text)).toContain("Page 1");
      expect(open(pagesPdf(1)).text(0).structure).toBeUndefined();
    });

    it("gives the outline with its destinations", () => {
      const pages = [{ content: "" }, { content: "", crop: [10, 10, 400, 600] as const }];
      const outline = [
        { title: "One", page: 0, open: true, children: [{ title: "Two", page: 1, top: 300 }] },
        { title: "Three", page: 1 },
      ];
      const [one, three] = open(pdfFile({ pages, outline })).outline();
      expect(one).toMatchObject({
        title: "One",
        isExpanded: true,
        action: { type: "goTo", page: "0" },
        children: [{ title: "Two", action: { type: "goTo", page: "1" } }],
      });
      // The media box is 842 points high, the crop box ends at 600: what is 300 below the one is 58 below the other.
      expect(one!.children![0]!.action).toMatchObject({ top: 58 });
      expect(three).toMatchObject({ title: "Three", action: { page: "1" } });
    });

    it("ends with an outline that runs in circles or never ends", () => {
      const writer = pdfWriter();
      const [root, tree, page, outlines] = [writer.reserve(), writer.reserve(), writer.reserve(), writer.reserve()];
      const items = Array.from({ length: 300 }, () => writer.reserve());
      writer.set(root, { Type: pdfName("Catalog"), Pages: tree, Outlines: outlines });
      writer.set(tree, { Type: pdfName("Pages"), Kids: [page], Count: 1 });
      writer.set(page, { Type: pdfName("Page"), Parent: tree, MediaBox: [0, 0, 10, 10] });
      writer.set(outlines, { First: items[0], Last: items[0] });
      // Each is the only child of the one before; the last one's next is the first.
      for (const [index, item] of items.entries())
        writer.set(item, {
          Title: `Item ${index}`,
          Parent: items[index - 1] ?? outlines,
          First: items[index + 1] ?? items[0],
          Next: items[index === 299 ? 0 : index],
        });
      const [first, ...rest] = open(writer.finish({ Root: root })).outline();
      expect(rest).toEqual([]);
      let depth = 0;
      for (let item = first; item !== undefined; item = item.children?.[0]) depth++;
      expect(depth).toBeGreaterThan(10);
      expect(depth).toBeLessThanOrEqual(300);
    });

    it("reads annotations with everything that a record needs", () => {
      const annotations = open(annotatedPdf()).annotations(0);
      const bySubtype = (subtype: string) => annotations.filter((annotation) => annotation.subtype === subtype);
      expect(bySubtype("Highlight")[0]).toMatchObject({
        name: "highlight-1",
        author: "Ada Lovelace",
        contents: "Look here",
        quads: [[72, 128, 108, 16]],
        flags: 4,
        isReply: false,
      });
      expect(bySubtype("Text").map(({ isReply }) => isReply)).toEqual([false, true]);
      expect(bySubtype("Ink")[0]!.strokes).toEqual([
        [100, 292, 120, 242, 140, 282, 160, 242],
        [180, 292, 200, 242],
      ]);
      expect(bySubtype("Square")[0]!.border).toEqual({ width: 2, style: "dashed", dash: [6, 3], isGiven: true });
      expect(bySubtype("FreeText")[0]!.freeText).toMatchObject({
        font: "Helvetica",
        fontSize: 14,
        fontColor: "#1a1a66",
        horizontalAlign: "center",
      });
      expect(bySubtype("Link")[0]!.action).toEqual({ type: "uri", uri: "https://example.com/" });
      expect(bySubtype("LecternTest")).toHaveLength(1);
    });

    it("writes the same file whether or not it was drawn, read and drawn again", () => {
      for (const bytes of [annotatedPdf(), formPdf()]) {
        const untouched = open(bytes).save();
        const document = open(bytes);
        for (const annotations of ["all", "others", "none"] as const) document.render(0, { width: 200, annotations });
        document.text(0);
        const before = document.annotations(0);
        const saved = document.save();
        expect(Buffer.compare(saved, untouched)).toBe(0);
        const again = open(saved);
        expect(again.annotations(0).map(({ name, rect }) => [name, rect])).toEqual(before.map(({ name, rect }) => [name, rect]));
        expect(
          Buffer.compare(
            again.render(0, { width: 200, annotations: "all" }).data,
            document.render(0, { width: 200, annotations: "all" }).data,
          ),
        ).toBe(0);
      }
    });

    it("writes pictures as PNG files, and unpacks what zlib has packed", () => {
      const file = engine.png({ width: 1, height: 1, data: Uint8Array.of(200, 100, 50, 128) });
      const text = String.fromCharCode(...file);
      expect(text.startsWith("\x89PNG\r\n\x1a\n")).toBe(true);
      const at = text.indexOf("IDAT");
      const length = new DataView(file.buffer, file.byteOffset).getUint32(at - 4);
      // One row: its filter, which changes nothing of a first pixel, and that.
      expect([...engine.codec.inflate(file.subarray(at + 4, at + 4 + length))].slice(1)).toEqual([200, 100, 50, 128]);
      expect(engine.png({ width: 1, height: 1, data: Uint8Array.of(200, 100, 50, 128) })).toEqual(file);
      expect(engine.broken).toBe(false);
    });

    it("keeps the password of a file that it writes", () => {
      const saved = open(encryptedPdf(), ENCRYPTED_PASSWORD).save();
      expect(() => open(saved)).toThrow(expect.objectContaining({ code: "password_required" }));
      expect(plainText(open(saved, ENCRYPTED_PASSWORD).text(0))).toBe("A secret page");
    });

    it("works with many documents at once and refuses those that are closed", () => {
      const documents = Array.from({ length: 20 }, (_, index) => engine.open(pagesPdf(index + 1)));
      for (const [index, document] of documents.entries())
        expect(plainText(document.text(index))).toContain(`Page ${index + 1} of ${index + 1}`);
      for (const document of documents) document.close();
      expect(() => documents[0]!.text(0)).toThrow(expect.objectContaining({ code: "failed" }));
      expect(() => open(pagesPdf(1)).page(1)).toThrow(expect.objectContaining({ code: "failed" }));
      expect(engine.broken).toBe(false);
    });
  });
}
