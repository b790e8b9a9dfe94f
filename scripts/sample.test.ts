import { readFileSync } from "node:fs";
import { sampleDocument } from "@lectern/pdf/testing";
import { expect, test } from "vitest";

test("the sample document that ships is the one that its generator writes, and is small", () => {
  const shipped = readFileSync(new URL("../packages/server/assets/sample.pdf", import.meta.url));
  expect(Buffer.compare(shipped, sampleDocument())).toBe(0);
  expect(shipped.length).toBeLessThan(100_000);
});
