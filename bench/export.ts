/** Writing 1,000 new annotations into a file of 1,000 pages, against what the engine needs to open and save that file as it is. Time of the processor. */
import type { Annotation } from "@lectern/protocol";
import { exportDocument, type RecordChange } from "@lectern/pdf";
import { openPdfiumNode } from "@lectern/pdf/node";
import { cpuTime, figure, median } from "./figure.ts";
import { writtenPages } from "./pages.ts";

const PAGES = 1000;
const ROUNDS = 7;

export async function benchExport(): Promise<void> {
  const source = writtenPages(PAGES);
  const changes = Array.from({ length: PAGES }, (_, index) => newAnnotation(index));
  const engine = await openPdfiumNode();
  const save = (): number => {
    const before = cpuTime();
    const document = engine.open(source);
    document.save();
    document.close();
    return cpuTime() - before;
  };
  const write = (): number => {
    const before = cpuTime();
    exportDocument(engine, source, changes, { annotations: true });
    return cpuTime() - before;
  };
  const [saves, writes]: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    const [saved, written] = [save(), write()];
    // The first is for warming up.
    if (round === 0) continue;
    saves.push(saved);
    writes.push(written);
  }
  engine.close();
  const [floor, ours] = [median(saves), median(writes)];
  const ratio = ours / floor;
  figure(
    "export of 1,000 pages with 1,000 new annotations",
    ratio,
    "×",
    { best: "least", must: 2 },
    `${ours.toFixed(0)} : ${floor.toFixed(0)} ms`,
  );
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
