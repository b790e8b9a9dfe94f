/** Replies to annotations → comments of their threads. PDF lets a reply answer a reply; a thread here is flat. */
import type { RecordOf } from "@lectern/protocol";
import type { FileAnnotation } from "./engine.ts";
import { commentState } from "@lectern/protocol/plain";
import { cleanText, isComment, textOf } from "./import-annotation.ts";
import { commentPrivateData } from "./private-data.ts";

/** `rootIds`: records by the object number of the annotation that they were made from. */
export function commentRecords(
  found: readonly FileAnnotation[],
  rootIds: ReadonlyMap<number, string>,
  idOf: (annotation: FileAnnotation) => string,
): RecordOf<"comment">[] {
  const byNumber = new Map(
    found.flatMap((annotation) => (annotation.objectNumber > 0 ? [[annotation.objectNumber, annotation] as const] : [])),
  );
  return found.flatMap((annotation): RecordOf<"comment">[] => {
    const root = isComment(annotation) ? rootOf(annotation, byNumber, rootIds) : null;
    if (root === null) return [];
    const author = cleanText(annotation.author ?? "").slice(0, 256);
    const state = commentState(annotation.state);
    const createdAt = annotation.createdAt ?? annotation.modifiedAt ?? 0;
    return [
      {
        id: idOf(annotation),
        kind: "comment",
        seq: 0,
        createdBy: null,
        createdAt,
        updatedBy: null,
        updatedAt: annotation.modifiedAt ?? createdAt,
        grp: null,
        data: {
          root,
          text: textOf(annotation),
          ...(author === "" ? {} : { creatorName: author }),
          ...(state === null ? {} : { state }),
          ...commentPrivateData(annotation.privateData),
          ...(annotation.objectNumber === 0 ? {} : { pdfObjectId: annotation.objectNumber }),
        },
      },
    ];
  });
}

const DEEPEST = 100;

function rootOf(
  annotation: FileAnnotation,
  byNumber: ReadonlyMap<number, FileAnnotation>,
  rootIds: ReadonlyMap<number, string>,
): string | null {
  let number = annotation.hangsOn;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const root = rootIds.get(number);
    if (root !== undefined) return root;
    const above = byNumber.get(number);
    if (above === undefined || !above.isReply) return null;
    number = above.hangsOn;
  }
  return null;
}
