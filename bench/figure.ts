/** One line a figure: what it is, what it must be, and whether it is that. The run ends with code 1 when one is not. */
export interface Must {
  readonly best: "most" | "least";
  readonly must: number;
}

/** `value`: a ratio (`×`) or in `unit`. `detail`: what it was made of. */
export function figure(what: string, value: number, unit: string, { best, must }: Must, detail = ""): void {
  const holds = best === "most" ? value >= must : value <= must;
  if (!holds) process.exitCode = 1;
  const shown = `${value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2)} ${unit}`;
  console.log(
    `${holds ? "pass" : "FAIL"}  ${what.padEnd(48)} ${shown.padStart(10)}   must ${best === "most" ? "≥" : "≤"} ${must} ${unit}   ${detail}`,
  );
}

/** What could not be measured here, as a tool is missing. */
export function skipped(what: string, why: string): void {
  console.log(`skip  ${what.padEnd(48)} ${why}`);
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** Milliseconds of this process and its threads on the processor: other programs on the machine do not count. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
