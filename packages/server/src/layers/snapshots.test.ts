import { gunzipSync } from "node:zlib";
import type { LayerReader } from "@lectern/sync/room";
import { expect, it } from "vitest";
import { snapshots } from "./snapshots.ts";

const reader = (seq: number): LayerReader => ({ seq }) as LayerReader;

it("makes each text once for one state of a layer, and again for the next", async () => {
  const sent = snapshots();
  const room = reader(1) as { seq: number } & LayerReader;
  let made = 0;
  const ask = async (name: string): Promise<string> => {
    const bytes = await sent.gzipped(room, name, () => `${++made} ${name} `.padEnd(5_000, "x"));
    return gunzipSync(bytes!).toString().slice(0, 3);
  };
  expect(await Promise.all([ask("a"), ask("a"), ask("b")])).toEqual(["1 a", "1 a", "2 b"]);
  expect(await ask("a")).toBe("1 a");
  room.seq = 2;
  expect([await ask("a"), await ask("b")]).toEqual(["3 a", "4 b"]);
  for (const name of ["c", "d", "e"]) await ask(name);
  expect([await ask("e"), await ask("a")]).toEqual(["7 e", "8 a"]);
});

it("does not compress what is short", async () => {
  expect(await snapshots().gzipped(reader(1), "a", () => "{}")).toBeNull();
});
