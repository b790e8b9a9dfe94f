/**
 * Builds: each part becomes a PDF on disk, its actions are done, the parts are put together, the common actions are done, and the outcome is
 * written as what was asked for. All of it in workers, in files that the caller removes.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import type { ComposedPage, Encryption, Finish, FlattenScope, PageText, RedactionMark } from "@lectern/pdf";
import { plainText } from "@lectern/pdf";
import { PatternError, presetPattern, regexPattern } from "@lectern/pdf/search-pattern";
import type {
  AnyRecord,
  BuildAction,
  BuildInstructions,
  BuildOutput,
  BuildPart,
  OcrLanguage,
  PageRange,
  Rect,
  Rotation,
} from "@lectern/protocol";
import { ocrLanguages } from "@lectern/protocol";
import { isImage, SNIFF_BYTES, uploadedKind } from "../convert/kinds.ts";
import type { ChangesFile } from "../documents/changes-file.ts";
import { convertFile } from "../documents/convert.ts";
import { isLinear } from "../documents/download.ts";
import type { DocumentDeps } from "../documents/deps.ts";
import { findsIn, type TextRequest } from "../documents/search.ts";
import type { RenderSource } from "../ports.ts";
import { exchangeChanges } from "./apply-exchange.ts";
import { blankPage } from "./blank-page.ts";
import type { FileAddress } from "./fetched-file.ts";
import type { GivenFile } from "./instructions.ts";
import { markOf } from "./content.ts";
import { standardFont } from "@lectern/pdf/appearance";
import { blankSize, sheetOf } from "./page-layout.ts";
import { turned } from "./page-plan.ts";
import { recognisedPages, withRecognised } from "./recognise.ts";
import { unprocessable } from "./page-operations.ts";

export interface BuildContext {
  readonly deps: DocumentDeps;
  readonly files: ReadonlyMap<string, GivenFile>;
  /** A path for a file of this build, and a name that no other file has. */
  readonly newFile: () => { readonly path: string; readonly sha256: string };
  /** A document's layer as a PDF, written to `target`. */
  readonly document: (
    part: { readonly id: string; readonly layer: string; readonly password: string | null },
    target: string,
    path: string,
  ) => Promise<readonly NumberedMark[]>;
  /** A file by its address; `path`: in the instructions, for errors. */
  readonly fetch: (address: FileAddress, path: string) => Promise<GivenFile>;
  readonly signal: AbortSignal;
}

/** An annotation or widget of a file, by its record. */
export interface NumberedMark {
  readonly id: string;
  readonly objectNumber: number;
}

/** A PDF of the build. */
interface Piece {
  readonly source: RenderSource;
  readonly pageCount: number;
  /** Marks made and not applied, by page. */
  readonly marks: ReadonlyMap<number, readonly RedactionMark[]>;
}

export interface Built {
  readonly source: RenderSource;
  readonly pageCount: number;
}

type Composition = NonNullable<ChangesFile["composition"]>;

/** The PDF that the instructions describe, without what `output` says. Throws ApiError with the failing path. */
export async function built(context: BuildContext, { parts, actions = [] }: BuildInstructions): Promise<Built> {
  const pieces: Piece[] = [];
  const wanted = new Set([...parts.flatMap((part) => part.actions ?? []), ...actions].flatMap(namedMarks));
  for (const [index, part] of parts.entries()) {
    const path = `$.parts[${index}]`;
    let piece = await pieceOf(context, part, { path, wanted });
    if ("pages" in part && part.pages !== undefined) piece = await cut(context, piece, part.pages, path);
    pieces.push(await acted(context, piece, part.actions ?? [], path));
  }
  const whole = await acted(context, await joined(context, pieces), actions, "$");
  if (whole.marks.size > 0) throw unprocessable("$.actions", "redactions are made and not applied: add applyRedactions");
  return whole;
}

