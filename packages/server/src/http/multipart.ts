/** A multipart body as parts in order, its files as streams that are never held in memory. What is wrong with it is ApiError `bad_request`. */
import { ApiError } from "@lectern/protocol/plain";
import type { FastifyRequest } from "fastify";
import type { FieldPart, FilePart } from "../handlers.ts";

export async function* multipartBody(request: FastifyRequest): AsyncGenerator<FilePart | FieldPart> {
  for await (const part of readable(request.parts())) {
    if (part.type === "field") {
      yield { kind: "field", name: part.fieldname, value: typeof part.value === "string" ? part.value : JSON.stringify(part.value) };
      continue;
    }
    yield {
      kind: "file",
      name: part.fieldname,
      filename: part.filename ?? null,
      mediaType: part.mimetype === "" ? null : part.mimetype,
      bytes: readable(part.file.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>),
    };
    // What nobody read has to go by before the next part comes.
    part.file.resume();
  }
}

/** The reader of forms throws plain errors for all that is wrong with them. */
async function* readable<T>(parts: AsyncIterable<T>): AsyncGenerator<T> {
  const from = parts[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await from.next().catch((error: unknown) => {
        throw isOfReader(error) ? new ApiError("bad_request", "The form is malformed or ends early", { cause: error }) : error;
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await from.return?.();
  }
}

/** Those with a code are told apart where errors become answers. */
function isOfReader(error: unknown): boolean {
  return error instanceof Error && !(error instanceof ApiError) && !("code" in error);
}
