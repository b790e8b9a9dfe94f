/** Makes worker processes hang, as a file with an endless loop would. */
import type { RenderPool } from "../render/pool.ts";
import type { HandClock } from "./hand-clock.ts";

/**
 * Stops the next `times` processes that are busy, each until the pool has killed it for taking too long. The pool lives by this clock, and its
 * jobs must take long enough (a large image) to be caught.
 */
export async function hangWorkers(pool: RenderPool, clock: HandClock, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    let pid: number | undefined;
    while (pid === undefined) {
      pid = pool.processes().find((one) => one.state === "busy")?.pid;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    process.kill(pid, "SIGSTOP");
    clock.pass(10_000);
    while (pool.processes().some((one) => one.pid === pid)) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
