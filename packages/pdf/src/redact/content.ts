/**
 * Rewrites a content stream without what lies under marks: glyphs are taken out of their strings, paths are cut, images lose their pixels, forms
 * are rewritten in turn. Everything else stays byte for byte. What is hidden (invisible text, optional content, text outside of a clip) is
 * treated like what is seen. Operators: ISO 32000-2, annex A.
 */
import type { ObjectFile } from "../objects/file.ts";
import { type Codec, decodeStream } from "../objects/filters.ts";
import { isKeyword, latin, Lexer } from "../objects/lexer.ts";
import {
  isDict,
  isName,
  isRef,
  isStream,
  isString,
  nameOf,
  objectText,
  type PdfDict,
  type PdfObject,
  type PdfStreamValue,
} from "../objects/values.ts";
import { type Box, covers, IDENTITY, type Matrix, multiply, quadOf, within } from "./geometry.ts";
import { type GlyphFont, glyphFont } from "./glyphs.ts";
import { PathPen } from "./path.ts";

/** The content cannot be understood well enough to promise anything. */
export class Unreadable extends Error {}

export interface RewriteContext {
  readonly file: ObjectFile;
  readonly codec: Codec;
  /** In the space of the page. */
  readonly boxes: readonly Box[];
  /** Marked content that lost something. */
  readonly touched: Set<number>;
  /** Object numbers of images, forms and states that this content does not name any more. */
  readonly forgotten: Set<number>;
  /** The image without what lies under the boxes; null: nothing is left of it. */
  readonly cutImage: (image: PdfStreamValue, matrix: Matrix) => PdfObject | null;
}

export interface Rewritten {
  /** Null: nothing had to go. */
  readonly content: Uint8Array | null;
  readonly resources: PdfDict;
}

const MAX_DEPTH = 16;
const PERMANENT = ["ActualText", "Alt", "E"];

interface State {
  ctm: Matrix;
  font: GlyphFont | null;
  size: number;
  charSpace: number;
  wordSpace: number;
  stretch: number;
  leading: number;
  rise: number;
  lineWidth: number;
  /** Names of the patterns that fill and stroke; null: a plain colour does. */
  fillPattern: string | null;
  strokePattern: string | null;
}

const START: Omit<State, "ctm"> = {
  font: null,
  size: 0,
  charSpace: 0,
  wordSpace: 0,
  stretch: 1,
  leading: 0,
  rise: 0,
  lineWidth: 1,
  fillPattern: null,
  strokePattern: null,
};

interface MarkedContent {
  readonly part: number;
  readonly tag: string;
  readonly properties: PdfDict | null;
  /** Of the resource that the properties are; null: they stand in the content. */
  readonly name: string | null;
  dirty: boolean;
}

/** Throws Unreadable. */
export function rewriteContent(
  context: RewriteContext,
  {
    content,
    resources,
    ctm,
    depth = 0,
  }: { readonly content: Uint8Array; readonly resources: PdfDict; readonly ctm: Matrix; readonly depth?: number },
): Rewritten {
  if (depth > MAX_DEPTH) throw new Unreadable("forms within forms");
  return new Rewriter(context, content, { resources, ctm, depth }).run();
}

class Rewriter {
  readonly #context: RewriteContext;
  readonly #bytes: Uint8Array;
  readonly #lexer: Lexer;
  readonly #depth: number;
  #resources: PdfDict;
  /** Pieces of the new content; `null` until something changes would save nothing: slices are cheap. */
  readonly #parts: (string | Uint8Array)[] = [];
  #changed = false;
  #state: State;
  readonly #saved: State[] = [];
  #tm: Matrix = IDENTITY;
  #tlm: Matrix = IDENTITY;
  readonly #path: PathPen;
  /** Place of the path's first operator in `parts`. */
  #pathStart: number | null = null;
  #clip: string | null = null;
  readonly #marked: MarkedContent[] = [];
  readonly #fonts = new Map<string, GlyphFont>();
  #names = 0;
  /** Resources that what is kept of the content still names, and those that were named where something went. */
  readonly #kept = new Set<string>();
  readonly #dropped = new Set<string>();

  constructor(
    context: RewriteContext,
    bytes: Uint8Array,
    start: { readonly resources: PdfDict; readonly ctm: Matrix; readonly depth: number },
  ) {
    this.#context = context;
    this.#bytes = bytes;
    this.#lexer = new Lexer(bytes, 0, { references: false });
    this.#resources = start.resources;
    this.#depth = start.depth;
    this.#state = { ...START, ctm: start.ctm };
    this.#path = new PathPen(context.boxes);
  }

