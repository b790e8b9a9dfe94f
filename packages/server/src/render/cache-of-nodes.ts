/**
 * What one node drops, all drop: images and texts of a file whose content was meant to disappear, in memory and on disk, and the copy of its bytes
 * that a node keeps of a store elsewhere. A word that is lost costs room only: what is served is looked up in the layer first.
 */
import type { BlobStore, Bus } from "../ports.ts";
import type { PageCache } from "./cache.ts";

const DROPPED = "blob dropped";

export interface CacheOfNodesOptions {
  readonly blobs: Pick<BlobStore, "forget">;
  readonly bus: Bus;
  readonly onError: (what: string, error: unknown) => void;
}

export function cacheOfNodes(cache: PageCache, { blobs, bus, onError }: CacheOfNodesOptions): PageCache {
  bus.subscribe(DROPPED, (message) => {
    const [applicationId, blob] = JSON.parse(message) as [string, string];
    Promise.all([cache.drop(applicationId, blob), blobs.forget?.(applicationId, blob)]).catch((error: unknown) =>
      onError("forgetting what another node dropped", error),
    );
  });
  return {
    ...cache,
    async drop(applicationId, blob) {
      bus.publish(DROPPED, JSON.stringify([applicationId, blob]));
      await cache.drop(applicationId, blob);
    },
  };
}
