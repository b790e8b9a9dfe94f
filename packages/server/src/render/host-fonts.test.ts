import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { composeDocument, exportDocument, redactFile } from "@lectern/pdf";
import { fontFiles, nodeCodec, openPdfiumNode } from "@lectern/pdf/node";
import { pagesPdf } from "@lectern/pdf/testing";
import type { RecordOf } from "@lectern/protocol";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostFonts } from "./host-fonts.ts";

const run = promisify(execFile);
const fontFor = hostFonts();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lectern-fonts-"));
});
afterAll(() => rm(folder, { recursive: true }));

const words = (id: string, value: string, top: number): { base: null; current: RecordOf<"annotation"> } => ({
  base: null,
  current: {
    id,
    kind: "annotation",
    seq: 1,
    createdBy: null,
    createdAt: 1_700_000_000_000,
    updatedBy: null,
    updatedAt: 1_700_000_000_000,
    grp: null,
    data: {
      type: "text",
      page: "1.0",
      geometry: { bbox: [50, top, 400, 40] },
      appearance: { fontSize: 24, fontColor: "#000000" },
      text: { format: "plain", value },
    },
  },
});

const SCRIPTS = {
  Greek: "Καλημέρα κόσμε",
  Cyrillic: "Привет, мир",
  Chinese: "漢字仮名",
  Hebrew: "שלום",
  Arabic: "مرحبا",
} as const;

describe("text beyond the standard fonts", async () => {
  const engine = await openPdfiumNode();
  const exported = (...texts: readonly string[]): Uint8Array =>
    exportDocument(
      engine,
      pagesPdf(1),
      texts.map((text, index) => words(`text-000${index}`, text, 50 + index * 60)),
      {
        annotations: true,
        fontFor,
      },
    );
  const read = async (bytes: Uint8Array): Promise<string> => {
    const path = join(folder, "read.pdf");
    await writeFile(path, bytes);
    return (await run("pdftotext", ["-layout", path, "-"])).stdout;
  };
  const hasPoppler = await run("pdftotext", ["-v"]).then(
    () => true,
    () => false,
  );

  for (const [script, text] of Object.entries(SCRIPTS)) {
    const hasFont = Array.from(text).every(
      (character) => character.codePointAt(0)! < 0x80 || fontFor(character.codePointAt(0)!, "Helvetica") !== null,
    );
    it.skipIf(!hasFont || !hasPoppler)(`of ${script} is drawn with its glyphs by other readers, and found as text`, async () => {
      const bytes = exported(text);
      expect(Buffer.from(exported(text)).equals(bytes)).toBe(true);
      expect(bytes.length).toBeLessThan(60_000);
      const found = (await read(bytes)).replace(/[\u200e\u200f\u202a-\u202e]/g, "");
      expect(found).toContain(text);
      const path = join(folder, `${script}.pdf`);
      await writeFile(path, bytes);
      await run("pdftoppm", ["-r", "72", "-png", "-singlefile", path, join(folder, script)]);
      const drawn = await sharp(join(folder, `${script}.png`))
        .extract({ left: 50, top: 50, width: 400, height: 40 })
        .greyscale()
        .stats();
      expect(drawn.channels[0]!.min).toBeLessThan(80);
    });
  }

  for (const [script, text] of Object.entries(SCRIPTS)) {
    const hasFont = fontFor(text.codePointAt(0)!, "Helvetica") !== null;
    it.skipIf(!hasFont || !hasPoppler)(`of ${script} is in watermarks and over what was redacted`, async () => {
      const mark = { fillColor: "#ffffff", outlineColor: null, overlayText: text, repeatOverlayText: false, color: "#ff0000" };
      const redacted = redactFile(engine, pagesPdf(1), {
        pages: [{ index: 0, marks: [{ ...mark, rects: [[50, 50, 300, 40]] }] }],
        codec: nodeCodec,
        id: "0".repeat(32),
        fontFor,
      });
      const half = { value: 50, unit: "%" } as const;
      const content = { kind: "text" as const, text, font: "Helvetica" as const, fontSize: null, color: "#000000" };
      const watermarked = composeDocument(
        engine,
        {
          files: [{ source: pagesPdf(1) }],
          pages: [{ id: "1.0", file: 0, index: 0, keepsAnnotations: true, rotation: 0, size: [1, 1], crop: null, label: "" }],
          writeLabels: false,
          metadata: null,
          watermarks: [{ watermark: { width: half, height: half, rotation: 0, opacity: 1, content }, pages: null }],
          encryption: null,
        },
        [],
        { annotations: true, codec: nodeCodec, fontFor },
      );
      for (const bytes of [redacted, watermarked]) expect((await read(bytes)).replace(/[\u200e\u200f\u202a-\u202e]/g, "")).toContain(text);
    });
  }

  it("of two directions stands in the order in which it is read", async () => {
    if (fontFor(0x5e9, "Helvetica") === null) return;
    const text = "abc שלום def";
    const [line = ""] = (await read(exported(text)))
      .replace(/[\u200e\u200f\u202a-\u202e]/g, "")
      .split("\n")
      .filter((one) => one.includes("abc"));
    expect(line.replace(/\s/g, "")).toBe(text.replace(/\s/g, ""));
  });

  const dejaVu = fontFiles().filter((path) => /DejaVuSans(-Oblique)?\.ttf$/.test(path));
  it.skipIf(dejaVu.length < 2)(
    "takes pictographs from upright fonts, from fonts of those alone last, and from coloured ones never",
    async () => {
      const [face, letter] = [0x1f600, 0x416];
      const upright = dejaVu.find((path) => path.endsWith("Sans.ttf"))!;
      expect(hostFonts(dejaVu)(face, "Helvetica")?.name).toBe("DejaVuSans");
      expect(hostFonts(dejaVu)(face, "Helvetica-Oblique")?.name).toBe("DejaVuSans-Oblique");
      const emoji = join(folder, "AnEmoji-Regular.ttf");
      await copyFile(upright, emoji);
      const slanted = dejaVu.find((path) => path !== upright)!;
      expect(hostFonts([emoji])(face, "Helvetica")?.name).toBe("DejaVuSans");
      const [wide] = fontFiles().filter((path) => path.endsWith("LiberationSans-Regular.ttf"));
      if (wide !== undefined) expect(hostFonts([...dejaVu, wide])(letter, "Helvetica")?.name).toBe("LiberationSans");
      expect(hostFonts([emoji, slanted])(letter, "Helvetica")?.name).toBe("DejaVuSans-Oblique");
      const bytes = await readFile(upright);
      const coloured = join(folder, "AColorEmoji.ttf");
      // One of the tables that no glyph needs is called another name.
      await writeFile(coloured, bytes.fill("COLR", bytes.indexOf("GDEF"), bytes.indexOf("GDEF") + 4));
      expect(hostFonts([coloured])(face, "Helvetica")).toBe(null);
    },
  );

  it("embeds nothing for what the standard fonts say", () => {
    expect(Buffer.from(exported("Grüße, “Welt” €")).toString("latin1")).not.toContain("FontFile");
  });

  it("stays text when it becomes content of the page", async () => {
    if (fontFor(0x416, "Helvetica") === null) return;
    const flat = exportDocument(engine, pagesPdf(1), [words("text-0001", SCRIPTS.Cyrillic, 50)], {
      annotations: true,
      flatten: true,
      fontFor,
    });
    expect(await read(flat)).toContain(SCRIPTS.Cyrillic);
  });
});
