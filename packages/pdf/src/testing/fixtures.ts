/** Files that the tests of every package open. All are deterministic: the same call gives the same bytes. */
import { type PdfDictionary, pdfName, pdfWriter } from "../pdf-writer.ts";
import { pdfContent } from "./pdf-content.ts";
import { A4, type PageSpec, pdfFile } from "./pdf-file.ts";

const WORDS =
  "paper margin ledger column signature witness harbour archive lantern river clause meadow copper engine letter window garden timber notice ribbon".split(
    " ",
  );

/**
 * `count` A4 pages. Page k (from 1) has the title `Page k of count` and 24 lines, the first of which reads
 * `The quick brown fox jumps over page k.`
 */
export function pagesPdf(count: number): Uint8Array {
  const pages = Array.from({ length: count }, (_, index): PageSpec => {
    const content = pdfContent(...A4);
    const number = index + 1;
    content.text(72, 96, `Page ${number} of ${count}`, { font: "Helvetica-Bold", size: 24 });
    content.line(72, 110, A4[0] - 72, 110, { stroke: "#c8102e", width: 2 });
    content.text(72, 140, `The quick brown fox jumps over page ${number}.`, { font: "Times-Roman", size: 12 });
    for (let line = 1; line < 24; line++) {
      const words = Array.from({ length: 11 }, (_word, word) => WORDS[(number * 7 + line * 5 + word * (3 + (line % 4))) % WORDS.length]!);
      content.text(72, 140 + line * 20, `${line}. ${words.join(" ")}.`, { font: "Times-Roman", size: 12 });
    }
    content.text(A4[0] / 2, 800, String(number), { size: 9, color: "#666666", align: "center" });
    return { content: content.operators() };
  });
  return pdfFile({ pages, info: { Title: `${count} pages`, Producer: "Lectern fixtures" }, id: "00000000000000000000000000000001" });
}

/** Text of the annotations of `annotatedPdf`, by their key; `NM` equals the key except where there is none. */
export const ANNOTATED = {
  highlight: "highlight-1",
  ink: "ink-strokes-1",
  note: "text-note-1",
  rectangle: "rectangle-1",
  text: "free-text-1",
  reply: "reply-of-note-1",
} as const;

/**
 * One A4 page with a highlight, ink (two strokes), a note with a popup and a reply, a rectangle, a free text, a highlight without
 * NM, a link and one of a kind that nobody knows. The five kinds that we edit have NM, T, CreationDate and M.
 */
export function annotatedPdf(): Uint8Array {
  const content = pdfContent(...A4);
  content.text(72, 96, "Annotated page", { font: "Helvetica-Bold", size: 24 });
  content.text(72, 140, "Some words of this line are highlighted.", { font: "Times-Roman", size: 14 });
  content.text(72, 170, "And a few of this one, without a name.", { font: "Times-Roman", size: 14 });
  const written = (name: string): PdfDictionary => ({
    NM: name,
    T: "Ada Lovelace",
    CreationDate: "D:20240102030405Z",
    M: "D:20240203040506+01'00'",
    F: 4,
  });
  return pdfFile({
    info: { Title: "Annotated" },
    id: "00000000000000000000000000000002",
    pages: [
      {
        content: content.operators(),
        links: [{ rect: [72, 760, 200, 16], target: { uri: "https://example.com/" } }],
        annotations: {
          highlight: {
            ...written(ANNOTATED.highlight),
            Subtype: pdfName("Highlight"),
            Rect: [72, 698, 180, 714],
            QuadPoints: [72, 714, 180, 714, 72, 698, 180, 698],
            C: [1, 0.9, 0.2],
            CA: 0.8,
            Contents: "Look here",
          },
          unnamed: {
            Subtype: pdfName("Highlight"),
            Rect: [72, 668, 150, 684],
            QuadPoints: [72, 684, 150, 684, 72, 668, 150, 668],
            C: [0.4, 0.9, 0.5],
            F: 4,
          },
          ink: {
            ...written(ANNOTATED.ink),
            Subtype: pdfName("Ink"),
            Rect: [98, 548, 202, 602],
            InkList: [
              [100, 550, 120, 600, 140, 560, 160, 600],
              [180, 550, 200, 600],
            ],
            C: [0.8, 0.1, 0.1],
            BS: { W: 3 },
          },
          note: (ref) => ({
            ...written(ANNOTATED.note),
            Subtype: pdfName("Text"),
            Rect: [300, 690, 320, 710],
            Name: pdfName("Comment"),
            C: [1, 0.82, 0],
            Contents: "A note: naïve, 日本語",
            F: 28,
            Popup: ref("popup"),
          }),
          popup: (ref) => ({ Subtype: pdfName("Popup"), Rect: [330, 640, 500, 710], Parent: ref("note"), Open: false }),
          reply: (ref) => ({
            ...written(ANNOTATED.reply),
            Subtype: pdfName("Text"),
            Rect: [300, 690, 320, 710],
            Contents: "A reply",
            IRT: ref("note"),
            RT: pdfName("R"),
          }),
          rectangle: {
            ...written(ANNOTATED.rectangle),
            Subtype: pdfName("Square"),
            Rect: [300, 550, 420, 610],
            C: [0.1, 0.3, 0.8],
            IC: [0.85, 0.9, 1],
            BS: { W: 2, S: pdfName("D"), D: [6, 3] },
            CA: 0.9,
          },
          text: {
            ...written(ANNOTATED.text),
            Subtype: pdfName("FreeText"),
            Rect: [100, 440, 300, 500],
            DA: "0.1 0.1 0.4 rg /Helv 14 Tf",
            Q: 1,
            Contents: "Free text in the middle",
          },
          unknown: { Subtype: pdfName("LecternTest"), NM: "unknown-kind-1", Rect: [450, 450, 500, 500], Private: { Answer: 42 }, F: 4 },
        },
      },
    ],
  });
}

