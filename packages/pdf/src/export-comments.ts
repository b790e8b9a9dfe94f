/** Comment records → replies to the annotation that their thread hangs on, and states of the review model (ISO 32000-2, 12.5.6.3). */
import type { RecordOf } from "@lectern/protocol";
import { reviewState } from "@lectern/protocol/plain";
import { PRIVATE_KEY } from "./annotation-dictionary.ts";
import { plainText } from "./appearance/rich-text.ts";
import { pdfDate } from "./dates.ts";
import type { FileAnnotation } from "./engine.ts";
import { isComment } from "./import-annotation.ts";
import { richContents } from "./rich-contents.ts";
import { type PdfDictionary, pdfName, type PdfRef } from "./pdf-writer.ts";

export interface CommentChange {
  readonly base: RecordOf<"comment"> | null;
  readonly current: RecordOf<"comment"> | null;
}

/** Bits of /F: printed, neither zoomed nor turned; a state is hidden as well. */
const REPLY = 4 | 8 | 16;
const HIDDEN = 2;

/** `rect`: of the root, as it is written. */
export function commentEntries(
  { id, data, createdAt, updatedAt }: RecordOf<"comment">,
  root: PdfRef,
  rect: readonly number[],
): PdfDictionary {
  const state = data.state === undefined ? undefined : reviewState(data.state);
  return {
    Type: pdfName("Annot"),
    Subtype: pdfName("Text"),
    Rect: rect.length === 4 ? rect : [0, 0, 0, 0],
    NM: id,
    T: data.creatorName,
    Contents: plainText(data.text),
    RC: richContents(data.text),
    CreationDate: createdAt > 0 ? pdfDate(createdAt) : undefined,
    M: updatedAt > 0 ? pdfDate(updatedAt) : undefined,
    F: state === undefined ? REPLY : REPLY | HIDDEN,
    Name: pdfName("Comment"),
    IRT: root,
    RT: pdfName("R"),
    State: state?.state,
    StateModel: state?.model,
    [PRIVATE_KEY]:
      data.custom === undefined && data.mentions === undefined
        ? undefined
        : JSON.stringify({ custom: data.custom, mentions: data.mentions }),
  };
}

/** The ordinal of the reply that a base record was made from. */
export function locateComment(found: readonly FileAnnotation[], { id, data }: RecordOf<"comment">): number | null {
  const match =
    (data.pdfObjectId === undefined ? undefined : found.find((one) => one.objectNumber === data.pdfObjectId && isComment(one))) ??
    found.find((one) => one.name === id && isComment(one));
  return match?.ordinal ?? null;
}
