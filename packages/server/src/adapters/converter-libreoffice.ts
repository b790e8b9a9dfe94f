/**
 * Office documents → PDF with LibreOffice, when it is installed. Each conversion is a process group of its own with a profile of its own, without
 * macros, without links, without network where the system lets us take that away, within limits of memory and time. One at a time.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ApiError } from "@lectern/protocol/plain";
import { requireSaneArchive } from "../convert/archive.ts";
import type { Converter } from "../ports.ts";
import { oneAtATime } from "./one-at-a-time.ts";

export interface LibreOfficeOptions {
  /** The program; null: it is looked for. */
  readonly program: string | null;
  /** Folder of files in the making. */
  readonly tempDir: string;
  /** Wall clock of one conversion, milliseconds; default 60 s. */
  readonly limitMs?: number;
}

const MISSING =
  "Office documents cannot be converted: LibreOffice is not installed on the machine of this service. Install it (for example `apt install libreoffice-nogui`) or name it with LECTERN_LIBREOFFICE, and try again.";
const NAMES = ["soffice", "libreoffice"];
const PLACES = [
  "/usr/bin",
  "/usr/local/bin",
  "/opt/libreoffice/program",
  "/usr/lib/libreoffice/program",
  "/Applications/LibreOffice.app/Contents/MacOS",
];
const LIMIT_MS = 60_000;
/** Kilobytes of address space: several times what an ordinary document needs. */
const MAX_MEMORY_KB = 6_000_000;
const KEPT_OUTPUT = 2000;

/** No macros, no links that are followed, nothing that phones home. */
const PROFILE = `<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
${[
  ["Common/Security/Scripting", "MacroSecurityLevel", "3"],
  ["Common/Security/Scripting", "DisableMacrosExecution", "true"],
  ["Common/Security/Scripting", "DisableActiveContent", "true"],
  ["Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"],
  ["Common/Misc", "FirstRun", "false"],
  ["Writer/Content/Update", "Link", "0"],
  ["Calc/Content/Update", "Link", "2"],
]
  .map(
    ([path, name, value]) =>
      `<item oor:path="/org.openoffice.Office.${path}"><prop oor:name="${name}" oor:op="fuse"><value>${value}</value></prop></item>`,
  )
  .join("\n")}
</oor:items>
`;

export function libreOfficeConverter(options: LibreOfficeOptions): Converter {
  const { tempDir, limitMs = LIMIT_MS } = options;
  const inTurn = oneAtATime();
  let program: Promise<string | null> | null = null;
  let version: Promise<string | null> | null = null;
  let withoutNetwork: Promise<boolean> | null = null;

  /** Looked for anew until it is found: it may be installed while the service runs. */
  async function find(): Promise<string | null> {
    program ??= lookFor(options.program);
    const found = await program;
    if (found === null) program = null;
    return found;
  }

  async function required(): Promise<string> {
    const path = await find();
    if (path === null) throw new ApiError("unsupported_media_type", MISSING);
    return path;
  }

  async function convertNow(
    path: string,
    file: { readonly from: string; readonly extension: string; readonly target: string },
    signal?: AbortSignal,
  ): Promise<void> {
    await mkdir(tempDir, { recursive: true });
    const folder = await mkdtemp(join(tempDir, "office-"));
    try {
      const profile = join(folder, "profile");
      await mkdir(join(profile, "user"), { recursive: true });
      await writeFile(join(profile, "user", "registrymodifications.xcu"), PROFILE);
      const input = join(folder, `document${file.extension}`);
      await symlink(file.from, input);
      withoutNetwork ??= canRun("unshare", ["--user", "--map-root-user", "--net", "true"]);
      const args = [
        "--headless",
        "--nologo",
        "--nodefault",
        "--norestore",
        "--nolockcheck",
        `-env:UserInstallation=${pathToFileURL(profile).href}`,
      ];
      const command = [path, ...args, "--convert-to", "pdf", "--outdir", join(folder, "out"), input];
      const output = await run((await withoutNetwork) ? ["unshare", "--user", "--map-root-user", "--net", "--", ...command] : command, {
        folder,
        limitMs,
        ...(signal === undefined ? {} : { signal }),
      });
      const made = await readdir(join(folder, "out")).catch(() => []);
      const pdf = made.find((name) => name.endsWith(".pdf"));
      if (pdf === undefined)
        throw new ApiError(
          "invalid_document",
          "The Office document cannot be converted: it is damaged, protected by a password or not of a kind that LibreOffice reads",
          { cause: new Error(output) },
        );
      await rename(join(folder, "out", pdf), file.target);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  return {
    async convert({ path: from, extension }, { target, signal }) {
      const path = await required();
      await requireSaneArchive(from);
      await inTurn("conversion", () => {
        signal?.throwIfAborted();
        return convertNow(path, { from, extension, target }, signal);
      });
    },
    async require() {
      await required();
    },
    async version() {
      const path = await find();
      if (path === null) return null;
      version ??= versionOf(path);
      return version;
    },
  };
}

async function lookFor(given: string | null): Promise<string | null> {
  const candidates = given === null ? PLACES.flatMap((folder) => NAMES.map((name) => join(folder, name))) : [given];
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

function canRun(command: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "ignore", env: ENVIRONMENT });
    child.once("error", () => resolve(false)).once("exit", (code) => resolve(code === 0));
  });
}

/** Its first line, as `LibreOffice 7.4.7.2 40(Build:2)`. */
function versionOf(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(path, ["--version"], { stdio: ["ignore", "pipe", "ignore"], env: ENVIRONMENT });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
    child.once("error", () => resolve(null)).once("close", () => resolve(text.split("\n")[0]!.trim() || null));
  });
}

/** Nothing of ours: keys and passwords of the service may stand there. A proxy that is not there, should the network be. */
const ENVIRONMENT = { PATH: PLACES.join(delimiter), LANG: "C.UTF-8", http_proxy: "http://127.0.0.1:9", https_proxy: "http://127.0.0.1:9" };

interface RunOptions {
  readonly folder: string;
  readonly limitMs: number;
  readonly signal?: AbortSignal;
}

/** What it wrote. Its whole group is ended when it takes too long: LibreOffice starts processes of its own. */
function run(command: readonly string[], { folder, limitMs, signal }: RunOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const limited = ["-c", `ulimit -v ${MAX_MEMORY_KB} 2>/dev/null; exec "$@"`, "sh", ...command];
    const child = spawn("/bin/sh", limited, {
      cwd: folder,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...ENVIRONMENT, HOME: folder },
    });
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
    const timer = setTimeout(
      () =>
        end(
          new ApiError("document_failed", `The Office document takes too long to convert: more than ${Math.round(limitMs / 1000)} seconds`),
        ),
      limitMs,
    );
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