/** Copies of pages, with the labels, metadata and passwords that were asked for. */
export async function finished(
  context: BuildContext,
  { source, pageCount }: Built,
  output: Extract<BuildOutput, { type?: "pdf" }>,
): Promise<RenderSource> {
  const { metadata, labels = [], user_password: user = "", owner_password: owner = "", user_permissions: permissions } = output;
  const finish = isLinear(output.optimize ?? {}) ? { linear: true, removeSignatures: false } : null;
  const named = new Map<number, string>();
  for (const { pages, label } of labels) for (const index of rangeOf(pages, pageCount)) named.set(index, label);
  const pages = allPages(pageCount).map((page, index) => ({ ...page, label: named.get(index) ?? String(index + 1) }));
  const isPlain = metadata === undefined && labels.length === 0 && user === "" && owner === "" && permissions === undefined;
  if (isPlain && finish === null) return source;
  if (permissions !== undefined && owner === "") throw unprocessable("$.output.user_permissions", "need an owner_password that lifts them");
  const allows = (name: NonNullable<typeof permissions>[number]): boolean => permissions === undefined || permissions.includes(name);
  const encryption: Encryption | null =
    user === "" && owner === ""
      ? null
      : {
          userPassword: user,
          ownerPassword: owner === "" ? user : owner,
          permissions: {
            print: allows("printing"),
            modification: allows("modification"),
            extract: allows("extract"),
            annotationAndForms: allows("annotations_and_forms"),
            fillForms: allows("fill_forms"),
            extractAccessibility: allows("extract_accessibility"),
            assemble: allows("assemble"),
            printHighQuality: allows("print_high_quality"),
          },
        };
  return composed(context, source, {
    composition: { pages, writeLabels: labels.length > 0, metadata: metadata ?? null, watermarks: [] },
    encryption,
    finish,
  });
}

/** With `language`, what is written in pictures is read, too. */
export async function asText(
  context: BuildContext,
  { source: given, pageCount }: Built,
  output: Extract<BuildOutput, { type: "json-content" }>,
): Promise<object> {
  const { language } = output;
  const source = language === undefined ? given : await withReadText(context, given, { pageCount, language });
  const pages: object[] = [];
  for (let pageIndex = 0; pageIndex < pageCount; pageIndex++) {
    const text = await textOf(context, source, pageIndex);
    pages.push({
      pageIndex,
      ...(output.plainText === false ? {} : { plainText: plainText(text) }),
      ...(output.structuredText === true ? { structuredText: structured(text) } : {}),
      ...(output.tables === false ? {} : { tables: [] }),
    });
  }
  return { pages };
}

