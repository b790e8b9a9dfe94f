/** Text, Markdown, HTML and e-mail → PDF. */
import { readFile, stat } from "node:fs/promises";
import { marked } from "marked";
import PostalMime, { type Address, type Attachment, type Email } from "postal-mime";
import sharp from "sharp";
import { ApiError } from "@lectern/protocol/plain";
import type { ConvertOptions, Sheet } from "../ports.ts";
import { htmlContent } from "./html.ts";
import type { FileKind } from "./kinds.ts";
import { type Block, MAX_TEXT_BYTES, type Paper, paper, requireReadableSize } from "./paper.ts";

export type WrittenKind = Extract<FileKind, "html" | "markdown" | "text" | "email">;

/** With its attachments. */
const MAX_EMAIL_BYTES = 60_000_000;
const MAX_IMAGE_PIXELS = 50_000_000;
/** Of one document: what is more is left out. */
const MAX_IMAGES = 500;

export type WrittenOptions = Pick<ConvertOptions, "sheet" | "beside">;

/** Throws ApiError `too_large`, `invalid_document`. */
export async function writtenToPdf(path: string, kind: WrittenKind, { sheet = null, beside = [] }: WrittenOptions = {}): Promise<Paper> {
  const { size } = await stat(path);
  if (kind !== "email") requireReadableSize(size);
  else if (size > MAX_EMAIL_BYTES)
    throw new ApiError("too_large", `E-mails of more than ${MAX_EMAIL_BYTES / 1_000_000} MB are not converted`);
  const bytes = await readFile(path);
  switch (kind) {
    case "text":
      return paper({ title: null, blocks: linesOf(decoded(bytes)) }, sheet);
    case "markdown":
      return htmlPaper(await marked.parse(decoded(bytes), { gfm: true }), { image: dataImage, sheet });
    case "html": {
      const paths = new Map(beside.map(({ name, path: image }) => [name, image]));
      const image = async (src: string): Promise<Uint8Array | null> => {
        const file = paths.get(fileName(src));
        return file === undefined ? dataImage(src) : readFile(file);
      };
      return htmlPaper(decoded(bytes, charsetOf(bytes)), { image, sheet });
    }
    case "email":
      return emailPaper(bytes, sheet);
  }
}

