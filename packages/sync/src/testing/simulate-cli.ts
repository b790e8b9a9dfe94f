/** `simulate-cli.ts --seeds 2000 --from 1`: runs so many seeds, prints the first that fails and exits with 1. */
import { runSeeds } from "./seeds.ts";

declare const process: { readonly argv: readonly string[]; exitCode: number | undefined; stdout: { write(text: string): void } };

function option(name: string, fallback: number): number {
  const index = process.argv.indexOf(`--${name}`);
  const value = index < 0 ? fallback : Number(process.argv[index + 1]);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} takes a whole number above 0`);
  return value;
}

const [count, from] = [option("seeds", 2_000), option("from", 1)];
try {
  const { seeds, changes, refused, connections, crashes, epochs, pauses, erasures } = await runSeeds({ from, count });
  process.stdout.write(
    `${seeds} seeds from ${from}: no violation in ${changes} changes (${refused} refused), ${connections} connections, ${crashes} crashes, ${pauses} pauses, ${epochs} documents overwritten, ${erasures} erasures\n`,
  );
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
