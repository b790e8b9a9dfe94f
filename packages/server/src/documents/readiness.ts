/** Who waits for a document to leave `preparing` is told at once, on every node that the bus reaches, instead of asking again and again. */
import type { DocumentSummary } from "@lectern/protocol";
import type { Bus, Clock, PagesRead } from "../ports.ts";
import type { DocumentKey } from "./store.ts";

export interface Preparation {
  /** What was uploaded becomes a PDF; then its pages are read. */
  readonly stage: "converting" | "reading";
  /** Null: what converts does not tell. */
  readonly pages: PagesRead | null;
}

/** As replies say it. */
export function preparationShown({ stage, pages }: Preparation): Pick<DocumentSummary, "progress" | "preparation"> {
  return {
    ...(pages === null ? {} : { progress: pages.done / pages.total }),
    preparation: { stage, ...(pages === null ? {} : { pagesRead: pages.done, pageCount: pages.total }) },
  };
}

export interface Readiness {
  /** Its status is another one now. */
  changed(key: DocumentKey): void;
  /** How far its preparation is: known where it is done, until its status changes. */
  progressed(key: DocumentKey, preparation: Preparation): void;
  /** Null: not known here. */
  progress(key: DocumentKey): Preparation | null;
  /**
   * Resolves at the next change, when the time (milliseconds) is over, or when the signal fires. Listening begins with the call, so whoever
   * calls it before reading the row misses nothing; call `stop` when it turns out not to be needed.
   */
  next(key: DocumentKey, ms: number, signal?: AbortSignal): { readonly changed: Promise<void>; stop(): void };
}

const TOPIC = "document changed";

export function readiness(clock: Clock, bus?: Bus): Readiness {
  const waiting = new Map<string, Set<() => void>>();
  const done = new Map<string, Preparation>();
  const nameOf = ({ applicationId, documentId }: DocumentKey): string => `${applicationId}/${documentId}`;
  const wakeAll = (name: string): void => {
    for (const wake of waiting.get(name) ?? []) wake();
  };
  bus?.subscribe(TOPIC, wakeAll);
  return {
    progressed: (key, preparation) => void done.set(nameOf(key), preparation),
    progress: (key) => done.get(nameOf(key)) ?? null,
    changed(key) {
      done.delete(nameOf(key));
      wakeAll(nameOf(key));
      bus?.publish(TOPIC, nameOf(key));
    },
    next(key, ms, signal) {
      const name = nameOf(key);
      const all = waiting.get(name) ?? new Set();
      waiting.set(name, all);
      let stop = (): void => undefined;
      const changed = new Promise<void>((resolve) => {
        const cancel = clock.setTimeout(wake, ms);
        all.add(wake);
        signal?.addEventListener("abort", wake);
        function wake(): void {
          cancel();
          signal?.removeEventListener("abort", wake);
          all.delete(wake);
          if (all.size === 0 && waiting.get(name) === all) waiting.delete(name);
          resolve();
        }
        stop = wake;
      });
      if (signal?.aborted === true) stop();
      return { changed, stop };
    },
  };
}
