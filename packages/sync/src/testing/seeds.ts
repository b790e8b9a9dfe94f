/** Seeds by the thousand: what the tests and the command share. */
import { simulate, type SimulationStats } from "./simulate.ts";

export interface SeedRange {
  readonly from: number;
  readonly count: number;
  /** Asked before each seed; true ends the run early. */
  readonly isOver?: () => boolean;
}

export interface SeedsRun extends SimulationStats {
  readonly seeds: number;
}

/** Runs them one after another; the first that fails is thrown as an error that names it. */
export async function runSeeds({ from, count, isOver = () => false }: SeedRange): Promise<SeedsRun> {
  const sum = { seeds: 0, changes: 0, refused: 0, connections: 0, crashes: 0, epochs: 0, pauses: 0, erasures: 0 };
  for (let seed = from; seed < from + count && !isOver(); seed++) {
    const stats = await simulate({ seed }).catch((error: unknown) => {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    });
    sum.seeds++;
    for (const key of ["changes", "refused", "connections", "crashes", "epochs", "pauses", "erasures"] as const) sum[key] += stats[key];
  }
  return sum;
}
