/**
 * API keys (`lct_live_`, `lct_test_`) and access tokens (`lct_access_`): a prefix, 160 random bits, and a checksum by which a scanner (or we, before any look-up) tells a key from
 * something like it. Only the SHA-256 is stored: with 160 random bits nobody finds the key of a hash, so a slow hash would protect nothing.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { base32 } from "@lectern/protocol/plain";
import type { Random } from "../ports.ts";

export type KeyMode = "live" | "test" | "access";

const FORM = /^(lct_(?:live|test|access)_[0-9a-z]{32})([0-9a-z]{6})$/;

export function makeKey(mode: KeyMode, random: Random): string {
  const body = `lct_${mode}_${base32(random(20))}`;
  return body + checksum(body);
}

/** Was this made by `makeKey`? */
export function isWellFormed(key: string): boolean {
  const [, body, sum] = FORM.exec(key) ?? [];
  return body !== undefined && sum === checksum(body);
}

function checksum(body: string): string {
  return base32(createHash("sha256").update(body).digest().subarray(0, 4)).slice(0, 6);
}

/** Lower-case hex. */
export function hashKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** Compares in constant time. */
export function sameHash(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** What a list shows of a key: enough to recognise it, too little to use it. */
export function hintOf(key: string): string {
  return `${key.slice(0, key.indexOf("_", "lct_".length) + 1)}…${key.slice(-4)}`;
}
