/** Text in images with Tesseract, when it is installed: one image at a time, in a process group and a folder of its own. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ApiError } from "@lectern/protocol/plain";
import type { RecognisedLine } from "@lectern/pdf";
import type { Recogniser } from "../ports.ts";
import { installedProgram } from "./installed-program.ts";
import { oneAtATime } from "./one-at-a-time.ts";

export interface TesseractOptions {
  /** The program; null: it is looked for. */
  readonly program: string | null;
  /** Folder of files in the making. */
  readonly tempDir: string;
  /** Wall clock of one image, milliseconds; default 60 s. */
  readonly limitMs?: number;
}

const MISSING =
  "Text in images cannot be recognised: Tesseract is not installed on the machine of this service. Install it (for example `apt install tesseract-ocr`) or name it with LECTERN_TESSERACT, and try again.";
const LIMIT_MS = 60_000;
const LIST_MS = 20_000;
/** Kilobytes of address space: several times what a page needs. */
const MAX_MEMORY_KB = 4_000_000;

export function tesseractRecogniser({ program, tempDir, limitMs = LIMIT_MS }: TesseractOptions): Recogniser {
  const tesseract = installedProgram({ names: ["tesseract"], given: program });
  const inTurn = oneAtATime();

  async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
    await mkdir(tempDir, { recursive: true });
    const folder = await mkdtemp(join(tempDir, "text-"));
    try {
      return await use(folder);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  /** Asked each time: languages are installed while the service runs. */
  async function languages(): Promise<readonly string[]> {
    if ((await tesseract.path()) === null) return [];
    const output = await inFolder((folder) =>
      tesseract.run(() => ["--list-langs"], {
        folder,
        limitMs: LIST_MS,
        maxMemoryKb: MAX_MEMORY_KB,
        tooLong: "Tesseract does not tell its languages",
      }),
    );
    // The first line tells of the folder; `osd` is about the direction of pages.
    return output
      .split("\n")
      .slice(1)
      .map((line) => line.trim())
      .filter((name) => /^[A-Za-z_/]+$/.test(name) && name !== "osd");
  }

  async function required(wanted: readonly string[]): Promise<void> {
    if ((await tesseract.path()) === null) throw new ApiError("not_implemented", MISSING);
    const installed = await languages();
    const missing = wanted.filter((language) => !installed.includes(language));
    if (missing.length === 0) return;
    const packs = missing.map((language) => `tesseract-ocr-${language.toLowerCase().replaceAll("_", "-")}`);
    throw new ApiError(
      "unprocessable",
      `Tesseract has no data for ${missing.join(", ")}: it knows ${installed.join(", ") || "no language"}. Install it (for example \`apt install ${packs.join(" ")}\`) and try again.`,
    );
  }

  return {
    async recognise(image, { languages: wanted, dpi, signal }) {
      return inTurn("recognition", () =>
        inFolder(async (folder) => {
          signal?.throwIfAborted();
          await writeFile(join(folder, "page.png"), image);
          const args = ["page.png", "text", "-l", wanted.join("+"), "--dpi", String(Math.round(dpi)), "tsv"];
          const output = await tesseract.run(() => args, {
            folder,
            limitMs,
            maxMemoryKb: MAX_MEMORY_KB,
            tooLong: "Recognising the text of a page takes too long",
            ...(signal === undefined ? {} : { signal }),
          });
          const found = await readFile(join(folder, "text.tsv"), "utf8").catch((error: unknown) => {
            throw new ApiError("document_failed", "The text of a page cannot be recognised", {
              cause: new Error(output, { cause: error }),
            });
          });
          return linesOf(found);
        }),
      );
    },
    require: required,
    languages,
    version: () => tesseract.version(["--version"]),
  };
}

const COLUMNS = 12;
const LINE = 4;
const WORD = 5;

/** Of Tesseract's table: a row for each line, and below it one for each of its words. */
export function linesOf(table: string): readonly RecognisedLine[] {
  const lines: { top: number; height: number; words: { text: string; left: number; width: number }[] }[] = [];
  for (const row of table.split("\n").slice(1)) {
    const cells = row.split("\t");
    if (cells.length < COLUMNS) continue;
    const [level, left, top, width, height] = [0, 6, 7, 8, 9].map((column) => Number(cells[column])) as [
      number,
      number,
      number,
      number,
      number,
    ];
    if (level === LINE) lines.push({ top, height, words: [] });
    const text = cells
      .slice(COLUMNS - 1)
      .join(" ")
      .trim();
    if (level === WORD && text !== "") lines.at(-1)?.words.push({ text, left, width });
  }
  return lines.filter(({ words }) => words.length > 0);
}
