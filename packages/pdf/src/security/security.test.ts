import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decryptBlocks, encryptCbc } from "./aes.ts";
import { md5, rc4, sha384, sha512 } from "./hashes.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("MD5, SHA-384 and SHA-512 are those of a library, whatever the length", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const theirs = (name: string): string => createHash(name).update(bytes).digest("hex");
      expect([md5(bytes), sha384(bytes), sha512(bytes)].map(hex)).toEqual(["md5", "sha384", "sha512"].map(theirs));
    }),
    { numRuns: 60, seed: 1 },
  );
});

test("AES is that of a library, with keys of 128 and 256 bits", () => {
  const block = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(
      fc.constantFrom(16, 32),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      block,
      fc.uint8Array({ maxLength: 70 }),
      (size, long, vector, plain) => {
        const key = long.slice(0, size);
        const cipher = createCipheriv(`aes-${size * 8}-cbc`, key, vector);
        const theirs = Buffer.concat([vector, cipher.update(plain), cipher.final()]);
        expect(hex(encryptCbc(key, vector, plain))).toBe(theirs.toString("hex"));
        const decipher = createDecipheriv(`aes-${size * 8}-cbc`, key, vector).setAutoPadding(false);
        const blocks = theirs.subarray(16);
        expect(hex(decryptBlocks(key, vector, blocks))).toBe(Buffer.concat([decipher.update(blocks), decipher.final()]).toString("hex"));
      },
    ),
    { numRuns: 60, seed: 1 },
  );
});

test("RC4 gives the bytes of its published examples", () => {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  expect(hex(rc4(text("Key"), text("Plaintext")))).toBe("bbf316e8d940af0ad3");
  expect(hex(rc4(text("Secret"), text("Attack at dawn")))).toBe("45a01f645fc35b383552544b9bf5");
});