/** Inclusive; negative numbers count from the end, -1 is the last page. What lies beyond is left out. */
export function rangeOf({ start = 0, end = -1 }: PageRange, pageCount: number): number[] {
  const at = (index: number): number => (index < 0 ? pageCount + index : index);
  const [first, last] = [Math.max(0, at(start)), Math.min(pageCount - 1, at(end))];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

async function pieceOf(
  context: BuildContext,
  part: BuildPart,
  { path, wanted }: { readonly path: string; readonly wanted: ReadonlySet<string | number> },
): Promise<Piece> {
  if ("page" in part) return blank(context, blankSize(part.layout ?? {}, path), part.pageCount ?? 1);
  if ("document" in part) {
    const file = context.newFile();
    const { id, layer = "" } = part.document;
    const marks = await context.document({ id, layer, password: part.password ?? null }, file.path, `${path}.document`);
    return withNames(context, await piece(context, file), marks, wanted);
  }
  const isHtml = "html" in part;
  const given = await fileOf(context, isHtml ? part.html : part.file, `${path}.${isHtml ? "html" : "file"}`);
  const kind = isHtml
    ? { kind: "html" as const, mediaType: "text/html", extension: ".html" }
    : uploadedKind(await head(given.path), { fileName: given.fileName, mediaType: part.content_type ?? given.mediaType });
  const sheet = sheetOf(part.layout, kind.kind, path);
  if (kind.kind === "pdf") {
    const { sha256 } = context.newFile();
    const password = isHtml ? undefined : part.password;
    // Passwords end here: what is built has those of `output`.
    const source = { path: given.path, sha256, ...(password === undefined ? {} : { password }) };
    const { pageCount } = await context.deps.renderer.probe(source, context.signal);
    const whole: Piece = { source, pageCount, marks: new Map() };
    return wanted.size === 0 ? whole : withNames(context, whole, await marksIn(context, source), wanted);
  }
  const target = context.newFile();
  const beside = isHtml ? await assetsOf(context, part.assets ?? [], path) : [];
  const file = { ...kind, path: given.path, blob: context.newFile().sha256, sheet, beside };
  await convertFile(context.deps, file, target.path, context.signal);
  return piece(context, target);
}

/** Pictures that an HTML page names. */
async function assetsOf({ files }: BuildContext, names: readonly string[], path: string): Promise<{ name: string; path: string }[]> {
  const found: { name: string; path: string }[] = [];
  for (const [index, name] of names.entries()) {
    const file = files.get(name);
    const at = `${path}.assets[${index}]`;
    if (file === undefined) throw unprocessable(at, `the form has no part ${JSON.stringify(name)}`);
    if (!isImage(await head(file.path)))
      throw unprocessable(
        at,
        `${JSON.stringify(name)} is no image: style sheets, fonts and scripts are not taken in, styles stand in the HTML`,
      );
    found.push({ name, path: file.path });
  }
  return found;
}

function namedMarks(action: BuildAction): readonly (string | number)[] {
  return action.type === "flatten" ? (action.annotationIds ?? []) : [];
}

/** Numbers of objects change when files are put together, and ids may follow from the file: names stay with what they were given to. */
function markName(id: string | number): string {
  return typeof id === "string" ? id : `object-${id}`;
}

async function withNames(
  context: BuildContext,
  of: Piece,
  marks: readonly NumberedMark[],
  wanted: ReadonlySet<string | number>,
): Promise<Piece> {
  const names: Record<number, string> = {};
  for (const { id, objectNumber } of marks) {
    const by = wanted.has(id) ? id : wanted.has(objectNumber) ? objectNumber : null;
    if (by !== null) names[objectNumber] = markName(by);
  }
  if (Object.keys(names).length === 0) return of;
  return { ...of, ...(await piece(context, await edited(context, of.source, { changes: [], modifiedAt: null, names }))) };
}

async function marksIn({ deps, newFile, signal }: BuildContext, source: RenderSource): Promise<readonly NumberedMark[]> {
  const list = newFile();
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(source.path)) hash.update(chunk as Uint8Array);
  // The ids are those that the file would have as a document.
  await deps.renderer.prepare({ ...source, sha256: hash.digest("hex") }, { revision: 1, target: list.path, signal });
  return (await readFile(list.path, "utf8")).split("\n").flatMap((line) => {
    const { records = [] } = (line === "" ? {} : JSON.parse(line)) as { readonly records?: readonly AnyRecord[] };
    return numberedMarks(records);
  });
}

export function numberedMarks(records: readonly AnyRecord[]): NumberedMark[] {
  return records.flatMap(({ id, kind, data }) =>
    (kind === "annotation" || kind === "widget") && data.pdfObjectId !== undefined ? [{ id, objectNumber: data.pdfObjectId }] : [],
  );
}

async function edited({ deps, newFile, signal }: BuildContext, source: RenderSource, file: ChangesFile): Promise<RenderSource> {
  const [target, plan] = [newFile(), newFile()];
  await writeFile(plan.path, JSON.stringify(file), { mode: 0o600 });
  await deps.renderer.export(source, { target: target.path, changes: plan.path, annotations: true, flatten: false, signal });
  const { password } = source;
  return { ...target, ...(password === undefined ? {} : { password }) };
}

async function fileOf({ files, fetch }: BuildContext, handle: string | FileAddress, path: string): Promise<GivenFile> {
  if (typeof handle !== "string") return fetch(handle, path);
  const file = files.get(handle);
  if (file === undefined) throw unprocessable(path, `the form has no part ${JSON.stringify(handle)}`);
  return file;
}

