import fc from "fast-check";
import { expect, test } from "vitest";
import { newId } from "./id.ts";
import { orderBetween, sourceOrder } from "./order.ts";

test("there is always an order between two others, whatever was inserted before", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 200 }), (places) => {
      const keys: string[] = [];
      for (const place of places) {
        const at = place % (keys.length + 1);
        const key = orderBetween(keys[at - 1] ?? null, keys[at] ?? null);
        keys.splice(at, 0, key);
      }
      expect(keys).toEqual([...keys].toSorted((a, b) => (a < b ? -1 : 1)));
      expect(new Set(keys).size).toBe(keys.length);
    }),
  );
});

test("pages of the source sort by their index, and a page can be put between and before them", () => {
  const orders = [0, 1, 9, 61, 62, 3843, 3844, 9999, 238_327].map(sourceOrder);
  expect(orders).toEqual([...orders].toSorted((a, b) => (a < b ? -1 : 1)));
  const between = orderBetween(sourceOrder(7), sourceOrder(8));
  expect(sourceOrder(7) < between && between < sourceOrder(8)).toBe(true);
  expect(orderBetween(null, sourceOrder(0)) < sourceOrder(0)).toBe(true);
});

test("ids have 26 characters and sort by time", () => {
  const random = new Uint8Array(10).fill(255);
  const ids = [0, 1, 1_700_000_000_000, 1_700_000_000_001].map((now) => newId(now, random));
  expect(ids.every((id) => /^[0-9a-hjkmnp-tv-z]{26}$/.test(id))).toBe(true);
  expect(ids).toEqual([...ids].toSorted());
});
