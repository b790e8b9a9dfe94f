/**
 * The server's own secret: 32 random bytes in a file of the data directory that only its owner may read. What is sealed or signed with it
 * (document passwords, image grants) means nothing to another server. Each purpose has its own derived key.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface ServerSecret {
  /** AES-256-GCM. `context` must be the same when it is opened: it says what the text belongs to. */
  seal(text: string, context: string): string;
  /** null when it was sealed by another server, for another context, or was tampered with. */
  unseal(sealed: string, context: string): string | null;
  /** HMAC-SHA-256 of the parts, 32 bytes. */
  mac(purpose: string, parts: readonly string[]): Buffer;
}

/** Reads the secret, or makes it at the first start. */
export async function loadSecret(dataDir: string): Promise<ServerSecret> {
  const path = join(dataDir, "keys", "server.key");
  const found = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  const bytes = Buffer.from((found ?? (await create(path))).trim(), "base64url");
  if (bytes.length !== 32) throw new Error(`${path} does not hold a key of 32 bytes; restore it from a backup`);
  return serverSecret(bytes);
}

/** What the file holds then: of processes that start at the same time one makes it. */
async function create(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // Under another name first: a crash half-way must not leave a short key behind.
  const temporary = `${path}.${randomBytes(8).toString("hex")}`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(`${randomBytes(32).toString("base64url")}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(temporary);
  }
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return readFile(path, "utf8");
}

/** `bytes`: 32 of them. */
export function serverSecret(bytes: Uint8Array): ServerSecret {
  const derive = (purpose: string): Buffer => Buffer.from(hkdfSync("sha256", bytes, "", `lectern ${purpose}`, 32));
  const sealing = derive("seal");
  const macKeys = new Map<string, Buffer>();
  return {
    seal(text, context) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", sealing, nonce).setAAD(Buffer.from(context));
      return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64url");
    },
    unseal(sealed, context) {
      const all = Buffer.from(sealed, "base64url");
      if (all.length < 28) return null;
      const decipher = createDecipheriv("aes-256-gcm", sealing, all.subarray(0, 12))
        .setAAD(Buffer.from(context))
        .setAuthTag(all.subarray(-16));
      try {
        return decipher.update(all.subarray(12, -16), undefined, "utf8") + decipher.final("utf8");
      } catch {
        // The tag does not match: not ours, or tampered with.
        return null;
      }
    },
    mac(purpose, parts) {
      let key = macKeys.get(purpose);
      if (key === undefined) macKeys.set(purpose, (key = derive(`mac ${purpose}`)));
      return createHmac("sha256", key).update(JSON.stringify(parts)).digest();
    },
  };
}
