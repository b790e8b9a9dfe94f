/**
 * Writing 1,000 new annotations into a file of 1,000 pages, against what the engine needs to open and save that file as it is: a file that is edited
 * as it stands, and the same with something after its end, which the engine must write anew first. Time of the processor, source in memory.
 */
import type { Annotation } from "@lectern/protocol";
import { exportDocument, type RecordChange } from "@lectern/pdf";
import { openPdfiumNode } from "@lectern/pdf/node";
import { cpuTime, figure } from "./figure.ts";
import { writtenPages } from "./pages.ts";

const PAGES = 1000;
const ROUNDS = 15;

export async function benchExport(): Promise<void> {
  const sound = writtenPages(PAGES);
  const other = new Uint8Array(sound.length + 1);
  other.set(sound);
  other[sound.length] = 0x21;
  const changes = Array.from({ length: PAGES }, (_, index) => newAnnotation(index));
  const engine = await openPdfiumNode();
  const time = (work: () => void): number => {
    const before = cpuTime();
    work();
    return cpuTime() - before;
  };
  const save = (): void => {
    const document = engine.open(sound);
    document.save();
    document.close();
  };
  const write = (source: Uint8Array) => (): void => void exportDocument(engine, source, changes, { annotations: true });
  /** The least of each, in turns: what else runs on the machine only adds. */
  const least = [save, write(sound), write(other)].map((work) => ({ work, ms: Infinity }));
  for (let round = 0; round < ROUNDS; round++) for (const each of least) each.ms = Math.min(each.ms, time(each.work));
  engine.close();
  const [floor, asItStands, anew] = least.map(({ ms }) => ms) as [number, number, number];
  const must = { best: "least", must: 2 } as const;
  const what = "1,000 new annotations in 1,000 pages";
  figure(what, asItStands / floor, "×", must, `${asItStands.toFixed(0)} : ${floor.toFixed(0)} ms`);
  figure(`${what}, file written anew`, anew / floor, "×", must, `${anew.toFixed(0)} : ${floor.toFixed(0)} ms`);
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
