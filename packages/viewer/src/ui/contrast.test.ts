import { expect, test } from "vitest";
import { inkOn } from "./contrast.ts";

test("names are white on dark colours and dark on light ones", () => {
  expect(inkOn("#1c7ed6")).toBe("#ffffff");
  expect(inkOn("#0b7285")).toBe("#ffffff");
  expect(inkOn("#e67700")).toBe("#1b1d22");
  expect(inkOn("#ffd43b")).toBe("#1b1d22");
});
