/** A document's records as XFDF (ISO 19444-1): annotations, threads as replies, values of form fields. Pure. */
import type { AnyRecord, RecordOf } from "../record.ts";
import { wordsOf } from "../mention.ts";
import { drawingOrder } from "../order.ts";
import { reviewState } from "../review.ts";
import { annotationElement, OWN_NAMESPACE, ownElement, pdfDate } from "./common.ts";
import type { XfdfPages } from "./space.ts";
import { userSpace } from "./space.ts";
import { element, writeXml, type XmlElement } from "./xml.ts";

export interface XfdfOptions {
  /** Pictures by SHA-256. */
  readonly attachments: ReadonlyMap<string, { readonly base64: string; readonly mediaType: string }>;
}

/** `records`: what the reader may see. Kinds that the format has no word for are left out. */
export function writeXfdf(records: readonly AnyRecord[], pages: XfdfPages, { attachments }: XfdfOptions): string {
  const annotations = records.flatMap((record) => (record.kind === "annotation" ? [record] : []));
  const comments = records.flatMap((record) => (record.kind === "comment" ? [record] : []));
  const place = ({ data }: RecordOf<"annotation">): number => (data.page === null ? -1 : (pages.indexOf(data.page) ?? 0));
  annotations.sort((a, b) => place(a) - place(b) || compare(drawingOrder(a), drawingOrder(b)) || a.seq - b.seq || compare(a.id, b.id));
  comments.sort((a, b) => a.createdAt - b.createdAt || compare(a.id, b.id));
  const replies = new Map<string, RecordOf<"comment">[]>();
  for (const comment of comments) replies.set(comment.data.root, [...(replies.get(comment.data.root) ?? []), comment]);
  const annots = annotations.flatMap((record) => {
    const { data } = record;
    const picture = data.type === "image" && data.attachment !== undefined ? attachments.get(data.attachment.blob) : undefined;
    const extra = picture === undefined ? [] : [element("imagedata", {}, [], `data:${picture.mediaType};base64,${picture.base64}`)];
    const written = annotationElement(record, data, pages, extra);
    return written === null ? [] : [written, ...(replies.get(record.id) ?? []).map((comment) => reply(comment, record, pages))];
  });
  const root = element("xfdf", { xmlns: "http://ns.adobe.com/xfdf/", "xml:space": "preserve", "xmlns:lectern": OWN_NAMESPACE }, [
    element("annots", {}, annots),
    element("fields", {}, fields(records)),
  ]);
  return writeXml(root);
}

function reply(comment: RecordOf<"comment">, root: RecordOf<"annotation">, pages: XfdfPages): XmlElement {
  const { text, creatorName, custom, mentions, state } = comment.data;
  const page = root.data.page ?? pages.idAt(0)!;
  const words = wordsOf(text);
  const set = {
    ...(text.format === "plain" && words === text.value && element("x", {}, [], words).text === words ? {} : { text }),
    ...(custom === undefined ? {} : { custom }),
    ...(mentions === undefined ? {} : { mentions }),
  };
  return element(
    "text",
    {
      page: pages.indexOf(page) ?? 0,
      rect: userSpace(pages.origin(page)).rect(root.data.geometry.bbox),
      name: comment.id,
      title: creatorName,
      inreplyto: root.id,
      replyType: "reply",
      creationdate: pdfDate(comment.createdAt),
      date: pdfDate(comment.updatedAt),
      flags: "print,nozoom,norotate",
      ...(state === undefined ? {} : { statemodel: reviewState(state).model, state: reviewState(state).state }),
    },
    [element("contents", {}, [], words), Object.keys(set).length === 0 ? null : ownElement({ set })],
  );
}

interface FieldNode {
  readonly children: Map<string, FieldNode>;
  values: readonly string[] | null;
  indexes: readonly number[] | undefined;
}

/** Names are paths: `order.total` is the field `total` in the field `order`. */
function fields(records: readonly AnyRecord[]): XmlElement[] {
  const names = new Map(records.flatMap((record) => (record.kind === "field" ? [[record.id, record.data] as const] : [])));
  const root: FieldNode = { children: new Map(), values: null, indexes: undefined };
  for (const record of records) {
    const field = record.kind === "value" ? names.get(record.data.field) : undefined;
    if (record.kind !== "value" || field === undefined || field.type === "button" || field.type === "signature") continue;
    let node = root;
    for (const part of field.name.split(".")) {
      const next: FieldNode = node.children.get(part) ?? { children: new Map(), values: null, indexes: undefined };
      node.children.set(part, next);
      node = next;
    }
    const { value, optionIndexes } = record.data;
    node.values = value === null ? [] : typeof value === "string" ? [value] : value;
    node.indexes = optionIndexes;
  }
  const written = (nodes: ReadonlyMap<string, FieldNode>): XmlElement[] =>
    [...nodes]
      .toSorted(([a], [b]) => compare(a, b))
      .map(([name, { children, values, indexes }]) =>
        element("field", { name, "lectern:indexes": indexes?.join(",") }, [
          ...(values ?? []).map((value) => element("value", {}, [], value)),
          ...written(children),
        ]),
      );
  return written(root.children);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
