import { expect, test } from "vitest";
import { inkOn } from "./contrast.ts";

test("names are white on dark colours and dark on light ones", () => {
  expect(inkOn("#364fc7")).toBe("#ffffff");
  expect(inkOn("#0b7285")).toBe("#ffffff");
  // White would have 4.2 and 4.3.
  expect(inkOn("#1c7ed6")).toBe("#000000");
  expect(inkOn("#d9480f")).toBe("#000000");
  expect(inkOn("#e67700")).toBe("#000000");
  expect(inkOn("#ffd43b")).toBe("#000000");
});
