/**
 * XFDF as data of records. What the file says of annotations that no record can be made of is skipped and told; what is malformed is refused with its
 * place. Document types, entities, and what is nested or sized beyond reason are refused before anything of it is used.
 */
import type { Annotation } from "../annotation/annotation.ts";
import type { Comment } from "../comment.ts";
import type { FailingPath } from "../error.ts";
import type { Exchange, ExchangedAnnotation, ExchangedAttachment, ExchangedComment, ExchangedValue } from "../exchange.ts";
import { ID_PATTERN } from "../id.ts";
import { type Checked, checkData } from "../record.ts";
import { commentState } from "../review.ts";
import { annotationData, contentsOf, readOwn } from "./common.ts";
import { childOf } from "./kinds.ts";
import { numbers, type XfdfPages } from "./space.ts";
import { parseXml, XmlError, type XmlElement } from "./xml.ts";

const MOST = 50_000;

interface Element {
  readonly given: XmlElement;
  readonly path: string;
}

/** `lenient`: single entries that are wrong are skipped and told, too. */
export async function readXfdf(
  text: string,
  pages: XfdfPages,
  { lenient = false }: { readonly lenient?: boolean } = {},
): Promise<Checked<Exchange>> {
  let root: XmlElement;
  try {
    root = await parseXml(text);
  } catch (error) {
    if (error instanceof XmlError) return refused("$", `is no XML that is taken: ${error.message}`);
    throw error;
  }
  if (root.name !== "xfdf") return refused("$", `is no XFDF: its element is ${root.name.slice(0, 64)}`);
  const annots = childOf(root, "annots")?.children ?? [];
  if (annots.length > MOST) return refused("/xfdf/annots", `has more than ${MOST} annotations`);
  const reading = new Reading(pages);
  const elements = annots.map((given, index): Element => ({ given, path: `/xfdf/annots/${given.name.slice(0, 64)}[${index}]` }));
  const replies = elements.filter(({ given }) => isReply(given));
  for (const one of elements) if (!isReply(one.given)) reading.annotation(one);
  const parents = new Map(
    replies.flatMap(({ given }) =>
      given.attributes["name"] === undefined ? [] : [[given.attributes["name"], given.attributes["inreplyto"]!]],
    ),
  );
  for (const one of replies) reading.reply(one, parents);
  const values = fieldValues(childOf(root, "fields")?.children ?? [], "", "/xfdf/fields");
  if (values.length > MOST) return refused("/xfdf/fields", `has more than ${MOST} fields`);
  return reading.done(values, lenient);
}

/** Words of a thread. Others that belong together are annotations of their own. */
function isReply({ name, attributes }: XmlElement): boolean {
  return name === "text" && attributes["inreplyto"] !== undefined && attributes["replyType"] !== "group";
}

class Reading {
  readonly #pages: XfdfPages;
  readonly #annotations: ExchangedAnnotation[] = [];
  readonly #ids = new Set<string | null>();
  readonly #comments: ExchangedComment[] = [];
  readonly #attachments = new Map<string, ExchangedAttachment>();
  readonly #skipped: { path: string; reason: string }[] = [];
  readonly #failures: FailingPath[] = [];

  constructor(pages: XfdfPages) {
    this.#pages = pages;
  }

