/** A multipart body as parts in order, its files as streams that are never held in memory. */
import type { FastifyRequest } from "fastify";
import type { FieldPart, FilePart } from "../handlers.ts";

export async function* multipartBody(request: FastifyRequest): AsyncGenerator<FilePart | FieldPart> {
  for await (const part of request.parts()) {
    if (part.type === "field") {
      yield { kind: "field", name: part.fieldname, value: typeof part.value === "string" ? part.value : JSON.stringify(part.value) };
      continue;
    }
    yield {
      kind: "file",
      name: part.fieldname,
      filename: part.filename ?? null,
      mediaType: part.mimetype === "" ? null : part.mimetype,
      bytes: part.file.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>,
    };
    // What nobody read has to go by before the next part comes.
    part.file.resume();
  }
}
