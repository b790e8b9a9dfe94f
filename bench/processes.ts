/** Processes that a bench measures: starting them, their CPU time, and the heap of a Node process by its inspector. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";

/** CPU time of a process and its threads so far, milliseconds; null where the system does not tell. */
export function cpuMs(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name, in parentheses, may have spaces; user and system time are the 14th and 15th field, in hundredths of a second.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return null;
  }
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves with the first line, said or to be said, that fits. */
  line(fits: (line: string) => boolean): Promise<string>;
}

/** A Node process whose lines are kept; it ends with this one. */
export function startNode(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let over = false;
  const wake = (): void => {
    for (const each of waiting) each();
  };
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      wake();
    });
  child.on("close", (code, signal) => {
    over = true;
    // Ended by us or well; else whoever asks it next shall know why it is not there.
    if (code !== 0 && signal !== "SIGKILL" && signal !== "SIGTERM")
      console.error(`${args.join(" ")} ended with ${code ?? signal}:\n${lines.slice(-20).join("\n")}`);
    wake();
  });
  return {
    child,
    async line(fits) {
      for (;;) {
        const found = lines.find(fits);
        if (found !== undefined) return found;
        if (over) throw new Error(`${args.join(" ")} ended with ${child.exitCode ?? child.signalCode}:\n${lines.slice(-20).join("\n")}`);
        await new Promise<void>((resolve) => {
          const done = (): void => {
            waiting.delete(done);
            resolve();
          };
          waiting.add(done);
        });
      }
    },
  };
}

/** Runs a Node script that prints lines of JSON; the last one. `onFirst` is called at the first of several. */
export async function nodeJson<T>(args: readonly string[], onFirst?: () => void): Promise<T> {
  const running = startNode(args);
  const ended = new Promise((resolve) => running.child.once("close", resolve));
  if (onFirst !== undefined) {
    await running.line((text) => text.startsWith('{"begins"'));
    onFirst();
  }
  const text = await running.line((candidate) => candidate.startsWith("{") && !candidate.startsWith('{"begins"'));
  await ended;
  return JSON.parse(text) as T;
}

/** Bytes that are used of a Node process' heap, after a collection. `url`: of its inspector. */
export async function heapUsed(url: string): Promise<number> {
  const ws = new WebSocket(url);
  await new Promise<void>((resolve, reject) => {
    ws.once("open", () => resolve());
    ws.once("error", reject);
  });
  const ask = (id: number, method: string): Promise<{ result: { usedSize?: number } }> =>
    new Promise((resolve) => {
      const hear = (data: Buffer): void => {
        const message = JSON.parse(data.toString()) as { id?: number; result: object };
        if (message.id !== id) return;
        ws.off("message", hear);
        resolve(message);
      };
      ws.on("message", hear);
      ws.send(JSON.stringify({ id, method }));
    });
  for (const id of [1, 2]) await ask(id, "HeapProfiler.collectGarbage");
  const { result } = await ask(3, "Runtime.getHeapUsage");
  ws.terminate();
  return result.usedSize!;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
