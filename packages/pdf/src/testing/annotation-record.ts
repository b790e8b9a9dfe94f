/** The record of an annotation as a layer has it, written and changed at fixed times by nobody. */
import type { Annotation, RecordOf } from "@lectern/protocol";

export function annotationRecord(id: string, data: Annotation): RecordOf<"annotation"> {
  return {
    id,
    kind: "annotation",
    seq: 1,
    createdBy: null,
    createdAt: 1_700_000_000_000,
    updatedBy: null,
    updatedAt: 1_700_000_360_000,
    grp: null,
    data,
  };
}
