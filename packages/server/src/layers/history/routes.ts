/** Routes of a layer's history: what was changed, what a person has seen of it, and putting things back. */
import { ApiError, newId } from "@lectern/protocol/plain";
import type { LoggedChange, SyncRoom } from "@lectern/sync/room";
import { seenOf } from "../../comments/store.ts";
import type { Handlers } from "../../handlers.ts";
import { ifMatch } from "../annotation-routes.ts";
import { writerOf, type LayerContext, requestSid } from "../caller.ts";
import { commitLarge } from "../large-change.ts";
import { layerFor, type ReadingDeps, type ReadLayer } from "../reading.ts";
import { archivedLayers, findLayer, type Layer } from "../store.ts";
import { changesSinceSeq, firstSeq } from "./past.ts";
import { planRestore, restoreSid } from "./restore.ts";
import { namesIn, shownChange } from "./shown-changes.ts";
import { changesBetween, wasApplied } from "./store.ts";

/** Times that a plan is made anew because others were faster. */
const TRIES = 50;

export function historyRoutes(reading: ReadingDeps): Pick<Handlers["layers"], "changes" | "restore"> {
  const { database, clock, random } = reading.documents;
  return {
    async changes({ since, until, limit = 100, user_id }, context) {
      if (since !== undefined && until !== undefined) throw new ApiError("invalid_parameters", "Give since or until, not both");
      const layer = await layerFor(reading, context.access, context);
      await layer.room.catchUp();
      const { room, grants } = layer;
      const person = writerOf(context, user_id);
      const seen = person === null ? null : (await seenOf(database, layer.layer.id, person)).history;
      if (since === "seen" && person === null)
        throw new ApiError("invalid_parameters", "since=seen needs a person: a session with a user, or user_id");
      const parts = await partsOf(layer);
      const floor = Math.min(...parts.map((part) => firstSeq(part, context.access, room.erasedSeq)));
      const from = since === "seen" ? (seen ?? 0) : (since ?? 0);
      const forgotten = parts[0]!.head.floorSeq;
      if (since !== undefined && since !== "seen" && since > 0 && since < forgotten)
        throw new ApiError("gone", `Changes before ${forgotten} are not kept any more`);
      // What an erasing change did is told; what was before it is not.
      const after = Math.max(from, context.access.sessionId === null ? 0 : room.erasedSeq - 1);
      const found = await changesIn(parts, { after, upTo: until ?? room.seq, limit, newestFirst: until !== undefined });
      const names = namesIn(room);
      const options = { grants, withSessions: context.access.sessionId === null, erasedSeq: room.erasedSeq, ...names };
      return {
        seq: room.seq,
        floor,
        seen,
        next: found.length < limit ? null : until === undefined ? found.at(-1)!.seq : found.at(-1)!.seq - 1,
        data: found.flatMap((change) => shownChange(change, options) ?? []),
      };
    },
    async restore({ seq, ids, user_id, ...given }, context) {
      const layer = await layerFor(reading, context.access, context);
      const writer = writerOf(context, user_id);
      const ifSeq = given.ifSeq ?? ifMatch(context);
      const request = requestSid(context, ["restore", context.access.documentId, layer.layer.name, seq, ids]);
      const write = async () => {
        const sid = restoreSid(seq, request ?? newId(clock.now(), random(10)));
        await layer.room.catchUp();
        if (seq > layer.room.seq) throw new ApiError("invalid_parameters", `The layer is at seq ${layer.room.seq}`);
        if (seq < firstOf(layer, context)) throw new ApiError("gone", "That state has been erased");
        const { past, changes, sameBase } = await changesSinceSeq(reading, layer, seq);
        if (!sameBase)
          throw new ApiError(
            "unprocessable",
            "That state belongs to an earlier revision of the document, whose pages this layer does not have",
          );
        const touched = new Set(changes.flatMap((change) => change.ops.map(({ id }) => id)));
        const wanted = ids === undefined ? touched : ids.filter((id) => touched.has(id));
        requireVisible(layer.room, layer.grants, ids ?? []);
        if (ifSeq !== undefined && (request === null || !(await wasApplied(database, layer.layer.id, sid))))
          requireUnchanged(layer, ids, ifSeq);
        const plan = planRestore(layer.room, past.room, wanted, layer.grants);
        const committed = await commitLarge(layer.room, plan.ops, {
          grants: layer.grants,
          userId: writer,
          session: context.access.sessionId,
          sid,
        });
        return { seq: committed.seq, changes: committed.changes, restored: [...plan.restored], left: [...plan.left] };
      };
      // Whoever says what he has seen wants to know when it is another.
      return ifSeq === undefined ? retried(write) : write();
    },
  };

  /** The default layer's earlier revisions first. */
  async function partsOf({ layer, room }: ReadLayer): Promise<Layer[]> {
    const fresh = (await findLayer(database, layer)) ?? layer;
    const now = { ...fresh, head: { ...fresh.head, seq: room.seq } };
    return layer.name === "" ? [...(await archivedLayers(database, layer)), now] : [now];
  }

  async function changesIn(parts: readonly Layer[], range: Parameters<typeof changesBetween>[2]) {
    const found: LoggedChange[] = [];
    for (const part of range.newestFirst ? parts.toReversed() : parts) {
      const left = range.limit - found.length;
      if (left > 0) found.push(...(await changesBetween(database, part.id, { ...range, limit: left })));
    }
    return found;
  }
}

function firstOf({ room }: ReadLayer, { access }: LayerContext): number {
  return access.sessionId === null ? 0 : room.erasedSeq;
}

function requireVisible(room: SyncRoom, grants: ReadLayer["grants"], ids: readonly string[]): void {
  const missing = ids.find((id) => room.record(id, grants) === null);
  if (missing !== undefined) throw new ApiError("not_found", `There is no record ${missing}`);
}

function requireUnchanged({ room, grants }: ReadLayer, ids: readonly string[] | undefined, ifSeq: number): void {
  const changed = ids?.find((id) => room.record(id, grants)!.seq > ifSeq);
  if (changed !== undefined) throw new ApiError("precondition_failed", `The record ${changed} has changed since seq ${ifSeq}`);
  if (ids === undefined && room.seq !== ifSeq) throw new ApiError("precondition_failed", `The layer is at seq ${room.seq}`);
}

/** Somebody else may write between the look and the change: then it is looked again. */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const late = error instanceof ApiError && (error.code === "precondition_failed" || error.code === "exists");
      if (!late) throw error;
      if (tries >= TRIES) throw new ApiError("conflict", "Others are changing the same records; try again", { cause: error });
    }
  }
}
