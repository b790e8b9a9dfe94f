import { expect, it } from "vitest";
import * as z from "zod";
import { ClientMessage } from "./sync.ts";
import { PROTOCOL_VERSION } from "./version.ts";

/** Hash of what clients may send, by version of the protocol. Of a version that was released it never changes. */
const SCHEMAS: Readonly<Record<number, string>> = {
  1: "fe8b1bab1fe0f6bcd0b267795808bb1f32c8e536c087740535c425657aa21782",
  2: "8c579fbd720b2db32404e98abd2e12ecef04d09bcfb84d24e607a2e213aaea49",
};

it("what clients may send does not change without a new version of the protocol", async () => {
  const schema = JSON.stringify(z.toJSONSchema(ClientMessage, { unrepresentable: "any" }));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(schema)));
  expect([...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("")).toBe(SCHEMAS[PROTOCOL_VERSION]);
});
