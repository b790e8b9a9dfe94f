/** Routes that make, delete and merge layers. */
import { ApiError, newId } from "@lectern/protocol/plain";
import { applyExchange, exchangeOfInstantJson } from "../interchange/apply.ts";
import { actorOf, audit as auditOf } from "../audit/audit.ts";
import type { Access, Context, Handlers } from "../handlers.ts";
import { type Clock, Conflict, type Random } from "../ports.ts";
import type { Session } from "../sessions/session.ts";
import { requestSid, writerOf } from "./caller.ts";
import { purge } from "./erase.ts";
import { retried } from "./history/routes.ts";
import { changesBetween } from "./history/store.ts";
import { commitLarge } from "./large-change.ts";
import { layerPages } from "./pages.ts";
import { mergeSid, noteWritten, planMerge } from "./merge.ts";
import { layerFor, readableDocument, type ReadingDeps } from "./reading.ts";
import { createLayer, deleteLayer, findLayer, listLayers } from "./store.ts";
import { noSuchDocument } from "../documents/status.ts";
import { findDocument, findRevision } from "../documents/store.ts";

export interface ManageRoutesDeps {
  readonly reading: ReadingDeps;
  readonly accessOf: (session: Session, documentId: string, layer: string | null) => Access;
  readonly clock: Clock;
  readonly random: Random;
}

export function manageRoutes(deps: ManageRoutesDeps): Pick<Handlers["layers"], "list" | "create" | "delete" | "purge" | "merge"> {
  const { reading } = deps;
  const { database } = reading.documents;
  const audit = auditOf(deps);
  const existing = async (applicationId: string, documentId: string, name: string) => {
    if ((await findDocument(database, { applicationId, documentId })) === null) throw noSuchDocument();
    const layer = await findLayer(database, { applicationId, documentId, name });
    if (layer === null) throw new ApiError("not_found", `There is no layer ${JSON.stringify(name)}`);
    return layer;
  };

  return {
    async list({ documentId }, { access: { applicationId } }) {
      if ((await findDocument(database, { applicationId, documentId })) === null) throw noSuchDocument();
      return { data: (await listLayers(database, applicationId, documentId)).map(({ name }) => name) };
    },
    async create({ documentId, name, source_layer_name, user_id, ...more }, context) {
      const { access } = context;
      const { applicationId } = access;
      const document = await readableDocument(reading, access, context);
      const json = more["instant.json"];
      if (json === undefined && context.files.size > 0) throw new ApiError("bad_request", "The form has files, but no part `instant.json`");
      // The default layer is there whether or not somebody has opened it yet.
      const source =
        source_layer_name === undefined || source_layer_name === "" ? null : await existing(applicationId, documentId, source_layer_name);
      const copied = source_layer_name === "" ? await findLayer(database, { applicationId, documentId, name: "" }) : source;
      if (json !== undefined) {
        // What cannot be read at all is told before there is a layer.
        const revision = await findRevision(database, { applicationId, documentId }, document.revision);
        if (revision === null) throw noSuchDocument();
        const base = await reading.documents.bases.load(applicationId, revision);
        exchangeOfInstantJson(json, { pages: () => layerPages(base, []) }, { parts: context.files, lenient: true });
      }
      const details = { copy_of: copied?.name ?? null, annotations: Array.isArray(json?.["annotations"]) ? json["annotations"].length : 0 };
      const deed = audit(actorOf(context), { applicationId, action: "layer.created", documentId, target: name, details });
      await createLayer(database, { applicationId, documentId, name, revision: document.revision }, copied, { ...deps, also: [deed] });
      if (json === undefined) return { data: { name, errors: [] } };
      try {
        return { data: { name, errors: await fill({ ...access, layerName: name }, context, json, user_id ?? null) } };
      } catch (error) {
        const made = await findLayer(database, { applicationId, documentId, name });
        if (made !== null) await deleteLayer(database, made.id, []);
        reading.rooms.end({ applicationId, documentId }, name, "gone");
        throw error;
      }
    },
    async delete({ documentId, layerName }, context) {
      const { applicationId } = context.access;
      if (layerName === "") throw new ApiError("not_found", "The default layer is deleted with its document only");
      const layer = await existing(applicationId, documentId, layerName);
      const deed = audit(actorOf(context), { applicationId, action: "layer.deleted", documentId, target: layerName });
      await deleteLayer(database, layer.id, [deed]).catch((error: unknown) => {
        throw error instanceof Conflict ? new ApiError("not_found", "The layer has been deleted", { cause: error }) : error;
      });
      reading.rooms.end({ applicationId, documentId }, layerName, "gone");
      return { data: { name: layerName } };
    },
    async purge({ documentId }, context) {
      const { applicationId } = context.access;
      const { purged, stillShown } = await purge(reading, { applicationId, documentId }, actorOf(context));
      return { purged: [...purged], still_shown: stillShown.map(({ blob, layers }) => ({ blob, layers: [...layers] })) };
    },
    async merge({ documentId, into, user_id }, context) {
      const { caller, access } = context;
      if (into === access.layerName) throw new ApiError("invalid_parameters", "A layer cannot be merged into itself");
      const writer = writerOf(context, user_id);
      const target = caller.kind === "session" ? deps.accessOf(caller.session, documentId, into) : { ...access, layerName: into };
      if (!target.grants.permissions.includes("write")) throw new ApiError("forbidden", "This session may not write to that layer");
      const from = await layerFor(reading, access, context);
      const to = await layerFor(reading, target, context);
      if (from.base.revision !== to.base.revision)
        throw new ApiError(
          "conflict",
          `One layer is of revision ${from.base.revision} of the document, the other of revision ${to.base.revision}`,
        );
      const sid = requestSid(context, ["merge", documentId, from.layer.name, into]) ?? newId(deps.clock.now(), deps.random(10));
      const written = new Map<string, Set<string>>();
      let known = 0;
      await from.room.catchUp();
      return retried(async () => {
        await to.room.catchUp();
        // Between the last look at the log and the change nothing is waited for, so that others are rarely in the way.
        while (known < to.room.seq) {
          const upTo = to.room.seq;
          noteWritten(
            written,
            await changesBetween(database, to.layer.id, { after: known, upTo, limit: upTo - known, newestFirst: false }),
            from.layer.id,
          );
          known = upTo;
        }
        const plan = planMerge({
          base: to.base.records,
          from: from.room,
          fromGrants: from.grants,
          into: to.room,
          written,
          isComplete: to.layer.head.floorSeq === 0,
        });
        const committed = await commitLarge(to.room, plan.ops, {
          grants: to.grants,
          userId: writer,
          session: access.sessionId,
          sid: mergeSid(from.layer.id, sid),
        });
        return {
          seq: committed.seq,
          changes: committed.changes,
          merged: plan.merged,
          conflicts: plan.conflicts.map(({ properties, ...conflict }) => ({
            ...conflict,
            ...(properties === undefined ? {} : { properties: [...properties] }),
          })),
        };
      });
    },
  };

  /** Instant JSON as the layer's first change; what of it cannot be taken over is told, the rest stands. */
  async function fill(access: Access, context: Context, json: unknown, userId: string | null): Promise<{ reason: string }[]> {
    const layer = await layerFor(reading, access, { address: context.address, create: true });
    const given = exchangeOfInstantJson(json, layer, { parts: context.files, lenient: true });
    const { skipped } = await applyExchange(layer, given, { deps: reading.documents, userId });
    return skipped.map(({ path, reason }) => ({ reason: `${path.replace(/^\$/, '$["instant.json"]')}: ${reason}` }));
  }
}
