import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { sha256, sha256Hash } from "./sha256.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const expected = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

test("every length around the block size gives the hash that everybody else computes", () => {
  for (let length = 0; length <= 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);
    expect(hex(sha256(bytes))).toBe(expected(bytes));
  }
});

test("pieces of any size give the hash of the whole", () => {
  const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 31) & 255);
  const hash = sha256Hash();
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 3) % 257) hash.update(bytes.subarray(at, at + size));
  expect(hex(hash.digest())).toBe(expected(bytes));
});
