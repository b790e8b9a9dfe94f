import { MemoryChangeLog } from "./memory-change-log.ts";
import { changeLogSuite } from "./testing/change-log.suite.ts";

changeLogSuite("memory", () => {
  const log = new MemoryChangeLog();
  return Promise.resolve({
    log,
    other: () => Promise.resolve(new MemoryChangeLog()),
    prune: (floorSeq) => {
      log.prune(floorSeq);
      return Promise.resolve();
    },
  });
});
