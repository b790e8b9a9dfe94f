/** The worker's side of the conversation: requests in, answers out, one engine. */
import { type PdfDocument, type PdfEngine, PdfError, type RangeReader } from "../engine.ts";
import { pictureType } from "@lectern/protocol/plain";
import type { PdfImage } from "../appearance-stream.ts";
import { exportDocument } from "../export.ts";
import { importRecords } from "../import.ts";
import type { KeepPicture } from "../import-picture.ts";
import { hexOf, sha256, sha256Hash, sha256Hex } from "../sha256.ts";
import type { DocumentFacts, FilePicture, ReplyMessage, RequestMessage, Requests } from "./rpc.ts";

export interface ServedPort {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

export interface ServeOptions {
  readonly openEngine: (wasm: ArrayBuffer | string) => Promise<PdfEngine>;
  readonly readBlob: (blob: Blob) => RangeReader;
}

interface Served {
  readonly document: PdfDocument;
  readonly source: Uint8Array | RangeReader;
  readonly password: string | undefined;
}

const PIECE = 1024 * 1024;

export function servePdf(port: ServedPort, options: ServeOptions): void {
  const documents = new Map<number, Served>();
  let engine: PdfEngine | null = null;
  let nextDocument = 1;

  const started = (): PdfEngine => {
    if (engine === null) throw new PdfError("failed", "the engine is not started");
    return engine;
  };
  const find = (number: number): Served => {
    const served = documents.get(number);
    if (served === undefined) throw new PdfError("failed", "the document is closed");
    return served;
  };

  const handlers: {
    readonly [M in keyof Requests]: (params: Requests[M]["params"]) => Requests[M]["result"] | Promise<Requests[M]["result"]>;
  } = {
    async init({ wasm }) {
      engine = await options.openEngine(wasm);
      return null;
    },
    open({ source, password }) {
      const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : options.readBlob(source);
      const document = started().open(bytes, password === undefined ? {} : { password });
      const number = nextDocument++;
      documents.set(number, { document, source: bytes, password });
      return { document: number, ...factsOf(document) };
    },
    page: ({ document, index }) => find(document).document.page(index),
    outline: ({ document }) => find(document).document.outline(),
    render: ({ document, index, options: how }) => find(document).document.render(index, how),
    text: ({ document, index }) => find(document).document.text(index),
    import({ document, revision }) {
      const { document: opened, source } = find(document);
      const sourceSha256 = hashOf(source);
      const pictures = new Map<string, FilePicture>();
      const { manifest, records } = importRecords(opened, { revision, sourceSha256, sha256, keepPicture: keeping(started(), pictures) });
      // They are complete when the records have been iterated.
      const read = [...records];
      return { manifest, records: read, pictures: [...pictures.values()], sourceSha256 };
    },
    save: ({ document }) => find(document).document.save(),
    export({ document, changes, options: { images, ...how } }) {
      const { source, password } = find(document);
      const imageOf = (blob: string): PdfImage | null => images?.get(blob) ?? null;
      return exportDocument(started(), source, changes, { ...how, imageOf, ...(password === undefined ? {} : { password }) });
    },
    close({ document }) {
      find(document).document.close();
      documents.delete(document);
      return null;
    },
  };

  const answer = async ({ id, method, params }: RequestMessage): Promise<void> => {
    try {
      const result = await (handlers[method] as (params: unknown) => unknown)(params);
      port.postMessage({ id, result } satisfies ReplyMessage, transferable(result));
    } catch (error) {
      const { code, message } =
        error instanceof PdfError ? error : new PdfError("failed", error instanceof Error ? error.message : String(error));
      port.postMessage({ id, error: { code, message }, broken: engine?.broken ?? false } satisfies ReplyMessage, []);
    }
  };
  port.addEventListener("message", ({ data }) => void answer(data as RequestMessage));
}

function factsOf({ pageCount, encrypted, permissions, metadata, hasXfa, signatureCount }: PdfDocument): DocumentFacts {
  return { pageCount, encrypted, permissions, metadata, hasXfa, signatureCount };
}

/** Pixels and files move to the other side without a copy. */
function transferable(result: unknown): Transferable[] {
  const bytes = result instanceof Uint8Array ? result : (result as { readonly data?: unknown } | null)?.data;
  return bytes instanceof Uint8Array && bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [];
}

function keeping(engine: PdfEngine, pictures: Map<string, FilePicture>): KeepPicture {
  const keep = (picture: FilePicture): FilePicture => {
    if (!pictures.has(picture.blob)) pictures.set(picture.blob, picture);
    return picture;
  };
  const named = ({ blob, mediaType }: FilePicture): Pick<FilePicture, "blob" | "mediaType"> => ({ blob, mediaType });
  return {
    codec: engine.codec,
    drawn(picture) {
      const bytes = engine.png(picture);
      return named(keep({ blob: sha256Hex(bytes), mediaType: "image/png", bytes }));
    },
    file(bytes, blob) {
      const mediaType = pictureType(bytes);
      return mediaType === null || sha256Hex(bytes) !== blob ? null : named(keep({ blob, mediaType, bytes: bytes.slice() }));
    },
  };
}

function hashOf(source: Uint8Array | RangeReader): string {
  const hash = sha256Hash();
  if (source instanceof Uint8Array) hash.update(source);
  else {
    for (let at = 0; at < source.size; at += PIECE) {
      const piece = new Uint8Array(Math.min(PIECE, source.size - at));
      if (!source.read(at, piece)) throw new PdfError("damaged", "the file cannot be read to its end");
      hash.update(piece);
    }
  }
  return hexOf(hash.digest());
}
