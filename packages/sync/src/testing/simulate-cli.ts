/** `simulate-cli.ts --seeds 2000 --from 1`: runs so many seeds, prints the first that fails and exits with 1. */
import { simulate } from "./simulate.ts";

declare const process: { readonly argv: readonly string[]; exitCode: number | undefined; stdout: { write(text: string): void } };

function option(name: string, fallback: number): number {
  const index = process.argv.indexOf(`--${name}`);
  const value = index < 0 ? fallback : Number(process.argv[index + 1]);
  if (!Number.isSafeInteger(value)) throw new Error(`--${name} takes a whole number`);
  return value;
}

const [seeds, from] = [option("seeds", 300), option("from", 1)];
let changes = 0;
for (let seed = from; seed < from + seeds; seed++) {
  try {
    changes += (await simulate({ seed })).changes;
  } catch (error) {
    process.stdout.write(`seed ${seed} failed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
    break;
  }
}
if (process.exitCode === undefined) process.stdout.write(`${seeds} seeds from ${from}: no violation in ${changes} changes\n`);
