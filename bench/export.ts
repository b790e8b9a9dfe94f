/**
 * Writing 1,000 new annotations into a file of 1,000 pages, against what the engine needs to open and save that same file as it is: with one classic
 * table, with packed objects, and with tables that lead nowhere, so that the engine must write it anew first. Time of the processor, source in memory.
 */
import type { Annotation } from "@lectern/protocol";
import { exportDocument, type RecordChange } from "@lectern/pdf";
import { nodeCodec, openPdfiumNode } from "@lectern/pdf/node";
import { packedPdf } from "@lectern/pdf/testing";
import { cpuTime, figure } from "./figure.ts";
import { writtenPages } from "./pages.ts";

const PAGES = 1000;
const ROUNDS = 15;

export async function benchExport(): Promise<void> {
  const classic = writtenPages(PAGES);
  const what = "1,000 new annotations in 1,000 pages";
  const sources = {
    [what]: classic,
    [`${what}, packed objects`]: packedPdf(classic, (bytes) => nodeCodec.deflate(bytes)),
    [`${what}, file written anew`]: withoutTable(classic),
  };
  const changes = Array.from({ length: PAGES }, (_, index) => newAnnotation(index));
  const engine = await openPdfiumNode();
  const time = (work: () => void): number => {
    const before = cpuTime();
    work();
    return cpuTime() - before;
  };
  for (const [name, source] of Object.entries(sources)) {
    const save = (): void => {
      const document = engine.open(source);
      document.save();
      document.close();
    };
    const write = (): void => void exportDocument(engine, source, changes, { annotations: true, codec: nodeCodec });
    /** The least of each, in turns: what else runs on the machine only adds. */
    let [floor, ours] = [Infinity, Infinity];
    for (let round = 0; round < ROUNDS; round++) {
      floor = Math.min(floor, time(save));
      ours = Math.min(ours, time(write));
    }
    figure(name, ours / floor, "×", { best: "least", must: 2 }, `${ours.toFixed(0)} : ${floor.toFixed(0)} ms`);
  }
  engine.close();
}

/** Where it says that the table is, there is none. */
function withoutTable(source: Uint8Array): Uint8Array {
  const bytes = Buffer.from(source);
  const at = bytes.lastIndexOf("startxref\n") + "startxref\n".length;
  bytes.fill("7", at, at + 1);
  return new Uint8Array(bytes);
}

/** Highlights, rectangles, ink and notes in turn. */
function newAnnotation(index: number): RecordChange {
  const page = `1.${index}`;
  const kinds: readonly Annotation[] = [
    { type: "highlight", page, geometry: { bbox: [50, 60, 200, 16], rects: [[50, 60, 200, 16]] }, appearance: { color: "#ffee00" } },
    { type: "rectangle", page, geometry: { bbox: [80, 200, 120, 60] }, appearance: { strokeColor: "#c02020", strokeWidth: 2 } },
    {
      type: "ink",
      page,
      geometry: { bbox: [80, 300, 60, 40], lines: [[80, 300, 110, 340, 140, 300]] },
      appearance: { color: "#2040c0", width: 2 },
    },
    { type: "note", page, geometry: { bbox: [300, 80, 24, 24] }, appearance: {}, text: { format: "plain", value: `Note ${index}` } },
  ];
  const data = kinds[index % kinds.length]!;
  const times = { createdAt: 1_700_000_000_000, updatedAt: 1_700_000_000_000 };
  const current = {
    id: `new-${index}`,
    kind: "annotation",
    seq: index + 1,
    createdBy: null,
    updatedBy: null,
    grp: null,
    ...times,
    data,
  } as const;
  return { base: null, current };
}
