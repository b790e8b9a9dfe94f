/**
 * Files made to break a reader: `hostileFiles(seed)` gives the same ones for the same seed, made when they are asked for. None is taken
 * from anywhere; each is PDF syntax with a lie, a loop, a bomb or damage in it, or no PDF at all.
 */
import { actions, annotations, names } from "./hostile/annotations.ts";
import { bombs, drawing, fonts, images } from "./hostile/content.ts";
import { damagedFiles } from "./hostile/damage.ts";
import { otherFiles, polyglots } from "./hostile/other-files.ts";
import { latin1Bytes, seeded } from "./hostile/raw-pdf.ts";
import { boxes, crossReferences, encryption, headers, nesting, objectStreams, pageTrees, type Texts } from "./hostile/structure.ts";

export type HostileKind =
  | "damage"
  | "page tree"
  | "box"
  | "nesting"
  | "cross-reference"
  | "object stream"
  | "encryption"
  | "header"
  | "bomb"
  | "image"
  | "font"
  | "drawing"
  | "annotation"
  | "name"
  | "action"
  | "polyglot"
  | "no PDF";

export interface HostileFile {
  readonly name: string;
  readonly kind: HostileKind;
  readonly bytes: () => Uint8Array;
}

/** More than 500, in the order of their kinds. */
export function hostileFiles(seed: number): readonly HostileFile[] {
  const texts: readonly (readonly [HostileKind, Texts])[] = [
    ["page tree", pageTrees()],
    ["box", boxes()],
    ["nesting", nesting()],
    ["cross-reference", crossReferences()],
    ["object stream", objectStreams()],
    ["encryption", encryption(seed)],
    ["header", headers()],
    ["bomb", bombs()],
    ["image", images(seed)],
    ["font", fonts(seed)],
    ["drawing", drawing()],
    ["annotation", annotations(seed)],
    ["name", names()],
    ["action", actions()],
    ["polyglot", polyglots(seed)],
    ["no PDF", otherFiles(seed)],
  ];
  return [
    ...Object.entries(damagedFiles(seed)).map(([name, bytes]): HostileFile => ({ name, kind: "damage", bytes })),
    ...texts.flatMap(([kind, files]) =>
      Object.entries(files).map(([name, text]): HostileFile => ({ name, kind, bytes: () => latin1Bytes(text()) })),
    ),
  ];
}

/** So many of them, from every kind alike. */
export function hostileSample(seed: number, count: number): readonly HostileFile[] {
  const random = seeded(seed, "sample");
  const kinds = Object.values(grouped(hostileFiles(seed)));
  const shuffled = kinds.map((files) =>
    files
      .map((file) => [random.next(), file] as const)
      .toSorted(([a], [b]) => a - b)
      .map(([, file]) => file),
  );
  const sample: HostileFile[] = [];
  for (let turn = 0; sample.length < count && shuffled.some((files) => files[turn] !== undefined); turn++) {
    for (const files of shuffled) if (files[turn] !== undefined && sample.length < count) sample.push(files[turn]!);
  }
  return sample;
}

function grouped(files: readonly HostileFile[]): Readonly<Record<string, readonly HostileFile[]>> {
  const groups: Record<string, HostileFile[]> = {};
  for (const file of files) (groups[file.kind] ??= []).push(file);
  return groups;
}
