/** Routes of the interchange formats. */
import { createHash } from "node:crypto";
import { writeInstantDocument } from "@lectern/protocol";
import { writeXfdf } from "@lectern/protocol/xfdf";
import { ApiError } from "@lectern/protocol/plain";
import { actorOf } from "../audit/audit.ts";
import { copyDocument } from "../documents/copy.ts";
import { deleteDocument } from "../documents/delete.ts";
import { exportPdf } from "../documents/export.ts";
import { disposition } from "../documents/download.ts";
import { documentSummary } from "../documents/summary.ts";
import { type Handlers, reply } from "../handlers.ts";
import { json } from "../layers/annotation-routes.ts";
import { changesFor } from "../layers/changes.ts";
import { type LayerContext, requestSid, writerOf } from "../layers/caller.ts";
import { layerFor, type ReadingDeps, type ReadLayer } from "../layers/reading.ts";
import { composedPages, metadataOf, outlineOf } from "../operations/composition.ts";
import { applyExchange, exchangeOfInstantJson, exchangeOfXfdf, recordsWith } from "./apply.ts";
import { readPictures } from "./pictures.ts";
import { readInstantBody, readXfdfBody } from "./read-body.ts";
import { writtenFrom, xfdfPages } from "./written.ts";

export function interchangeRoutes(reading: ReadingDeps): Handlers["interchange"] {
  const deps = reading.documents;
  const read = async (context: LayerContext, minSeq: number | undefined): Promise<ReadLayer> => {
    const layer = await layerFor(reading, context.access, context);
    if (minSeq !== undefined) await layer.room.reach(minSeq);
    return layer;
  };
  const forWriting = (context: LayerContext): Promise<ReadLayer> =>
    layerFor(reading, context.access, { address: context.address, signal: context.signal, create: true });

  return {
    async json({ annotation_version: version = 2, minSeq }, context) {
      const layer = await read(context, minSeq);
      const { seq, records, deletedObjects, pictures } = writtenFrom(layer);
      const key = { applicationId: layer.document.applicationId, documentId: layer.document.id };
      const attachments = await readPictures(deps, key, pictures);
      const written = writeInstantDocument(records, layer.pages(), { version, attachments, deletedObjects, pdfId: layer.base.source });
      return json(written, { "lectern-seq": String(seq), "cache-control": "private, no-cache" });
    },
    async applyJson(_input, context) {
      const body = await readInstantBody(context.body, deps.limits);
      if (body.json === null) throw new ApiError("bad_request", "Send Instant JSON as the body, or as the part `instant.json` of a form");
      const layer = await forWriting(context);
      const sid = requestSid(context, ["apply_instant_json", layer.document.id, layer.layer.name, body.json]);
      const given = exchangeOfInstantJson(body.json, layer, { parts: body.pictures });
      const data = await applyExchange(layer, given, { deps, userId: writerOf(context, undefined), sid });
      return json({ data }, { "lectern-seq": String(data.seq) });
    },
    async pdfWithJson(_input, context) {
      const body = await readInstantBody(context.body, deps.limits);
      const layer = await read(context, undefined);
      const { document } = layer;
      const changes = changesFor(layer);
      const records =
        body.json === null
          ? changes.records
          : await recordsWith(layer, exchangeOfInstantJson(body.json, layer, { parts: body.pictures }), deps);
      const exported = await exportPdf(deps, {
        document,
        changes: { ...changes, records },
        pages: await composedPages(deps, document, {
          base: layer.base,
          changed: layer.room.changed({ kind: "page" }),
          pages: layer.pages(),
          extras: { metadata: metadataOf(layer.room), outline: outlineOf(layer.room) },
        }),
        signal: context.signal,
      });
      return reply(exported.bytes, {
        headers: {
          "content-type": "application/pdf",
          "content-length": String(exported.size),
          "content-disposition": disposition(document.title ?? document.id),
          "cache-control": "private, no-store",
        },
      });
    },
    async xfdf({ minSeq }, context) {
      const layer = await read(context, minSeq);
      const { seq, records, pictures } = writtenFrom(layer);
      const key = { applicationId: layer.document.applicationId, documentId: layer.document.id };
      const text = writeXfdf(records, xfdfPages(layer), { attachments: await readPictures(deps, key, pictures) });
      return reply(text, {
        headers: { "content-type": "application/vnd.adobe.xfdf", "lectern-seq": String(seq), "cache-control": "private, no-cache" },
      });
    },
    async applyXfdf(_input, context) {
      const bytes = await readXfdfBody(context.body);
      const layer = await forWriting(context);
      const hash = createHash("sha256").update(bytes).digest("hex");
      const sid = requestSid(context, ["apply_xfdf", layer.document.id, layer.layer.name, hash]);
      const data = await applyExchange(layer, await exchangeOfXfdf(bytes, layer), { deps, userId: writerOf(context, undefined), sid });
      return json({ data }, { "lectern-seq": String(data.seq) });
    },
    async copyWithJson({ documentId }, context) {
      const body = await readInstantBody(context.body, deps.limits);
      const { applicationId } = context.caller;
      // What is wrong with it is told before there is a copy.
      if (body.json !== null) {
        const original = await read(context, undefined);
        exchangeOfInstantJson(body.json, original, { parts: body.pictures });
      }
      const request = requestSid(context, ["copy_with_instant_json", documentId, context.access.layerName, body.json]);
      const copy = await copyDocument(deps, {
        from: { applicationId, documentId },
        by: actorOf(context),
        request,
        signal: context.signal,
      });
      if (body.json !== null) {
        try {
          const access = { ...context.access, documentId: copy.id };
          const layer = await layerFor(reading, access, { address: context.address, signal: context.signal, create: true });
          await applyExchange(layer, exchangeOfInstantJson(body.json, layer, { parts: body.pictures }), {
            deps,
            userId: null,
            sid: request,
          });
        } catch (error) {
          // What may be sent again goes on with its copy, which another sending of it may have answered with.
          if (request === null) await deleteDocument(deps, { applicationId, documentId: copy.id }, actorOf(context));
          throw error;
        }
      }
      const summary = documentSummary(copy);
      return { ...summary, documentId: copy.id, data: summary };
    },
  };
}
