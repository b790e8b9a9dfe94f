import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadSecret, serverSecret } from "./secret.ts";

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "lectern-secret-"));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

test("a sealed text opens with the same secret and context only", () => {
  const secret = serverSecret(new Uint8Array(32).fill(1));
  const sealed = secret.seal("pässword", "document a");
  expect(sealed).not.toContain("pässword");
  expect(secret.unseal(sealed, "document a")).toBe("pässword");
  expect(secret.unseal(sealed, "document b")).toBeNull();
  expect(serverSecret(new Uint8Array(32).fill(2)).unseal(sealed, "document a")).toBeNull();
  const tampered = Buffer.from(sealed, "base64url");
  tampered[14]! ^= 1;
  expect(secret.unseal(tampered.toString("base64url"), "document a")).toBeNull();
  expect(secret.unseal("", "document a")).toBeNull();
});

test("a mac depends on its purpose and on where its parts end", () => {
  const secret = serverSecret(new Uint8Array(32).fill(1));
  const mac = secret.mac("grant", ["ab", "c"]);
  expect(secret.mac("grant", ["ab", "c"]).equals(mac)).toBe(true);
  expect(secret.mac("grant", ["a", "bc"]).equals(mac)).toBe(false);
  expect(secret.mac("other", ["ab", "c"]).equals(mac)).toBe(false);
});

test("the secret is made once and only its owner may read it", async () => {
  const dataDir = await folder();
  const sealed = (await loadSecret(dataDir)).seal("text", "context");
  expect((await loadSecret(dataDir)).unseal(sealed, "context")).toBe("text");
  expect((await stat(join(dataDir, "keys", "server.key"))).mode & 0o777).toBe(0o600);
});
