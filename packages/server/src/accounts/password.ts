/**
 * Passwords as scrypt hashes that say their own cost, so that it can be raised later. At most two are computed at once: each takes 32 MB and
 * a thread that file access needs, too.
 */
import { scrypt, timingSafeEqual } from "node:crypto";
import type { Random } from "../ports.ts";

export interface Passwords {
  hash(password: string): Promise<string>;
  /** Takes as long without a hash (no such account, no password set) as with one. */
  verify(password: string, hash: string | null): Promise<boolean>;
}

/** N = 2^log2N, r = 8. The default costs about a fifth of a second (OWASP's 32 MB choice). */
export interface Cost {
  readonly log2N: number;
  readonly p: number;
}

const COST: Cost = { log2N: 15, p: 3 };
const R = 8;
const HASH_BYTES = 32;
const AT_ONCE = 2;
const FORM = /^scrypt\$(\d{1,2})\$(\d{1,2})\$([\w-]{22})\$([\w-]{43})$/;

export function passwords({ random, cost = COST }: { readonly random: Random; readonly cost?: Cost }): Passwords {
  const queue: (() => void)[] = [];
  let running = 0;
  // of no password at all: compared with where there is no hash
  const nobody = write(cost, random(16), random(HASH_BYTES));

  async function derive(password: string, salt: Uint8Array, { log2N, p }: Cost): Promise<Buffer> {
    if (running >= AT_ONCE) await new Promise<void>((resolve) => queue.push(resolve));
    else running++;
    try {
      const options = { N: 2 ** log2N, r: R, p, maxmem: 256 * R * 2 ** log2N };
      return await new Promise((resolve, reject) => {
        scrypt(password.normalize("NFKC"), salt, HASH_BYTES, options, (error, key) => (error === null ? resolve(key) : reject(error)));
      });
    } finally {
      // the place is handed on, not given back, while somebody waits
      const next = queue.shift();
      if (next === undefined) running--;
      else next();
    }
  }

  return {
    async hash(password) {
      const salt = random(16);
      return write(cost, salt, await derive(password, salt, cost));
    },
    async verify(password, hash) {
      const { cost: itsCost, salt, key } = read(hash ?? nobody);
      return timingSafeEqual(await derive(password, salt, itsCost), key);
    },
  };
}

function write({ log2N, p }: Cost, salt: Uint8Array, key: Uint8Array): string {
  return ["scrypt", log2N, p, Buffer.from(salt).toString("base64url"), Buffer.from(key).toString("base64url")].join("$");
}

function read(hash: string): { cost: Cost; salt: Buffer; key: Buffer } {
  const [, log2N, p, salt, key] = FORM.exec(hash) ?? [];
  if (salt === undefined || key === undefined) throw new Error("An account's password hash is of an unknown form");
  return { cost: { log2N: Number(log2N), p: Number(p) }, salt: Buffer.from(salt, "base64url"), key: Buffer.from(key, "base64url") };
}