  run(): Rewritten {
    let operands: PdfObject[] = [];
    let start = 0;
    for (;;) {
      const token = this.#lexer.next();
      if (token === undefined) break;
      if (!isKeyword(token)) {
        operands.push(token);
        continue;
      }
      const place = this.#parts.length;
      if (token.keyword === "BI") this.#inlineImage(start);
      else {
        const raw = this.#bytes.subarray(start, this.#lexer.at);
        this.#parts.push(raw);
        this.#operator(token.keyword, operands, place);
      }
      operands = [];
      start = this.#lexer.at;
    }
    this.#parts.push(this.#bytes.subarray(start));
    for (const open of this.#marked) this.#close(open);
    if (!this.#changed) return { content: null, resources: this.#resources };
    this.#forgetDropped();
    return { content: joinParts(this.#parts), resources: this.#resources };
  }

  #operator(op: string, o: readonly PdfObject[], place: number): void {
    const s = this.#state;
    const n = (index: number): number => (typeof o[index] === "number" ? o[index] : 0);
    switch (op) {
      case "q":
        this.#saved.push({ ...s });
        return;
      case "Q":
        this.#state = this.#saved.pop() ?? s;
        return;
      case "cm":
        s.ctm = multiply([n(0), n(1), n(2), n(3), n(4), n(5)], s.ctm);
        return;
      case "w":
        s.lineWidth = n(0);
        return;
      case "gs":
        return this.#graphicsState(o[0], place);
      case "cs":
      case "g":
      case "rg":
      case "k":
        s.fillPattern = null;
        return;
      case "CS":
      case "G":
      case "RG":
      case "K":
        s.strokePattern = null;
        return;
      case "scn":
        s.fillPattern = patternOf(o);
        return;
      case "SCN":
        s.strokePattern = patternOf(o);
        return;
      case "m":
      case "l":
      case "c":
      case "v":
      case "y":
      case "h":
      case "re":
        this.#pathStart ??= place;
        this.#path.segment(
          op,
          o.map((value) => (typeof value === "number" ? value : 0)),
          s.ctm,
        );
        return;
      case "W":
      case "W*":
        this.#pathStart ??= place;
        this.#clip = op;
        return;
      case "n":
      case "S":
      case "s":
      case "f":
      case "F":
      case "f*":
      case "B":
      case "B*":
      case "b":
      case "b*":
        return this.#paint(op, place);
      case "Do":
        return this.#draw(o[0], place);
      case "BDC":
        this.#marked.push({
          part: place,
          tag: isName(o[0]) ? o[0].value : "",
          properties: this.#properties(o[1]),
          name: isName(o[1]) ? o[1].value : null,
          dirty: false,
        });
        return;
      case "BMC":
        this.#marked.push({ part: place, tag: "", properties: null, name: null, dirty: false });
        return;
      case "EMC": {
        const open = this.#marked.pop();
        if (open !== undefined) this.#close(open);
        return;
      }
      default:
        return this.#text(op, o, place);
    }
  }