/** Crop box of the pages of `rotatedPdf`, `[left, bottom, right, top]`. */
export const ODD_CROP = [30, 45, 530, 745] as const;

/**
 * Five pages of 600 × 800 points whose media box starts at (-10, 20): rotated by 0, 90, 180, 270 with an odd crop box
 * (500 × 700 points), and one without. Each has a red square of 40 points in the crop box's top-left corner (unrotated) and its number.
 */
export function rotatedPdf(): Uint8Array {
  const rotations = [0, 90, 180, 270, 0] as const;
  const pages = rotations.map((rotate, index): PageSpec => {
    const cropped = index < 4;
    const [left, top] = cropped ? [ODD_CROP[0], ODD_CROP[3]] : [-10, 820];
    return {
      size: [600, 800],
      origin: [-10, 20],
      rotate,
      ...(cropped ? { crop: ODD_CROP } : {}),
      content: [
        "0.94 0.96 1 rg -10 20 600 800 re f",
        `1 0 0 rg ${left} ${top - 40} 40 40 re f`,
        `BT 0 g /F0 24 Tf ${left + 60} ${top - 34} Td (Rotated by ${rotate}, page ${index + 1}) Tj ET`,
      ].join("\n"),
    };
  });
  return pdfFile({
    pages,
    id: "00000000000000000000000000000003",
    labels: [
      { from: 0, style: "r" },
      { from: 4, prefix: "A-", style: "D" },
    ],
  });
}

/** One page with every type of form field that a person can fill in. */
export function formPdf(): Uint8Array {
  const content = pdfContent(...A4);
  content.text(72, 80, "Form", { font: "Helvetica-Bold", size: 24 });
  return pdfFile({
    info: { Title: "Form" },
    id: "00000000000000000000000000000004",
    pages: [
      {
        content: content.operators(),
        fields: [
          { type: "text", name: "person.name", rect: [72, 110, 240, 24], value: "Grace Hopper", label: "Full name", required: true },
          { type: "text", name: "person.about", rect: [72, 150, 240, 60], multiLine: true },
          { type: "text", name: "person.code", rect: [72, 225, 160, 24], comb: true, maxLength: 8, value: "1906" },
          { type: "checkbox", name: "agree", rect: [72, 265, 16, 16], checked: true },
          { type: "checkbox", name: "news", rect: [72, 290, 16, 16] },
          {
            type: "radio",
            name: "colour",
            value: "blue",
            buttons: [
              { rect: [72, 320, 16, 16], value: "red" },
              { rect: [102, 320, 16, 16], value: "blue" },
            ],
          },
          { type: "combobox", name: "country", rect: [72, 350, 160, 24], options: ["France", "Japan", "Kenya"], value: "Kenya" },
          { type: "listbox", name: "fruit", rect: [72, 390, 160, 50], options: ["Apple", "Fig", "Plum"], value: "Fig" },
          { type: "text", name: "fixed", rect: [72, 460, 160, 24], value: "cannot be changed", readOnly: true },
        ],
      },
    ],
  });
}

/** One page that stands in for a form of XFA, which only few readers know. */
export function xfaPdf(): Uint8Array {
  const writer = pdfWriter();
  const [root, tree, page] = [writer.reserve(), writer.reserve(), writer.reserve()];
  const template = writer.stream({}, `<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/"></xdp:xdp>`);
  writer.set(root, { Type: pdfName("Catalog"), Pages: tree, AcroForm: { Fields: [], XFA: template } });
  writer.set(tree, { Type: pdfName("Pages"), Kids: [page], Count: 1 });
  const content = writer.stream({}, "0.9 g 0 0 300 300 re f");
  writer.set(page, { Type: pdfName("Page"), Parent: tree, MediaBox: [0, 0, 300, 300], Contents: content });
  return writer.finish({ Root: root });
}

/** Starts like a PDF and is garbage after that: no reader can repair it. */
export function brokenPdf(): Uint8Array {
  return latin1(`%PDF-1.7\n${"1 0 obj\n<< /Type /Nonsense >>\nendobj\n".repeat(3)}trailer\n<< /Root 9 0 R >>\n%%EOF\n`);
}

/** The first two thirds of a sound file of ten pages: its objects are there in part, its table of contents is not. */
export function truncatedPdf(): Uint8Array {
  const whole = pagesPdf(10);
  return whole.slice(0, Math.floor((whole.length * 2) / 3));
}

/** A one-pixel PNG. */
export function notAPdf(): Uint8Array {
  return fromHex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000" +
      "000d4944415478da6364f8cf500f00038601805a347d6b0000000049454e44ae426082",
  );
}

export function emptyFile(): Uint8Array {
  return new Uint8Array(0);
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function fromHex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
