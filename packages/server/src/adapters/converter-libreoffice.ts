/**
 * Office documents → PDF with LibreOffice, when it is installed. Each conversion is a process group of its own with a profile of its own, without
 * macros, without links, without network where the system lets us take that away, within limits of memory and time. One at a time.
 */
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ApiError } from "@lectern/protocol/plain";
import { requireNoFiles } from "../convert/named-files.ts";
import { requireSaneArchive } from "../convert/archive.ts";
import { INPUT_LIMITS } from "../input-limits.ts";
import type { Converter } from "../ports.ts";
import { installedProgram } from "./installed-program.ts";
import { oneAtATime } from "./one-at-a-time.ts";

export interface LibreOfficeOptions {
  /** The program; null: it is looked for. */
  readonly program: string | null;
  /** Folder of files in the making. */
  readonly tempDir: string;
  /** Bytes that a document may become when it is unpacked; default 1 GB. */
  readonly maxUnpacked?: number;
  /** Wall clock of one conversion, milliseconds; default 60 s. */
  readonly limitMs?: number;
  /** `none`: as on a system that allows none. Default: what the system allows. */
  readonly isolation?: "none";
}

const MISSING =
  "Office documents cannot be converted: LibreOffice is not installed on the machine of this service. Install it (for example `apt install libreoffice-nogui`) or name it with LECTERN_LIBREOFFICE, and try again.";
const NAMES = ["soffice", "libreoffice"];
const PLACES = ["/opt/libreoffice/program", "/usr/lib/libreoffice/program", "/Applications/LibreOffice.app/Contents/MacOS"];
const LIMIT_MS = 60_000;
/** Kilobytes of address space: several times what an ordinary document needs. */
const MAX_MEMORY_KB = 6_000_000;

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
  const office = installedProgram({ names: NAMES, places: PLACES, given: options.program });

  const keepsFilesApart = async (): Promise<boolean> => options.isolation !== "none" && (await office.isolation()) === "files";

  async function required(): Promise<void> {
    if ((await office.path()) === null) throw new ApiError("unsupported_media_type", MISSING);
  }

  async function convertNow(
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
      // Of the machine it sees this folder alone.
      await copyFile(file.from, input);
      const args = (seen: string): readonly string[] => [
        "--headless",
        "--nologo",
        "--nodefault",
        "--norestore",
        "--nolockcheck",
        `-env:UserInstallation=${pathToFileURL(join(seen, "profile")).href}`,
        "--convert-to",
        "pdf",
        "--outdir",
        join(seen, "out"),
        join(seen, basename(input)),
      ];
      const output = await office.run(args, {
        folder,
        limitMs,
        maxMemoryKb: MAX_MEMORY_KB,
        tooLong: "The Office document takes too long to convert",
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
      await required();
      await requireSaneArchive(from, options.maxUnpacked ?? INPUT_LIMITS.inflatedBytes);
      if (!(await keepsFilesApart())) await requireNoFiles(from);
      await inTurn("conversion", () => {
        signal?.throwIfAborted();
        return convertNow({ from, extension, target }, signal);
      });
    },
    require: required,
    version: () => office.version(["--version"]),
    keepsFilesApart,
  };
}
