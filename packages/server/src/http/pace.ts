/** Bodies that bring next to nothing: each would hold a connection, and a file in the making, for as long as it likes. */
import { ApiError } from "@lectern/protocol/plain";
import type { Clock } from "../ports.ts";

export interface Pace {
  readonly bytes: number;
  /** In so long, of the time that we wait for it. */
  readonly ms: number;
}

export const PACE: Pace = { bytes: 1000, ms: 20_000 };

/** The same chunks; ends with `request_timeout` when they come slower than that. What is slow on our side does not count. */
export async function* paced(chunks: AsyncIterable<Uint8Array>, clock: Clock, pace = PACE): AsyncGenerator<Uint8Array> {
  const source = chunks[Symbol.asyncIterator]();
  let [bytes, waited] = [0, 0];
  // What is still awaited when it is too late would be waited for by the end of the source, too.
  let waiting = false;
  try {
    for (;;) {
      const since = clock.now();
      waiting = true;
      const next = await within(source.next(), clock, Math.max(pace.ms - waited, 0));
      waiting = false;
      if (next.done === true) return;
      bytes += next.value.length;
      waited += clock.now() - since;
      if (bytes >= pace.bytes) [bytes, waited] = [0, 0];
      yield next.value;
    }
  } finally {
    if (!waiting) await source.return?.();
  }
}

/** What is awaited, or `request_timeout`. */
export async function within<T>(awaited: Promise<T>, clock: Clock, ms: number): Promise<T> {
  let cancel = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    cancel = clock.setTimeout(() => reject(new ApiError("request_timeout", "The body comes too slowly")), ms);
  });
  return Promise.race([awaited, late]).finally(cancel);
}
