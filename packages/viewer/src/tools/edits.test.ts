import type { Ink, Rectangle, Text } from "@lectern/protocol";
import { describe, expect, test } from "vitest";
import { compareZ } from "../annotations/z-order.ts";
import { createStyleMemory, type KeyValues } from "./style-memory.ts";
import { FULL, READ_ONLY, testDesk } from "./testing.ts";

const rectangle: Rectangle = {
  type: "rectangle",
  page: "1.0",
  geometry: { bbox: [0, 0, 100, 50] },
  appearance: { strokeColor: "#ff0000", strokeWidth: 2 },
};

describe("what is allowed", () => {
  test("a session with its own annotations only leaves those of others alone", () => {
    const desk = testDesk({ ...FULL, collaboration: ["annotations:view:all", "annotations:edit:self", "annotations:delete:self"] });
    desk.store.put("mine", rectangle, "me");
    desk.store.put("theirs", rectangle, "bob");
    expect([desk.edits.mayEdit("mine"), desk.edits.mayEdit("theirs"), desk.edits.mayDelete("theirs")]).toEqual([true, false, false]);
    desk.edits.remove(["mine", "theirs"]);
    desk.edits.setGeometries(new Map([["theirs", { bbox: [9, 9, 9, 9] }]]));
    expect([...desk.store.all.keys()]).toEqual(["theirs"]);
    expect(desk.store.all.get("theirs")?.data).toEqual(rectangle);
  });

  test("a session that may only read creates and changes nothing", () => {
    const desk = testDesk(READ_ONLY);
    desk.store.put("a", rectangle);
    expect(desk.edits.mayCreate).toBe(false);
    expect(desk.edits.create([rectangle])).toEqual([]);
    desk.edits.restyle(["a"], { color: "#000000" });
    desk.edits.remove(["a"]);
    expect(desk.store.steps).toBe(0);
  });

  test("locked annotations keep their place, and locked contents their words", () => {
    const desk = testDesk();
    const text: Text = {
      type: "text",
      page: "1.0",
      geometry: { bbox: [0, 0, 9, 9] },
      appearance: { fontSize: 9 },
      text: { format: "plain", value: "a" },
    };
    desk.store.put("locked", { ...text, flags: ["locked"] });
    desk.store.put("closed", { ...text, flags: ["lockedContents"] });
    expect([desk.edits.mayEdit("locked"), desk.edits.mayWrite("locked"), desk.edits.mayDelete("locked")]).toEqual([false, true, false]);
    expect([desk.edits.mayEdit("closed"), desk.edits.mayWrite("closed")]).toEqual([true, false]);
  });
});

test("new annotations lie in front, and front and back move within the page", () => {
  const desk = testDesk();
  const [a, b, c] = desk.edits.create([rectangle, rectangle, rectangle]);
  const stack = () => [...desk.store.all.values()].toSorted(compareZ).map(({ id }) => id);
  expect(stack()).toEqual([a, b, c]);
  desk.edits.toFront([a!]);
  expect(stack()).toEqual([b, c, a]);
  desk.edits.toBack([a!, c!]);
  expect(stack()).toEqual([c, a, b]);
});

test("looks are written to those that know them, with the box that a thicker pen needs", () => {
  const desk = testDesk();
  const ink: Ink = {
    type: "ink",
    page: "1.0",
    geometry: { bbox: [9, 9, 12, 12], lines: [[10, 10, 20, 20]] },
    appearance: { color: "#000000", width: 2 },
  };
  desk.store.put("ink", ink);
  desk.store.put("box", rectangle);
  desk.edits.restyle(["ink", "box"], { width: 6 });
  expect(desk.store.all.get("ink")?.data).toMatchObject({ appearance: { width: 6 }, geometry: { bbox: [7, 7, 16, 16] } });
  expect(desk.store.all.get("box")?.data.appearance).toMatchObject({ strokeWidth: 6 });
  expect(desk.store.steps).toBe(1);
  desk.edits.restyle(["box"], { fontSize: 12 });
  expect(desk.store.steps).toBe(1);
});

describe("remembered looks", () => {
  test("come back on this device", () => {
    const kept = new Map<string, string>();
    const store: KeyValues = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
    createStyleMemory(store).remember("rectangle", { color: "#123456", fill: "#abcdef" });
    expect(createStyleMemory(store).get("rectangle")).toMatchObject({ color: "#123456", fill: "#abcdef", width: 2 });
  });

  test("ignore what is no look, and a storage that refuses", () => {
    const refusing: KeyValues = {
      getItem: () => '{"ink":{"color":"url(x)","width":3},"note":7}',
      setItem: () => {
        throw new Error("quota");
      },
    };
    const memory = createStyleMemory(refusing);
    expect(memory.get("ink")).toMatchObject({ color: "#e5484d", width: 3 });
    memory.remember("ink", { color: "#112233" });
    expect(memory.get("ink").color).toBe("#112233");
    expect(
      createStyleMemory({
        getItem: () => {
          throw new Error("denied");
        },
        setItem() {},
      }).get("ink").width,
    ).toBe(2);
  });
});
