/**
 * The conversation between a page and the worker that holds the engine: one request at a time, because the engine is
 * synchronous. What waits stays on this side, so that a cancelled request costs nothing.
 */
import type { OutlineItem } from "@lectern/protocol";
import {
  type Bitmap,
  type PageInfo,
  type PageText,
  PdfError,
  type PdfErrorCode,
  type PdfMetadata,
  type PdfPermissions,
  type RenderOptions,
} from "../engine.ts";
import type { PdfImage } from "../appearance-stream.ts";
import type { ExportOptions, RecordChange } from "../export.ts";
import type { Manifest, PageRecords } from "../import.ts";

/** A Worker, or a port that leads to one. */
export interface WorkerPort {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: "message" | "error" | "messageerror", listener: (event: never) => void): void;
  terminate?(): void;
  close?(): void;
}

export interface DocumentFacts {
  readonly pageCount: number;
  readonly encrypted: boolean;
  readonly permissions: PdfPermissions;
  readonly metadata: PdfMetadata;
  readonly hasXfa: boolean;
  readonly signatureCount: number;
}

/** Every request: its parameters and its answer. `document` is the number that `open` gave. */
export interface Requests {
  init: { params: { readonly wasm: ArrayBuffer | string }; result: null };
  open: {
    params: { readonly source: Blob | ArrayBuffer; readonly password?: string };
    result: DocumentFacts & { readonly document: number };
  };
  page: { params: OnDocument & { readonly index: number }; result: PageInfo };
  outline: { params: OnDocument; result: OutlineItem[] };
  render: { params: OnDocument & { readonly index: number; readonly options: RenderOptions }; result: Bitmap };
  text: { params: OnDocument & { readonly index: number }; result: PageText };
  import: {
    params: OnDocument & { readonly revision: number };
    result: {
      readonly manifest: Manifest;
      readonly records: PageRecords[];
      readonly pictures: FilePicture[];
      readonly sourceSha256: string;
    };
  };
  save: { params: OnDocument; result: Uint8Array };
  export: { params: OnDocument & { readonly changes: readonly RecordChange[]; readonly options: RemoteExportOptions }; result: Uint8Array };
  close: { params: OnDocument; result: null };
}

/** What a record of the file is shown by. */
export interface FilePicture {
  /** The SHA-256 of its bytes, in hexadecimal. */
  readonly blob: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** The password is the one that the document was opened with. */
export type RemoteExportOptions = Pick<ExportOptions, "annotations" | "flatten" | "modifiedAt"> & {
  /** Of images and what else is drawn by a picture, by their blobs. */
  readonly images?: ReadonlyMap<string, PdfImage>;
};

interface OnDocument {
  readonly document: number;
}

export type RequestMessage = {
  [M in keyof Requests]: { readonly id: number; readonly method: M; readonly params: Requests[M]["params"] };
}[keyof Requests];
export type ReplyMessage =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly code: PdfErrorCode; readonly message: string }; readonly broken: boolean };

export interface Cancellable {
  readonly signal?: AbortSignal;
}

export interface RemotePdf {
  /** A File or Blob is read by ranges. Throws PdfError like the engine's `open`. */
  open(source: Blob | ArrayBuffer, options?: Cancellable & { readonly password?: string }): Promise<RemoteDocument>;
  /** True when the engine has failed: every call is refused, and a new worker is needed. */
  readonly broken: boolean;
  /** Ends the worker; what is under way is refused. */
  close(): void;
}

/** PdfDocument from afar: the same calls with the same errors, and the signal's reason when it is cancelled. */
export interface RemoteDocument extends DocumentFacts {
  page(index: number, options?: Cancellable): Promise<PageInfo>;
  outline(options?: Cancellable): Promise<OutlineItem[]>;
  render(index: number, options: RenderOptions & Cancellable): Promise<Bitmap>;
  text(index: number, options?: Cancellable): Promise<PageText>;
  /** `sourceSha256` is the hash of the file, in hexadecimal. */
  importRecords(options: Cancellable & { readonly revision: number }): Promise<Requests["import"]["result"]>;
  save(options?: Cancellable): Promise<Uint8Array>;
  /** The file with these changes in it, see `exportDocument`. */
  exportChanges(changes: readonly RecordChange[], options: RemoteExportOptions & Cancellable): Promise<Uint8Array>;
  close(): Promise<void>;
}

