/** What of a layer goes into an interchange file: the records that the reader sees, and what he no longer sees of the file itself. */
import type { AnyRecord } from "@lectern/protocol";
import type { XfdfPages } from "@lectern/protocol/xfdf";
import { shapeOf } from "../documents/manifest.ts";
import type { ReadLayer } from "../layers/reading.ts";

export interface WrittenRecords {
  readonly seq: number;
  readonly records: readonly AnyRecord[];
  /** Numbers of objects of the file whose annotations have been deleted. */
  readonly deletedObjects: readonly number[];
  /** Media types of pictures by SHA-256. */
  readonly pictures: ReadonlyMap<string, string>;
}

export function writtenFrom({ room, grants }: ReadLayer): WrittenRecords {
  const { seq, records } = room.snapshot(grants);
  const pictures = new Map<string, string>();
  for (const record of records)
    if (record.kind === "annotation" && record.data.attachment !== undefined)
      pictures.set(record.data.attachment.blob, record.data.attachment.mediaType);
  const deletedObjects = room.changed().flatMap((record): number[] => {
    if (!record.deleted || record.kind !== "annotation" || record.data.pdfObjectId === undefined) return [];
    return room.record(record.id, grants) === null ? [] : [record.data.pdfObjectId];
  });
  return { seq, records, deletedObjects: [...new Set(deletedObjects)].toSorted((a, b) => a - b), pictures };
}

/** Pages with where they stand in the coordinates of their file. Those of other files are told by their size. */
export function xfdfPages({ base, pages }: ReadLayer): XfdfPages {
  const names = pages();
  return {
    idAt: (index) => names.idAt(index),
    indexOf: (id) => names.indexOf(id),
    shown: (id) => names.shown(id),
    origin(id) {
      const index = names.indexOf(id);
      const page = index === null ? null : names.at(index);
      const content = page?.data.content ?? null;
      const shape = content?.source === base.source ? shapeOf(base.manifest, content.sourceIndex) : null;
      const box = shape === null ? null : (shape.boxes.crop ?? shape.boxes.media);
      return { left: box?.[0] ?? 0, bottom: box?.[1] ?? 0, height: shape?.height ?? names.shown(id).height };
    },
  };
}
