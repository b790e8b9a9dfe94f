/**
 * Lists of annotations as they are sent, kept until the layer changes: the question that backends ask most costs its work once for each state of a
 * layer and class of viewers, not once for each request.
 */
import type { SyncRoom } from "@lectern/sync/room";
import { viewKey } from "@lectern/protocol/plain";
import { listAnnotations, type StoredAnnotation } from "./annotations.ts";
import type { ReadLayer } from "./reading.ts";

export type ListForm = "json" | "ndjson";

export interface AnnotationLists {
  /** `page`: the id of the only page that is asked for. */
  bytes(layer: ReadLayer, form: ListForm, page: string | null): { readonly seq: number; readonly body: Uint8Array };
}

/** Of one layer are kept at most so many lists, and none that is longer. */
const MOST = 8;
const MOST_BYTES = 500_000;

interface Kept {
  /** The state of the layer. */
  readonly seq: number;
  readonly bodies: Map<string, Uint8Array>;
}

export function annotationLists(): AnnotationLists {
  // With its room goes what was kept of a layer.
  const rooms = new WeakMap<SyncRoom, Kept>();
  return {
    bytes(layer, form, page) {
      const { room, grants } = layer;
      let kept = rooms.get(room);
      if (kept?.seq !== room.seq) rooms.set(room, (kept = { seq: room.seq, bodies: new Map() }));
      const name = `${form} ${page ?? ""} ${viewKey(grants)}`;
      const known = kept.bodies.get(name);
      if (known !== undefined) return { seq: kept.seq, body: known };
      const { seq, annotations } = listAnnotations(layer, page === null ? undefined : [page]);
      // As bytes: a text would be copied into the socket's buffers for each request.
      const body = Buffer.from(textOf(annotations, form));
      if (body.length <= MOST_BYTES) {
        if (kept.bodies.size >= MOST) kept.bodies.delete(kept.bodies.keys().next().value!);
        kept.bodies.set(name, body);
      }
      return { seq, body };
    },
  };
}

function textOf(annotations: readonly StoredAnnotation[], form: ListForm): string {
  return form === "json"
    ? JSON.stringify({ data: { annotations, truncated: false } })
    : annotations.map((annotation) => `${JSON.stringify(annotation)}\n`).join("");
}
