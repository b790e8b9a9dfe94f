/**
 * A program that may be installed beside the service. It reads files of strangers, so each run is a process group of its own: without network and
 * without the files of the service and its users where the system lets us take those away (documents can name files of the machine, and
 * LibreOffice follows), without what stands in our environment, within limits of memory and time.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { ApiError } from "@lectern/protocol/plain";

export interface RunOptions {
  /** Where it works, and its home. */
  readonly folder: string;
  /** Wall clock, milliseconds. */
  readonly limitMs: number;
  /** Kilobytes of address space. */
  readonly maxMemoryKb: number;
  /** What is said when the time is over. */
  readonly tooLong: string;
  readonly signal?: AbortSignal;
}

/** `files`: the files of the machine, and the network; `network`: that alone. */
export type Isolation = "files" | "network" | "none";

export interface InstalledProgram {
  /** Null: it is not installed. */
  path(): Promise<string | null>;
  /**
   * `args`: given the folder as the program sees it. What it wrote, the end of it when that is long; when it ends, whatever its exit code. Throws ApiError `document_failed` when it takes too long,
   * and the reason of the signal; then its whole group is ended: programs start processes of their own.
   */
  run(args: (folder: string) => readonly string[], options: RunOptions): Promise<string>;
  /** What can be kept from it on this system. */
  isolation(): Promise<Isolation>;
  /** Its first line with these arguments, as `LibreOffice 7.4.7.2 40(Build:2)`. Null when it is not installed. */
  version(args: readonly string[]): Promise<string | null>;
}

const USUAL_PLACES = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
const KEPT_OUTPUT = 16_000;
const WITHOUT_NETWORK = ["unshare", "--user", "--map-root-user", "--net", "--"];
const WITHOUT_FILES = ["unshare", "--user", "--map-root-user", "--net", "--mount", "--propagation", "private", "--"];
/** Where it sees its folder then. */
const SEEN_AT = "/mnt";
/** Empty folders stand in their place, and in that of the service's data. */
const HIDDEN = ["/home", "/root", "/srv", "/media", "/run", "/tmp"];
/** Arguments: the folder, how many folders to hide, those, and the command. */
const HIDE = `set -e
mount --bind "$1" ${SEEN_AT}; shift
count=$1; shift
while [ "$count" -gt 0 ]; do if [ -d "$1" ]; then mount -t tmpfs -o size=64m tmpfs "$1"; fi; shift; count=$((count - 1)); done
cd ${SEEN_AT}; exec "$@"`;

/** `given`: the program itself; null: it is looked for by `names` in the usual places and `places`. */
export function installedProgram({
  names,
  places = [],
  given,
}: {
  readonly names: readonly string[];
  readonly places?: readonly string[];
  readonly given: string | null;
}): InstalledProgram {
  const folders = [...USUAL_PLACES, ...places];
  // Nothing of ours: keys and passwords of the service may stand there. A proxy that is not there, should the network be.
  const environment = {
    PATH: folders.join(delimiter),
    LANG: "C.UTF-8",
    OMP_THREAD_LIMIT: "1",
    http_proxy: "http://127.0.0.1:9",
    https_proxy: "http://127.0.0.1:9",
  };
  let program: Promise<string | null> | null = null;
  let version: Promise<string | null> | null = null;
  let isolation: Promise<Isolation> | null = null;

  /** Looked for anew until it is found: it may be installed while the service runs. */
  async function path(): Promise<string | null> {
    program ??= firstProgram(given === null ? folders.flatMap((folder) => names.map((name) => join(folder, name))) : [given]);
    const found = await program;
    if (found === null) program = null;
    return found;
  }

  function canRun([command, ...args]: readonly string[]): Promise<boolean> {
    return new Promise((resolve) => {
      const child = spawn(command!, args, { stdio: "ignore", env: environment });
      child.once("error", () => resolve(false)).once("exit", (code) => resolve(code === 0));
    });
  }

  async function possibleIsolation(): Promise<Isolation> {
    if (await canRun([...WITHOUT_FILES, "/bin/sh", "-c", HIDE, "sh", "/usr", "1", "/tmp", "true"])) return "files";
    return (await canRun([...WITHOUT_NETWORK, "true"])) ? "network" : "none";
  }

  const isolated = (): Promise<Isolation> => (isolation ??= possibleIsolation());

  return {
    path,
    isolation: isolated,
    async run(args, { folder, ...options }) {
      const found = await path();
      if (found === null) throw new Error("the program is not installed");
      const level = await isolated();
      if (level === "files") {
        const hidden = [...HIDDEN, dirname(dirname(folder))].filter((place) => !isWithin(found, place));
        const command = [...WITHOUT_FILES, "/bin/sh", "-c", HIDE, "sh", folder, String(hidden.length), ...hidden, found, ...args(SEEN_AT)];
        return limited(command, { ...options, folder, environment: { ...environment, HOME: SEEN_AT, TMPDIR: SEEN_AT } });
      }
      const command = [...(level === "network" ? WITHOUT_NETWORK : []), found, ...args(folder)];
      return limited(command, { ...options, folder, environment: { ...environment, HOME: folder, TMPDIR: folder } });
    },
    async version(args) {
      const found = await path();
      if (found === null) return null;
      version ??= firstLine(found, args, environment);
      return version;
    },
  };
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

async function firstProgram(candidates: readonly string[]): Promise<string | null> {
  for (const path of candidates) if (await isProgram(path)) return path;
  return null;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

type Environment = Readonly<Record<string, string>>;

function firstLine(path: string, args: readonly string[], env: Environment): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(path, args, { stdio: ["ignore", "pipe", "ignore"], env });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
    child.once("error", () => resolve(null)).once("close", () => resolve(text.split("\n")[0]!.trim() || null));
  });
}

function limited(
  command: readonly string[],
  { folder, limitMs, maxMemoryKb, tooLong, signal, environment }: RunOptions & { readonly environment: Environment },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const args = ["-c", `ulimit -v ${maxMemoryKb} 2>/dev/null; exec "$@"`, "sh", ...command];
    const child = spawn("/bin/sh", args, { cwd: folder, detached: true, stdio: ["ignore", "pipe", "pipe"], env: environment });
    let output = "";
    let failure: Error | null = null;
    const note = (part: string): void => void (output = (output + part).slice(-KEPT_OUTPUT));
    child.stdout.setEncoding("utf8").on("data", note);
    child.stderr.setEncoding("utf8").on("data", note);
    const end = (error: Error): void => {
      failure ??= error;
      killGroup(child);
    };
    const onAbort = (): void => end(signal!.reason as Error);
    const onTime = (): void => end(new ApiError("document_failed", `${tooLong}: more than ${Math.round(limitMs / 1000)} seconds`));
    const timer = setTimeout(onTime, limitMs);
    signal?.addEventListener("abort", onAbort);
    child.once("error", (error) => (failure ??= error));
    child.once("close", () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      killGroup(child);
      if (failure === null) resolve(output);
      else reject(failure);
    });
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
