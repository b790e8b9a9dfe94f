/** A multipart body as parts in order, its files as streams that are never held in memory. What is wrong with it is ApiError `bad_request`. */
import { ApiError } from "@lectern/protocol/plain";
import type { FastifyRequest } from "fastify";
import type { FieldPart, FilePart } from "../handlers.ts";
import type { Clock } from "../ports.ts";
import type { BodyLimits } from "./body.ts";
import { paced, within } from "./pace.ts";

export async function* multipartBody(
  request: FastifyRequest,
  clock: Clock,
  { pace, jsonTimeout }: BodyLimits,
): AsyncGenerator<FilePart | FieldPart> {
  for await (const part of readable(request.parts(), (next) => within(next, clock, jsonTimeout))) {
    if (part.type === "field") {
      yield { kind: "field", name: part.fieldname, value: typeof part.value === "string" ? part.value : JSON.stringify(part.value) };
      continue;
    }
    yield {
      kind: "file",
      name: part.fieldname,
      filename: part.filename ?? null,
      mediaType: part.mimetype === "" ? null : part.mimetype,
      bytes: paced(readable(part.file.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>), clock, pace),
    };
    // What nobody read has to go by before the next part comes.
    part.file.resume();
  }
}

/** The reader of forms throws plain errors for all that is wrong with them. */
async function* readable<T>(
  parts: AsyncIterable<T>,
  inTime = (next: Promise<IteratorResult<T>>): Promise<IteratorResult<T>> => next,
): AsyncGenerator<T> {
  const from = parts[Symbol.asyncIterator]();
  let late = false;
  try {
    for (;;) {
      const next = await inTime(from.next()).catch((error: unknown) => {
        // What is still awaited would be waited for by its end, too.
        late = error instanceof ApiError && error.code === "request_timeout";
        throw isOfReader(error) ? new ApiError("bad_request", "The form is malformed or ends early", { cause: error }) : error;
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    if (!late) await from.return?.();
  }
}

/** Those with a code are told apart where errors become answers. */
function isOfReader(error: unknown): boolean {
  return error instanceof Error && !(error instanceof ApiError) && !("code" in error);
}
