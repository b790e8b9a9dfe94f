/** Replies to annotations → comments of their threads. PDF lets a reply answer a reply; a thread here is flat. */
import type { RecordOf } from "@lectern/protocol";
import type { FileAnnotation } from "./engine.ts";
import { cleanText } from "./import-annotation.ts";

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
    const state = annotation.state === null ? undefined : STATES[annotation.state];
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
          text: { format: "plain", value: cleanText(annotation.contents) },
          ...(author === "" ? {} : { creatorName: author }),
          ...(state === undefined ? {} : { state }),
          ...(annotation.objectNumber === 0 ? {} : { pdfObjectId: annotation.objectNumber }),
        },
      },
    ];
  });
}

/** States of the review model that end a thread or open it again; the others are words only. */
const STATES: Readonly<Record<string, "resolved" | "reopened">> = { Completed: "resolved", None: "reopened" };

export function isComment({ subtype, isReply, replyType }: FileAnnotation): boolean {
  return subtype === "Text" && isReply && replyType === "reply";
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
