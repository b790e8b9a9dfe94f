/** What export needs to know beside the changes themselves. */
import type { RecordChange } from "./export.ts";

/** The changes, and the annotations that changed comments hang on: `find` tells of a record that nobody changed. */
export function withThreads(changes: readonly RecordChange[], find: (id: string) => RecordChange["base"]): RecordChange[] {
  const named = new Set(changes.map(({ base, current }) => (current ?? base)?.id));
  const threads: RecordChange[] = [];
  for (const { base, current } of changes) {
    const record = current ?? base;
    if (record?.kind !== "comment" || named.has(record.data.root)) continue;
    named.add(record.data.root);
    const root = find(record.data.root);
    if (root !== null) threads.push({ base: root, current: root });
  }
  return [...changes, ...threads];
}