  #text(op: string, o: readonly PdfObject[], place: number): void {
    const s = this.#state;
    const n = (index: number): number => (typeof o[index] === "number" ? o[index] : 0);
    switch (op) {
      case "BT":
        this.#tm = this.#tlm = IDENTITY;
        return;
      case "Tf":
        s.font = isName(o[0]) ? this.#font(o[0].value) : null;
        s.size = n(1);
        return;
      case "Tc":
        s.charSpace = n(0);
        return;
      case "Tw":
        s.wordSpace = n(0);
        return;
      case "Tz":
        s.stretch = n(0) / 100;
        return;
      case "TL":
        s.leading = n(0);
        return;
      case "Ts":
        s.rise = n(0);
        return;
      case "Td":
        return this.#newLine(n(0), n(1));
      case "TD":
        s.leading = -n(1);
        return this.#newLine(n(0), n(1));
      case "Tm":
        this.#tm = this.#tlm = [n(0), n(1), n(2), n(3), n(4), n(5)];
        return;
      case "T*":
        return this.#newLine(0, -s.leading);
      case "Tj":
        return this.#show(o[0] === undefined ? [] : [o[0]], place, "");
      case "TJ":
        return this.#show(Array.isArray(o[0]) ? o[0] : [], place, "");
      case "'":
        this.#newLine(0, -s.leading);
        return this.#show(o[0] === undefined ? [] : [o[0]], place, "T* ");
      case '"':
        s.wordSpace = n(0);
        s.charSpace = n(1);
        this.#newLine(0, -s.leading);
        return this.#show(o[2] === undefined ? [] : [o[2]], place, `${objectText(n(0))} Tw ${objectText(n(1))} Tc T* `);
    }
  }

  #newLine(x: number, y: number): void {
    this.#tm = this.#tlm = multiply([1, 0, 0, 1, x, y], this.#tlm);
  }

  #show(items: readonly PdfObject[], place: number, before: string): void {
    const { font, size, charSpace, wordSpace, stretch, rise, ctm } = this.#state;
    if (font === null) {
      if (items.some((item) => isString(item) && item.value !== "")) throw new Unreadable("text without a font");
      return;
    }
    const out: PdfObject[] = [];
    let removed = false;
    const move = (distance: number): void => {
      this.#tm = multiply([1, 0, 0, 1, font.vertical ? 0 : distance * stretch, font.vertical ? distance : 0], this.#tm);
    };
    const adjust = (thousandths: number): void => {
      const last = out.at(-1);
      if (typeof last === "number") out[out.length - 1] = last + thousandths;
      else out.push(thousandths);
    };
    for (const item of items) {
      if (typeof item === "number") {
        out.push(item);
        move((-item / 1000) * size);
        continue;
      }
      if (!isString(item)) continue;
      let kept = "";
      for (const glyph of font.glyphs(item.value)) {
        const matrix = multiply(multiply([size * stretch, 0, 0, size, 0, rise], this.#tm), ctm);
        const advance = this.#advanceOf(glyph.advance, matrix);
        const width = Math.abs(advance) < 0.02 ? 0.1 : advance;
        const quad = font.vertical
          ? quadOf(matrix, -0.4, width * 0.95, 0.4, width * 0.05)
          : quadOf(matrix, width * 0.05, font.bottom, width * 0.95, font.top);
        const step = advance * size + charSpace + (glyph.isSpace ? wordSpace : 0);
        if (this.#context.boxes.some((box) => covers(quad, box))) {
          removed = true;
          if (kept !== "") out.push({ kind: "string", value: kept });
          kept = "";
          if (size !== 0) adjust((-step / size) * 1000);
        } else kept += glyph.bytes;
        move(step);
      }
      if (kept !== "") out.push({ kind: "string", value: kept });
    }
    const { fillPattern, strokePattern } = this.#state;
    if (out.some((item) => isString(item))) this.#keepPatterns(fillPattern, strokePattern);
    if (!removed) return;
    this.#dropPatterns(fillPattern, strokePattern);
    this.#replace(place, `\n${before}${objectText(out)} TJ\n`);
    for (const open of this.#marked) open.dirty = true;
  }

  /** A font that does not tell its widths is no matter as long as its line keeps away from the marks. */
  #advanceOf(advance: number | null, matrix: Matrix): number {
    if (advance !== null) return advance;
    const line = quadOf(matrix, -1, -0.3, 400, 1);
    if (this.#context.boxes.some((box) => covers(line, box))) throw new Unreadable("text in a font of unknown widths");
    return 0.5;
  }

  #font(name: string): GlyphFont {
    const known = this.#fonts.get(name);
    if (known !== undefined) return known;
    const { file, codec } = this.#context;
    const font = glyphFont(file, file.dict(this.#resources.get("Font")).get(name), codec);
    this.#fonts.set(name, font);
    return font;
  }

  #paint(op: string, place: number): void {
    const start = this.#pathStart ?? place;
    const { ctm, lineWidth, fillPattern, strokePattern } = this.#state;
    const painted = this.#path.finish(op, { ctm, lineWidth, patterned: fillPattern !== null });
    const fills = /^[fFBb]/.test(op) ? fillPattern : null;
    const strokes = /^[SsBb]/.test(op) ? strokePattern : null;
    if (painted === null) this.#keepPatterns(fills, strokes);
    else {
      // What is left of it is its stroke.
      this.#keepPatterns(strokes);
      this.#dropPatterns(fills);
    }
    const clip = this.#clip;
    const hiddenClip = clip !== null && this.#path.points.length > 0 && this.#context.boxes.some((box) => within(this.#path.points, box));
    this.#path.clear();
    this.#pathStart = this.#clip = null;
    if (painted === null && !hiddenClip) return;
    const raw = this.#parts.splice(start, this.#parts.length - start);
    this.#changed = true;
    // Painting comes before clipping takes effect, and both used one path.
    if (painted === null) this.#parts.push("\n");
    else this.#parts.push(`\n${painted}\n`);
    if (clip !== null && hiddenClip) this.#parts.push("0 0 0 0 re W n\n");
    else if (clip !== null) this.#parts.push(...raw.slice(0, -1), " n\n");
    if (painted !== null) for (const open of this.#marked) open.dirty = true;
  }

  #draw(name: PdfObject | undefined, place: number): void {
    const { file } = this.#context;
    const xobjects = file.dict(this.#resources.get("XObject"));
    const object = isName(name) ? file.resolve(xobjects.get(name.value)) : null;
    if (!isStream(object)) return;
    const subtype = file.name(object.dict.get("Subtype"));
    const key = `XObject ${(name as { value: string }).value}`;
    const keep = (): void => void this.#kept.add(key);
    if (subtype === "Image") {
      const { ctm, fillPattern } = this.#state;
      const quad = quadOf(ctm, 0, 0, 1, 1);
      this.#keepPatterns(fillPattern);
      if (!this.#context.boxes.some((box) => covers(quad, box))) return keep();
      this.#dropped.add(key);
      const cut = this.#context.boxes.some((box) => within(quad, box)) ? null : this.#context.cutImage(object, ctm);
      if (cut === null) this.#replace(place, "\n");
      else this.#replace(place, `\n${objectText(nameOf(this.#addResource("XObject", file.add(cut))))} Do\n`);
      for (const open of this.#marked) open.dirty = true;
    } else if (subtype === "Form") {
      const form = this.#form(object);
      if (form === null) return keep();
      this.#dropped.add(key);
      this.#replace(place, `\n${objectText(nameOf(this.#addResource("XObject", file.add(form))))} Do\n`);
    }
  }

  /** Null: nothing in it had to go. */
  #form(form: PdfStreamValue): PdfStreamValue | null {
    const { file, codec } = this.#context;
    const content = decodeStream(file, form, codec);
    if (content === null) throw new Unreadable("a form that cannot be decoded");
    const m = file.numbers(form.dict.get("Matrix"));
    const matrix: Matrix = m.length === 6 ? [m[0]!, m[1]!, m[2]!, m[3]!, m[4]!, m[5]!] : IDENTITY;
    const own = file.resolve(form.dict.get("Resources"));
    const rewritten = rewriteContent(this.#context, {
      content,
      resources: isDict(own) ? own : this.#resources,
      ctm: multiply(matrix, this.#state.ctm),
      depth: this.#depth + 1,
    });
    if (rewritten.content === null) return null;
    for (const open of this.#marked) open.dirty = true;
    const dict: PdfDict = new Map(form.dict);
    for (const key of ["DecodeParms", "PieceInfo", "Metadata"]) dict.delete(key);
    dict.set("Filter", nameOf("FlateDecode"));
    dict.set("Resources", rewritten.resources);
    return { kind: "stream", dict, data: codec.deflate(rewritten.content) };
  }

  #graphicsState(name: PdfObject | undefined, place: number): void {
    const { file } = this.#context;
    const state = isName(name) ? file.dict(file.dict(this.#resources.get("ExtGState")).get(name.value)) : new Map<string, PdfObject>();
    if (state.has("LW")) this.#state.lineWidth = file.number(state.get("LW"), 1);
    const font = file.array(state.get("Font"));
    if (font.length === 2) {
      this.#state.font = glyphFont(file, font[0], this.#context.codec);
      this.#state.size = file.number(font[1], 0);
    }
    const mask = file.resolve(state.get("SMask"));
    const group = isDict(mask) ? file.resolve(mask.get("G")) : null;
    if (!isDict(mask) || !isStream(group)) return;
    const key = `ExtGState ${isName(name) ? name.value : ""}`;
    const form = this.#form(group);
    if (form === null) return void this.#kept.add(key);
    this.#dropped.add(key);
    const changed: PdfDict = new Map(state);
    changed.set("SMask", new Map(mask).set("G", file.add(form)));
    this.#replace(place, `\n${objectText(nameOf(this.#addResource("ExtGState", changed)))} gs\n`);
  }

  #properties(object: PdfObject | undefined): PdfDict | null {
    const { file } = this.#context;
    if (isName(object)) return file.dict(file.dict(this.#resources.get("Properties")).get(object.value));
    return isDict(object) ? object : null;
  }

  #close({ part, tag, properties, name, dirty }: MarkedContent): void {
    const keep = (): void => void (name === null || this.#kept.add(`Properties ${name}`));
    if (!dirty || properties === null || tag === "OC") return keep();
    const { file, touched } = this.#context;
    const id = file.resolve(properties.get("MCID"));
    if (typeof id === "number") touched.add(id);
    if (!PERMANENT.some((key) => properties.has(key))) return keep();
    if (name !== null) this.#dropped.add(`Properties ${name}`);
    const rest: PdfDict = new Map([...properties].filter(([key]) => !PERMANENT.includes(key)));
    this.#parts[part] = `\n${objectText(nameOf(tag))} ${objectText(rest)} BDC\n`;
    this.#changed = true;
  }

  #inlineImage(start: number): void {
    const end = inlineEnd(this.#bytes, this.#lexer.at);
    this.#lexer.at = end;
    const quad = quadOf(this.#state.ctm, 0, 0, 1, 1);
    if (this.#context.boxes.some((box) => covers(quad, box))) {
      this.#changed = true;
      this.#parts.push("\n");
      for (const open of this.#marked) open.dirty = true;
    } else this.#parts.push(this.#bytes.subarray(start, end));
  }

  #keepPatterns(...names: readonly (string | null)[]): void {
    for (const name of names) if (name !== null) this.#kept.add(`Pattern ${name}`);
  }

  #dropPatterns(...names: readonly (string | null)[]): void {
    for (const name of names) if (name !== null) this.#dropped.add(`Pattern ${name}`);
  }

  #addResource(kind: string, object: PdfObject): string {
    const { file } = this.#context;
    const known = file.dict(this.#resources.get(kind));
    let name = `Lectern${this.#names++}`;
    while (known.has(name)) name = `Lectern${this.#names++}`;
    // Other pages may share these dictionaries.
    this.#resources = new Map(this.#resources).set(kind, new Map(known).set(name, object));
    return name;
  }

  /** What was replaced everywhere is not named any more, so that it leaves the file. */
  #forgetDropped(): void {
    const { file, forgotten } = this.#context;
    for (const key of this.#dropped) {
      if (this.#kept.has(key)) continue;
      const [kind, name] = [key.slice(0, key.indexOf(" ")), key.slice(key.indexOf(" ") + 1)];
      const known: PdfDict = new Map(file.dict(this.#resources.get(kind)));
      const object = known.get(name);
      if (isRef(object)) forgotten.add(object.number);
      known.delete(name);
      this.#resources = new Map(this.#resources).set(kind, known);
    }
  }

  #replace(place: number, text: string): void {
    this.#parts[place] = text;
    this.#changed = true;
  }
}

function patternOf(operands: readonly PdfObject[]): string | null {
  const last = operands.at(-1);
  return isName(last) ? last.value : null;
}

/** Behind `EI`: the first that stands alone and is followed by something that reads like content. */
function inlineEnd(bytes: Uint8Array, from: number): number {
  const lexer = new Lexer(bytes, from, { references: false });
  for (let token = lexer.next(); token !== undefined && !isKeyword(token, "ID"); token = lexer.next()) if (isKeyword(token)) break;
  const isSpace = (byte: number | undefined): boolean =>
    byte === undefined || byte === 10 || byte === 13 || byte === 32 || byte === 9 || byte === 0;
  for (let at = lexer.at + 1; at < bytes.length; at++) {
    if (bytes[at] !== 0x45 || bytes[at + 1] !== 0x49 || !isSpace(bytes[at - 1]) || !isSpace(bytes[at + 2])) continue;
    // oxlint-disable-next-line no-control-regex
    if (/^[\s\x20-\x7e]*$/.test(latin(bytes, at + 2, Math.min(bytes.length, at + 14)))) return at + 2;
  }
  throw new Unreadable("an inline image without an end");
}

function joinParts(parts: readonly (string | Uint8Array)[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    if (typeof part === "string") for (let i = 0; i < part.length; i++) bytes[at + i] = part.charCodeAt(i);
    else bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
