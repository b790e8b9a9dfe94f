import { describe, expect, it } from "vitest";
import { grantsOf, rectangle } from "./testing/fixtures.ts";
import { testClient } from "./testing/test-client.ts";
import { testRoom } from "./testing/test-room.ts";

const shown = (client: { records: { all(): Iterable<{ id: string }> } }) => [...client.records.all()].map((record) => record.id).toSorted();

describe("two clients", () => {
  it("see each other's changes", async () => {
    const room = await testRoom();
    const ann = await testClient(room, { seed: 1 });
    const bob = await testClient(room, { seed: 2, grants: grantsOf("bob") });
    expect([ann.client.state, bob.client.state]).toEqual(["online", "online"]);
    const id = ann.client.create("annotation", rectangle());
    expect(shown(ann.client)).toEqual([id]);
    expect(ann.client.save).toEqual({ state: "saving", pending: 1, onDevice: false, conflicts: 0 });
    await ann.flush();
    await bob.flush();
    expect(ann.client.save).toEqual({ state: "saved", pending: 0, onDevice: true, conflicts: 0 });
    expect(bob.client.records.get(id)).toMatchObject({ createdBy: "ann", seq: 1, data: rectangle() });
    expect(bob.changes).toEqual([{ ids: new Set([id]), origin: "remote", by: "ann" }]);
    expect(ann.changes).toEqual([{ ids: new Set([id]), origin: "local", by: "ann" }]);
    expect([ann.errors, bob.errors]).toEqual([[], []]);
  });
});
