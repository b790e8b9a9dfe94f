/**
 * Snapshots as they are sent: made and compressed once for each state of a layer and class of viewers, however many people open it then.
 */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { LayerReader } from "@lectern/sync/room";

export interface Snapshots {
  /** `name`: what makes it another text at the same seq. null: it is too short to be worth compressing. */
  gzipped(reader: LayerReader, name: string, text: () => string): Promise<Buffer | null>;
}

const compress = promisify(gzip);
/** Below this it is not worth the time. */
const GZIP_FROM = 4_000;
/** Classes of viewers of one layer whose snapshots are kept, and bytes of one. */
const MOST = 4;
const MOST_BYTES = 8_000_000;

interface Kept {
  readonly seq: number;
  readonly bodies: Map<string, Promise<Buffer | null>>;
}

export function snapshots(): Snapshots {
  // With its room goes what was kept of a layer.
  const kept = new WeakMap<LayerReader, Kept>();
  return {
    async gzipped(reader, name, text) {
      let here = kept.get(reader);
      if (here?.seq !== reader.seq) kept.set(reader, (here = { seq: reader.seq, bodies: new Map() }));
      const { bodies } = here;
      const known = bodies.get(name);
      if (known !== undefined) return known;
      const json = text();
      if (json.length < GZIP_FROM) return null;
      const body = compress(json, { level: 4 });
      if (bodies.size >= MOST) bodies.delete(bodies.keys().next().value!);
      bodies.set(name, body);
      try {
        if ((await body).length > MOST_BYTES) bodies.delete(name);
      } catch (error) {
        bodies.delete(name);
        throw error;
      }
      return body;
    },
  };
}