/** As its mark says, else UTF-8, else Windows-1252, in which every byte means something. */
function decoded(bytes: Uint8Array, charset: string | null = null): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  if (charset !== null) {
    try {
      return new TextDecoder(charset).decode(bytes);
    } catch {
      // An encoding that nobody knows says nothing.
    }
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** What `<meta charset>` says in the first kilobyte. */
function charsetOf(bytes: Uint8Array): string | null {
  const head = Buffer.from(bytes.subarray(0, 1024)).toString("latin1");
  return /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/i.exec(head)?.[1] ?? null;
}

/** Paragraphs of a hundred lines: one of a million would be laid out as a whole. */
const LINES_A_BLOCK = 100;

function linesOf(text: string): readonly Block[] {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  return Array.from({ length: Math.ceil(lines.length / LINES_A_BLOCK) }, (_, n): Block => {
    const part = lines.slice(n * LINES_A_BLOCK, (n + 1) * LINES_A_BLOCK);
    return { kind: "lines", text: part.map((line) => (line === "" ? " " : line)).join("\n") };
  });
}

async function htmlPaper(
  html: string,
  {
    image,
    sheet,
    before = [],
    title = null,
  }: {
    /** Bytes of what a `src` names; null: it is elsewhere. */
    readonly image: (src: string) => Uint8Array | null | Promise<Uint8Array | null>;
    readonly sheet: Sheet | null;
    readonly before?: readonly Block[];
    readonly title?: string | null;
  },
): Promise<Paper> {
  requireReadableSize(Buffer.byteLength(html.replace(/\bdata:[\w/+.-]+;base64,[\w+/=\s]+/g, "")));
  let images = 0;
  const content = await htmlContent(html, { image: async (src) => (images++ < MAX_IMAGES ? imageData(await image(src)) : null) });
  return paper({ title: title ?? content.title, blocks: [...before, ...content.blocks] }, sheet);
}

function dataImage(src: string): Uint8Array | null {
  const inline = /^data:image\/[\w.+-]+;base64,([\w+/=\s]+)$/i.exec(src)?.[1];
  return inline === undefined ? null : Buffer.from(inline, "base64");
}

/** Of an address that names a file beside the page. */
function fileName(src: string): string {
  const name = src.trim().replace(/^\.\//, "");
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** As PNG or JPEG, which is what the writer takes; null for what is elsewhere or cannot be read. */
async function imageData(bytes: Uint8Array | null): Promise<string | null> {
  if (bytes === null) return null;
  try {
    const image = sharp(bytes, { limitInputPixels: MAX_IMAGE_PIXELS }).rotate();
    const { format } = await image.metadata();
    const data = format === "jpeg" ? await image.jpeg({ quality: 90 }).toBuffer() : await image.png().toBuffer();
    return `data:image/${format === "jpeg" ? "jpeg" : "png"};base64,${data.toString("base64")}`;
  } catch {
    return null; // a page with a broken image is a page without it
  }
}

function contentOf(part: Attachment | undefined): Uint8Array | null {
  if (part === undefined || typeof part.content === "string") return null;
  return new Uint8Array(part.content as ArrayBuffer);
}

async function emailPaper(bytes: Uint8Array, sheet: Sheet | null): Promise<Paper> {
  const email = await PostalMime.parse(bytes, { maxNestingDepth: 50 }).catch((error: unknown) => {
    throw new ApiError("invalid_document", "The e-mail cannot be read", { cause: error });
  });
  const parts = new Map(
    email.attachments.flatMap((part) => (part.contentId === undefined ? [] : [[part.contentId.replace(/^<|>$/g, ""), part] as const])),
  );
  const head = headOf(email);
  const title = email.subject ?? null;
  const image = (src: string): Uint8Array | null => {
    const id = /^cid:(.+)$/i.exec(src)?.[1];
    return id === undefined ? dataImage(src) : contentOf(parts.get(id));
  };
  if (email.html !== undefined && email.html.length <= MAX_TEXT_BYTES) return htmlPaper(email.html, { image, sheet, before: head, title });
  const text = email.text ?? "";
  requireReadableSize(Buffer.byteLength(text));
  return paper({ title, blocks: [...head, ...paragraphs(text)] }, sheet);
}

/** Lines of an e-mail are paragraphs where blank lines part them. */
function paragraphs(text: string): readonly Block[] {
  return text
    .replace(/\r\n?/g, "\n")
    .split(/\n{2,}/)
    .filter((part) => part.trim() !== "")
    .map((part) => ({ kind: "paragraph", text: [{ text: part.replace(/\n+$/, "") }] }));
}

function headOf(email: Email): readonly Block[] {
  const names = (all: readonly Address[] | undefined): string =>
    (all ?? []).map(({ name, address }) => (name && address ? `${name} <${address}>` : (address ?? name ?? ""))).join(", ");
  const attached = email.attachments.filter(({ disposition, contentId }) => disposition === "attachment" || contentId === undefined);
  const rows = [
    ["From", names(email.from === undefined ? [] : [email.from])],
    ["To", names(email.to)],
    ["Cc", names(email.cc)],
    ["Date", email.date ?? ""],
    ["Attachments", attached.map(({ filename }) => filename ?? "unnamed").join(", ")],
  ].filter(([, value]) => value !== "");
  const cell = (text: string, bold: boolean): readonly Block[] => [
    { kind: "paragraph", text: [{ text, bold, ...(bold ? { color: "#5b616b" } : {}) }] },
  ];
  return [
    ...(email.subject === undefined || email.subject === ""
      ? []
      : [{ kind: "heading", level: 2, text: [{ text: email.subject, bold: true, fontSize: 16 }] } as const]),
    ...(rows.length === 0
      ? []
      : [
          {
            kind: "table",
            rows: rows.map(([name, value]) => ({ cells: [cell(name!, true), cell(value!, false)], header: false })),
            columns: 2,
            lines: false,
          } as const,
        ]),
    { kind: "rule" },
  ];
}