interface Waiting {
  readonly method: keyof Requests;
  readonly params: unknown;
  readonly transfer: Transferable[];
  readonly resolve: (result: never) => void;
  readonly reject: (reason: unknown) => void;
}

/** `wasm` is the address of `pdfium.wasm`, or its bytes. */
export function connectPdfWorker(worker: WorkerPort, options: { readonly wasm: ArrayBuffer | string }): RemotePdf {
  const queue: Waiting[] = [];
  let running: { readonly id: number; readonly request: Waiting } | null = null;
  let nextId = 1;
  let failure: PdfError | null = null;

  const fail = (error: PdfError): void => {
    failure ??= error;
    const lost = running === null ? queue.splice(0) : [running.request, ...queue.splice(0)];
    running = null;
    for (const { reject } of lost) reject(failure);
  };

  const next = (): void => {
    if (running !== null) return;
    const request = queue.shift();
    if (request === undefined) return;
    running = { id: nextId++, request };
    worker.postMessage({ id: running.id, method: request.method, params: request.params }, request.transfer);
  };

  const call = <M extends keyof Requests>(
    method: M,
    params: Requests[M]["params"],
    { signal, transfer = [] }: Cancellable & { readonly transfer?: Transferable[] } = {},
  ): Promise<Requests[M]["result"]> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      if (failure !== null) return reject(failure);
      const done = (): void => signal?.removeEventListener("abort", cancel);
      const request: Waiting = {
        method,
        params,
        transfer,
        resolve: (result) => {
          done();
          resolve(result);
        },
        reject: (reason) => {
          done();
          reject(reason as Error);
        },
      };
      const cancel = (): void => {
        const at = queue.indexOf(request);
        if (at >= 0) queue.splice(at, 1);
        reject(signal!.reason as Error);
      };
      signal?.addEventListener("abort", cancel, { once: true });
      queue.push(request);
      next();
    });

  worker.addEventListener("message", ({ data }: { readonly data: ReplyMessage }) => {
    if (running === null || running.id !== data.id) return;
    const { request } = running;
    running = null;
    if ("error" in data) request.reject(new PdfError(data.error.code, data.error.message));
    else request.resolve(data.result as never);
    if ("error" in data && data.broken) fail(new PdfError("failed", data.error.message));
    next();
  });
  worker.addEventListener("error", ({ message }: { readonly message?: string }) =>
    fail(new PdfError("failed", `the worker has failed: ${message ?? "unknown reason"}`)),
  );
  worker.addEventListener("messageerror", () => fail(new PdfError("failed", "an answer of the worker could not be read")));

  const ready = call("init", { wasm: options.wasm });
  // Whoever calls first gets the reason: the queue is refused with it.
  ready.catch((error: unknown) =>
    fail(error instanceof PdfError ? error : new PdfError("failed", "the engine could not be started", { cause: error })),
  );

  return {
    async open(source, { signal, password } = {}) {
      const { document, ...facts } = await call(
        "open",
        { source, ...(password === undefined ? {} : { password }) },
        signal === undefined ? {} : { signal },
      );
      return remoteDocument(document, facts);
    },
    get broken() {
      return failure !== null;
    },
    close() {
      fail(new PdfError("failed", "the engine is closed"));
      worker.terminate?.();
      worker.close?.();
    },
  };

  function remoteDocument(document: number, facts: DocumentFacts): RemoteDocument {
    return {
      ...facts,
      page: (index, cancel) => call("page", { document, index }, cancel),
      outline: (cancel) => call("outline", { document }, cancel),
      render: (index, { signal, ...rest }) => call("render", { document, index, options: rest }, signal === undefined ? {} : { signal }),
      text: (index, cancel) => call("text", { document, index }, cancel),
      importRecords: ({ signal, revision }) => call("import", { document, revision }, signal === undefined ? {} : { signal }),
      exportChanges: (changes, { signal, ...rest }) =>
        call("export", { document, changes, options: rest }, signal === undefined ? {} : { signal }),
      save: (cancel) => call("save", { document }, cancel),
      close: async () => {
        await call("close", { document });
      },
    };
  }
}