  annotation({ given, path }: Element): void {
    const index = Number(given.attributes["page"] ?? "x");
    const page = this.#pages.idAt(index);
    if (page === null) return void this.#failures.push({ path: `${path}/@page`, details: "there is no such page" });
    const read = annotationData(given, page, this.#pages);
    if (read === null) {
      if (KNOWN.has(given.name)) return void this.#failures.push({ path, details: "its coordinates are missing, or make no sense" });
      return void this.#skipped.push({ path, reason: `annotations of the kind ${given.name.slice(0, 64)} cannot be made here` });
    }
    const checked = checkData("annotation", read.data, path);
    if (!checked.ok) return void this.#failures.push(...checked.failingPaths);
    const picture = read.kind === "image" ? this.#picture(given, path) : null;
    if (picture === undefined) return;
    const fileName = readOwn(given).set?.["fileName"];
    const name = typeof fileName === "string" ? { name: fileName.slice(0, 256) } : {};
    const data = checked.value as Annotation;
    this.#ids.add(idOf(given));
    this.#annotations.push({
      path,
      id: idOf(given),
      pdfObjectId: null,
      // The blob is put in its place when the picture is known.
      data: picture === null ? data : { ...data, attachment: { blob: "0".repeat(64), mediaType: "image/png", ...name } },
      attachment: picture,
    });
  }

  /** Its key; null when it has none, undefined when that was told as wrong. */
  #picture(given: XmlElement, path: string): string | null | undefined {
    const text = childOf(given, "imagedata")?.text.trim() ?? "";
    if (text === "") return null;
    const [head = "", base64] = text.split(",", 2);
    if (base64 === undefined || !/^data:[\w.+/-]*;base64$/.test(head)) {
      this.#failures.push({ path: `${path}/imagedata`, details: "is not a data URL in base64" });
      return undefined;
    }
    const key = `picture ${this.#attachments.size}`;
    this.#attachments.set(key, { path: `${path}/imagedata`, base64, mediaType: head.slice(5, -7) });
    return key;
  }

  reply({ given, path }: Element, parents: ReadonlyMap<string, string>): void {
    let root = given.attributes["inreplyto"]!;
    for (const seen = new Set<string>(); parents.has(root); root = parents.get(root)!) {
      if (seen.has(root)) return void this.#skipped.push({ path, reason: "answers itself" });
      seen.add(root);
    }
    if (!this.#ids.has(root))
      return void this.#skipped.push({ path, reason: "answers an annotation that the file does not have, or that cannot be made here" });
    const { state } = given.attributes;
    const told = commentState(state) ?? undefined;
    const text = { format: "plain", value: contentsOf(given) ?? "" };
    const set = readOwn(given).set ?? {};
    const data = {
      text: set["text"] ?? text,
      creatorName: given.attributes["title"],
      custom: set["custom"],
      mentions: set["mentions"],
      state: told,
    };
    if (told === undefined && text.value.trim() === "" && set["text"] === undefined)
      return void this.#skipped.push({
        path,
        reason: state === undefined ? "says nothing" : `the state ${state.slice(0, 64)} has no meaning here`,
      });
    const checked = checkData(
      "comment",
      { root: "root", ...Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)) },
      path,
    );
    if (!checked.ok) return void this.#failures.push(...checked.failingPaths);
    const { root: _root, ...kept } = checked.value as Comment;
    this.#comments.push({ path, id: idOf(given), root, data: kept });
  }

  done(values: readonly ExchangedValue[], lenient: boolean): Checked<Exchange> {
    if (lenient) this.#skipped.push(...this.#failures.map(({ path, details }) => ({ path, reason: details })));
    else if (this.#failures.length > 0) return { ok: false, failingPaths: this.#failures };
    return {
      ok: true,
      value: {
        annotations: this.#annotations,
        comments: this.#comments,
        bookmarks: [],
        values,
        fields: [],
        widgets: [],
        attachments: this.#attachments,
        deletedObjects: [],
        pdfId: null,
        skipped: this.#skipped,
      },
    };
  }
}

const KNOWN: ReadonlySet<string> = new Set(
  "highlight underline strikeout squiggly redact ink freetext text square circle line polyline polygon link".split(" "),
);

function idOf({ attributes }: XmlElement): string | null {
  const { name } = attributes;
  return name !== undefined && ID_PATTERN.test(name) ? name : null;
}

function fieldValues(elements: readonly XmlElement[], prefix: string, path: string): ExchangedValue[] {
  return elements.flatMap((given, index): ExchangedValue[] => {
    const at = `${path}/field[${index}]`;
    const part = given.attributes["name"];
    if (given.name !== "field" || part === undefined || part === "") return [];
    const name = prefix === "" ? part : `${prefix}.${part}`;
    const values = given.children.filter((child) => child.name === "value").map(({ text }) => text);
    const below = fieldValues(given.children, name, at);
    if (values.length === 0 && below.length > 0) return below;
    const indexes = numbers(given.attributes["lectern:indexes"]);
    const own: ExchangedValue = {
      path: at,
      name,
      value: values.length === 0 ? null : values.length === 1 ? values[0]! : values,
      ...(indexes === null ? {} : { optionIndexes: indexes.filter((each) => Number.isInteger(each) && each >= 0) }),
    };
    return [own, ...below];
  });
}

function refused(path: string, details: string): Checked<Exchange> {
  return { ok: false, failingPaths: [{ path, details }] };
}