async function head(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function piece({ deps, signal }: BuildContext, source: RenderSource): Promise<Piece> {
  return { source, pageCount: (await deps.renderer.probe(source, signal)).pageCount, marks: new Map() };
}

async function blank(context: BuildContext, [width, height]: readonly [number, number], count: number): Promise<Piece> {
  const file = context.newFile();
  await writeFile(file.path, blankPage([width, height], null), { mode: 0o600 });
  const one = await piece(context, file);
  if (count === 1) return one;
  const pages = Array.from({ length: count }, (_, index): ComposedPage => ({ ...pageAt(0, index), file: null, size: [width, height] }));
  return piece(context, await composed(context, one.source, { composition: plainComposition(pages) }));
}

async function cut(context: BuildContext, from: Piece, range: PageRange, path: string): Promise<Piece> {
  const indexes = rangeOf(range, from.pageCount);
  if (indexes.length === 0) throw unprocessable(`${path}.pages`, `holds no page: there are ${from.pageCount}`);
  if (indexes.length === from.pageCount) return from;
  const pages = indexes.map((index, at) => pageAt(index, at));
  return piece(context, await composed(context, from.source, { composition: plainComposition(pages) }));
}

async function joined(context: BuildContext, pieces: readonly Piece[]): Promise<Piece> {
  const [first, ...rest] = pieces;
  if (rest.length === 0 && first!.source.password === undefined) return first!;
  const pages: ComposedPage[] = [];
  const marks = new Map<number, readonly RedactionMark[]>();
  for (const [file, one] of pieces.entries()) {
    for (const [index, here] of one.marks) marks.set(pages.length + index, here);
    for (let index = 0; index < one.pageCount; index++) pages.push({ ...pageAt(index, pages.length), file });
  }
  const whole = await composed(context, first!.source, { composition: plainComposition(pages), others: rest.map(({ source }) => source) });
  return { ...(await piece(context, whole)), marks };
}

async function acted(context: BuildContext, given: Piece, actions: readonly BuildAction[], path: string): Promise<Piece> {
  let now = given;
  for (const [at, action] of actions.entries()) now = await act(context, now, action, `${path}.actions[${at}]`);
  return now;
}

async function act(context: BuildContext, now: Piece, action: BuildAction, path: string): Promise<Piece> {
  const redone = async (source: RenderSource): Promise<Piece> => ({ ...(await piece(context, source)), marks: now.marks });
  switch (action.type) {
    case "rotate": {
      const pages = allPages(now.pageCount).map((page) => ({ ...page, rotation: turned(action.rotateBy) }));
      return redone(await composed(context, now.source, { composition: plainComposition(pages) }));
    }
    case "flatten":
      return redone(
        await composed(context, now.source, {
          composition: plainComposition(allPages(now.pageCount)),
          flatten: true,
          ...(action.annotationIds === undefined || action.annotationIds.length === 0
            ? {}
            : { flattenOnly: { annotations: action.annotationIds.map(markName) } }),
        }),
      );
    case "watermark": {
      const { type: _type, rotation = 0, opacity = 1, ...place } = action;
      const { width, height } = action;
      if (width.value <= 0 || height.value <= 0) throw unprocessable(`${path}.width`, "a watermark needs a size above 0");
      const content =
        "image" in action
          ? { kind: "file" as const, path: (await fileOf(context, action.image, `${path}.image`)).path }
          : {
              kind: "text" as const,
              text: action.text,
              font: standardFont(action.fontFamily, action.fontStyle ?? []),
              fontSize: action.fontSize ?? null,
              color: action.fontColor ?? "#000000",
            };
      const { top, right, bottom, left } = place;
      const sides = Object.fromEntries(Object.entries({ top, right, bottom, left }).filter(([, value]) => value !== undefined));
      const watermark = { width, height, ...sides, rotation, opacity, content };
      const composition = { ...plainComposition(allPages(now.pageCount)), watermarks: [{ watermark, pages: null }] };
      return redone(await composed(context, now.source, { composition }));
    }
    case "createRedactions":
      return { ...now, marks: await found(context, now, action, path) };
    case "applyRedactions": {
      const marks = new Map(now.marks);
      for (const [index, here] of await marksOf(context, now.source)) marks.set(index, [...(marks.get(index) ?? []), ...here]);
      if (marks.size === 0) return now;
      const target = context.newFile();
      await context.deps.renderer.redact(now.source, {
        target: target.path,
        pages: [...marks].map(([index, here]) => ({ index, marks: here })),
        signal: context.signal,
      });
      const { password } = now.source;
      return piece(context, { ...target, ...(password === undefined ? {} : { password }) });
    }
    case "applyInstantJson":
    case "applyXfdf": {
      const { path: file } = await fileOf(context, action.file, `${path}.file`);
      const changes = await exchangeChanges(context, now.source, { format: action.type, file, path });
      return redone(await edited(context, now.source, changes));
    }
    case "ocr":
      return redone(await withReadText(context, now.source, { pageCount: now.pageCount, language: action.language }));
  }
}

async function withReadText(
  context: BuildContext,
  source: RenderSource,
  { pageCount, language }: { readonly pageCount: number; readonly language: OcrLanguage | undefined },
): Promise<RenderSource> {
  const { deps, signal } = context;
  const pages = Array.from({ length: pageCount }, (_, index) => ({ index, rotation: 0 as const }));
  const recognised = await recognisedPages(deps, source, { pages, languages: ocrLanguages(language), signal });
  return recognised.length === 0 ? source : composed(context, source, { composition: withRecognised(pageCount, recognised) });
}

type Create = Extract<BuildAction, { type: "createRedactions" }>;

async function found(context: BuildContext, now: Piece, action: Create, path: string): Promise<Piece["marks"]> {
  const marks = new Map(now.marks);
  const { start = 0, limit = null } = action.strategyOptions;
  const query = queryOf(action, path);
  const { color, fillColor, outlineColor, overlayText, repeatOverlayText } = (action.content ?? {}) as Readonly<Record<string, unknown>>;
  const hex = (value: unknown, otherwise: string | null): string | null =>
    typeof value === "string" && /^#[0-9a-fA-F]{6}$/.test(value) ? value : otherwise;
  const last = limit === null ? now.pageCount : Math.min(now.pageCount, start + limit);
  for (let index = start; index < last; index++) {
    const hits = await findsIn(await textOf(context, now.source, index), { ...query, limit: 10_000 });
    if (hits.length === 0) continue;
    const mark: RedactionMark = {
      rects: hits.flatMap(({ rects }) => rects.map((rect) => [...rect] as Rect)),
      fillColor: hex(fillColor, "#000000"),
      outlineColor: hex(outlineColor, null),
      overlayText: typeof overlayText === "string" ? overlayText : null,
      repeatOverlayText: repeatOverlayText === true,
      color: hex(color, "#ff0000")!,
    };
    marks.set(index, [...(marks.get(index) ?? []), mark]);
  }
  return marks;
}

function queryOf(action: Create, path: string): Omit<TextRequest, "limit"> {
  try {
    if (action.strategy === "text")
      return { query: action.strategyOptions.text, caseSensitive: action.strategyOptions.caseSensitive ?? false };
    if (action.strategy === "preset") return { query: presetPattern(action.strategyOptions.preset) };
    return { query: regexPattern(action.strategyOptions.regex, { caseSensitive: action.strategyOptions.caseSensitive ?? true }) };
  } catch (error) {
    if (error instanceof PatternError) throw unprocessable(`${path}.strategyOptions.regex`, error.message);
    throw error;
  }
}

/** The redaction marks that the file holds. */
async function marksOf(
  { deps, newFile, signal }: BuildContext,
  source: RenderSource,
): Promise<ReadonlyMap<number, readonly RedactionMark[]>> {
  const list = newFile();
  await deps.renderer.prepare(source, { revision: 1, target: list.path, signal });
  const marks = new Map<number, RedactionMark[]>();
  for (const line of (await readFile(list.path, "utf8")).split("\n")) {
    if (line === "") continue;
    const { page, records = [] } = JSON.parse(line) as { readonly page?: number; readonly records?: readonly AnyRecord[] };
    for (const record of records) {
      if (page !== undefined && record.kind === "annotation" && record.data.type === "redaction")
        marks.set(page, [...(marks.get(page) ?? []), markOf(record)]);
    }
  }
  return marks;
}

async function textOf({ deps, signal }: BuildContext, source: RenderSource, index: number): Promise<PageText> {
  return JSON.parse(await deps.renderer.text(source, index, { signal })) as PageText;
}

function structured({ runs }: PageText): object {
  const characters: object[] = [];
  const words: object[] = [];
  const lines: object[] = [];
  let firstWord = 0;
  const box = ([left, top, width, height]: readonly number[]): object => ({ left, top, width, height });
  let line: number[] | null = null;
  for (const { text, bbox, edges, angle, lineEnd } of runs) {
    for (const match of text.matchAll(/\S+/g)) {
      const firstCharacterIndex = characters.length;
      const from = match.index;
      const at = (start: number, end: number): number[] =>
        angle === 0 ? [Math.min(edges[start]!, edges[end]!), bbox[1], Math.abs(edges[end]! - edges[start]!), bbox[3]] : [...bbox];
      for (let i = 0; i < match[0].length; i++) characters.push({ bbox: box(at(from + i, from + i + 1)), value: match[0][i] });
      words.push({
        bbox: box(at(from, from + match[0].length)),
        characterCount: match[0].length,
        firstCharacterIndex,
        isFromDictionary: false,
        value: match[0],
      });
    }
    const [x, y, w, h] = bbox;
    line =
      line === null
        ? [x, y, w, h]
        : [
            Math.min(line[0]!, x),
            Math.min(line[1]!, y),
            Math.max(line[0]! + line[2]!, x + w) - Math.min(line[0]!, x),
            Math.max(line[1]! + line[3]!, y + h) - Math.min(line[1]!, y),
          ];
    if (!lineEnd) continue;
    lines.push({
      bbox: box(line),
      firstWordIndex: firstWord,
      isRTL: false,
      isVertical: angle % 180 !== 0,
      wordCount: words.length - firstWord,
    });
    firstWord = words.length;
    line = null;
  }
  return {
    characters,
    words,
    lines,
    paragraphs: lines.map((each, index) => ({ bbox: (each as { bbox: object }).bbox, firstLineIndex: index, lineCount: 1 })),
  };
}

function pageAt(index: number, at: number): ComposedPage {
  return {
    id: `page ${at}`,
    file: 0,
    index,
    keepsAnnotations: true,
    rotation: 0 as Rotation,
    size: [1, 1],
    crop: null,
    label: String(at + 1),
  };
}

function allPages(count: number): ComposedPage[] {
  return Array.from({ length: count }, (_, index) => pageAt(index, index));
}

function plainComposition(pages: readonly ComposedPage[]): Composition {
  return { pages, writeLabels: false, metadata: null, watermarks: [] };
}

async function composed(
  { deps, newFile, signal }: BuildContext,
  source: RenderSource,
  how: {
    readonly composition: Composition;
    readonly others?: readonly RenderSource[];
    readonly flatten?: boolean;
    readonly flattenOnly?: FlattenScope;
    readonly encryption?: Encryption | null;
    readonly finish?: Finish | null;
  },
): Promise<RenderSource> {
  const [target, plan] = [newFile(), newFile()];
  const { composition, others = [], flatten = false, flattenOnly, encryption = null, finish = null } = how;
  const file: ChangesFile = { changes: [], modifiedAt: null, composition, ...(flattenOnly === undefined ? {} : { flattenOnly }) };
  await writeFile(plan.path, JSON.stringify(file), { mode: 0o600 });
  await deps.renderer.export(source, {
    target: target.path,
    changes: plan.path,
    annotations: true,
    flatten,
    others,
    encryption,
    finish,
    signal,
  });
  return target;
}
