/** Routes of work that is answered before it is done. */
import { ApiError } from "@lectern/protocol/plain";
import { startPrerender } from "../documents/prerender.ts";
import type { Handlers } from "../handlers.ts";
import { layerFor, type ReadingDeps } from "../layers/reading.ts";
import { findAsyncJob } from "./store.ts";

const DEFAULT_SCALES = [1, 2, 4] as const;
const DEFAULT_LAST_PAGE = 9;

export function jobRoutes(reading: ReadingDeps): Handlers["jobs"] {
  const deps = reading.documents;
  return {
    async prerender({ scales = DEFAULT_SCALES, start_page: first = 0, end_page: last }, context) {
      const { document, pages } = await layerFor(reading, context.access, context);
      const wanted = { document, pages: pages(), scales, first, last: last ?? Math.max(DEFAULT_LAST_PAGE, first) };
      return { data: { jobId: await startPrerender(deps, wanted) } };
    },
    async get({ jobId }, { caller }) {
      const job = await findAsyncJob(deps.database, caller.applicationId, jobId);
      if (job === null) throw new ApiError("not_found", "There is no such job");
      return { data: { status: job.status, details: job.details } };
    },
  };
}
