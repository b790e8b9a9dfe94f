/** What the other scripts share: running a command with a line that says what is going on. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../", import.meta.url));
const bin = (name) => `${root}node_modules/.bin/${name}`;

/** Runs a command of this workspace; rejects when it fails. `quiet` shows its output only then. */
export function run(command, args, { cwd = root, env = {}, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command === "node" ? process.execPath : bin(command), args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit",
    });
    let output = "";
    child.stdout?.on("data", (data) => (output += data));
    child.stderr?.on("data", (data) => (output += data));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) return resolve();
      if (quiet) process.stderr.write(output);
      reject(new Error(`${command} ${args.join(" ")} ended with ${signal ?? `code ${code}`}`));
    });
  });
}

/** Runs one step with a line before and the seconds after. */
export async function step(title, work) {
  const start = performance.now();
  process.stdout.write(`  ${title} … `);
  await work();
  process.stdout.write(`${((performance.now() - start) / 1000).toFixed(1)} s\n`);
}
