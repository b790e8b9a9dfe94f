/** Bodies of uploads: bytes of any size, streamed where the platform can, counted when somebody wants to know. */
import { ApiError } from "@lectern/protocol/plain";

/** What a file may be. A function opens the stream anew for each attempt; a bare stream is read once, so its upload is not repeated. */
export type UploadBody =
  | NonNullable<RequestInit["body"]>
  | AsyncIterable<Uint8Array>
  | (() => ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>);

/** A file to upload. */
export interface Upload {
  readonly body: UploadBody;
  /** Media type; the service looks at the bytes too. Default: the Blob's own. */
  readonly type?: string;
  /** Called with the bytes handed to the network so far; `total` where the size is known. A repeated upload starts again at 0. */
  readonly onProgress?: (sent: number, total: number | undefined) => void;
}

export interface PreparedUpload {
  /** It can be sent only once. */
  readonly once: boolean;
  open(): { readonly body: NonNullable<RequestInit["body"]>; readonly type: string | null; readonly streamed: boolean };
}

export function prepareUpload({ body, type, onProgress }: Upload): PreparedUpload {
  const counted = (stream: ReadableStream<Uint8Array>, total: number | undefined): ReadableStream<Uint8Array> =>
    onProgress === undefined ? stream : stream.pipeThrough(counter(onProgress, total));

  if (typeof body === "function" || body instanceof ReadableStream || isIterable(body)) {
    if (!canStream()) throw new ApiError("invalid_parameters", "This platform cannot send a stream: give a Blob");
    const open = (): ReadableStream<Uint8Array> => streamOf(typeof body === "function" ? body() : body);
    return { once: typeof body !== "function", open: () => ({ body: counted(open(), undefined), type: type ?? null, streamed: true }) };
  }
  if (body instanceof FormData || body instanceof URLSearchParams) {
    // The platform writes them and names their type, a form's boundary included.
    if (onProgress === undefined || !canStream()) return { once: false, open: () => ({ body, type: null, streamed: false }) };
    return {
      once: false,
      open: () => {
        const encoded = new Response(body);
        return { body: counted(encoded.body!, undefined), type: encoded.headers.get("content-type"), streamed: true };
      },
    };
  }
  const blob = body instanceof Blob ? body : new Blob([body as BlobPart]);
  const media = type ?? (blob.type === "" ? null : blob.type);
  if (onProgress === undefined || !canStream()) return { once: false, open: () => ({ body: blob, type: media, streamed: false }) };
  return { once: false, open: () => ({ body: counted(blob.stream(), blob.size), type: media, streamed: true }) };
}

function isIterable(body: object | string): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && Symbol.asyncIterator in body;
}

function streamOf(source: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  if (source instanceof ReadableStream) return source;
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

function counter(onProgress: NonNullable<Upload["onProgress"]>, total: number | undefined): TransformStream<Uint8Array, Uint8Array> {
  let sent = 0;
  return new TransformStream({
    transform(chunk, controller) {
      sent += chunk.byteLength;
      onProgress(sent, total);
      controller.enqueue(chunk);
    },
  });
}

/** Some browsers take a stream for a body and send its name: those never ask for `duplex`, or give it a type. */
function canStream(): boolean {
  let asked = false;
  const init = {
    method: "POST",
    body: new ReadableStream(),
    get duplex() {
      asked = true;
      return "half";
    },
  };
  if (new Request("https://stream.invalid/", init as RequestInit).headers.has("content-type")) return false;
  // Deno and workers at the edge take streams without asking.
  const { userAgent = "" } = (globalThis as { readonly navigator?: { readonly userAgent?: string } }).navigator ?? {};
  return asked || (userAgent !== "" && !userAgent.startsWith("Mozilla/"));
}
