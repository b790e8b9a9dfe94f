import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { DataDirectoryInUse, openDataDirectory } from "./data-directory.ts";

const folder = await mkdtemp(join(tmpdir(), "lectern-data-"));
afterAll(() => rm(folder, { recursive: true }));

describe("data directory", () => {
  it("is made for its owner only", async () => {
    const directory = await openDataDirectory(join(folder, "new", "data"));
    expect((await stat(directory.path)).mode & 0o777).toBe(0o700);
    expect((await stat(directory.blobs)).isDirectory()).toBe(true);
    directory.close();
  });

  it("is one process's at a time, and tells the second which one that is", async () => {
    const path = join(folder, "locked");
    const first = await openDataDirectory(path);
    await expect(openDataDirectory(path)).rejects.toThrow(`is in use by process ${process.pid}`);
    first.close();
    first.close();
    (await openDataDirectory(path)).close();
  });

  it("is free again after its holder was killed, even where the pid now is somebody else's", async () => {
    const path = join(folder, "killed");
    const script = fileURLToPath(new URL("./testing/hold-data-directory.ts", import.meta.url));
    const child = spawn(process.execPath, ["--conditions=lectern-source", "--import", "tsx", script, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    await once(child.stdout, "data");
    const refused = await openDataDirectory(path).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DataDirectoryInUse);
    expect((refused as DataDirectoryInUse).pid).toBe(child.pid);
    child.kill("SIGKILL");
    await exited;
    await writeFile(join(path, "server.pid"), `${process.ppid}\n`);
    (await openDataDirectory(path)).close();
  });

  it("says so when it cannot be made", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(openDataDirectory(join(folder, "file"))).rejects.toMatchObject({ code: "EEXIST" });
  });
});
