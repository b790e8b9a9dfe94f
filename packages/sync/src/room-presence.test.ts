import type { Presence } from "@lectern/protocol";
import { describe, expect, it } from "vitest";
import { peerColor } from "./room-presence.ts";
import { grantsOf, rectangle } from "./testing/fixtures.ts";
import { type TestPeer, testRoom } from "./testing/test-room.ts";

const at = (x: number): Presence => ({ cursor: { page: "0.0", x, y: 0 } });
const seen = (peer: TestPeer) =>
  peer.of("presence").map(({ set, gone }) => [set.map((other) => [other.userId, other.presence.cursor?.x]), gone]);

describe("presence", () => {
  it("tells who comes, moves and goes, but nobody of themselves", async () => {
    const { clock, join } = await testRoom();
    const ann = await join();
    await clock.advance(100);
    expect(ann.of("presence")).toEqual([]);
    const bob = await join({ grants: grantsOf("bob") });
    await clock.advance(100);
    await bob.send({ type: "presence", presence: at(5) });
    await clock.advance(100);
    bob.member.leave();
    await clock.advance(100);
    expect(seen(ann)).toEqual([
      [[["bob", undefined]], []],
      [[["bob", 5]], []],
      [[], [bob.welcome.self.id]],
    ]);
    expect(seen(bob)).toEqual([[[["ann", undefined]], []]]);
    expect(ann.of("presence")[0]?.set[0]).toMatchObject({ name: "bob", color: peerColor("bob") });
  });

  it("is coalesced: fifty moves in fifty milliseconds are one frame", async () => {
    const { clock, join } = await testRoom();
    const [ann, bob] = [await join(), await join({ grants: grantsOf("bob") })];
    await clock.advance(100);
    for (let i = 0; i < 50; i++) {
      await bob.send({ type: "presence", presence: at(i) });
      await clock.advance(1);
    }
    await clock.advance(50);
    expect(seen(ann).slice(1)).toEqual([[[["bob", 49]], []]]);
  });

  it("who is silent for ten seconds is gone, and back at the next sign of life", async () => {
    const { clock, join } = await testRoom();
    const [ann, bob] = [await join(), await join({ grants: grantsOf("bob") })];
    for (let i = 0; i < 6; i++) {
      await clock.advance(2_100);
      await ann.send({ type: "ping" });
    }
    expect(seen(ann).at(-1)).toEqual([[], [bob.welcome.self.id]]);
    await bob.send({ type: "ping" });
    await clock.advance(100);
    expect(seen(ann).at(-1)).toEqual([[["bob", undefined]], []]);
    expect(ann.of("pong")).toHaveLength(6);
  });

  it("hides the ids of records that a viewer may not see", async () => {
    const { clock, join } = await testRoom();
    const tim = await join({ grants: grantsOf("tim", ["annotations:view:group=team"]) });
    const [ann, bob] = [await join(), await join({ grants: grantsOf("bob") })];
    await ann.push(["c", "open", "annotation", rectangle(), "team"], ["c", "closed", "annotation", rectangle()]);
    await ann.send({ type: "presence", presence: { selection: ["open", "closed", "unborn"], preview: { closed: 1, open: 2, unborn: 3 } } });
    await clock.advance(100);
    const of = (peer: TestPeer) =>
      peer
        .of("presence")
        .flatMap(({ set }) => set)
        .findLast((other) => other.userId === "ann")?.presence;
    expect(of(tim)).toEqual({ selection: ["open"], preview: { open: 2 } });
    expect(of(bob)).toEqual({ selection: ["open", "closed", "unborn"], preview: { closed: 1, open: 2, unborn: 3 } });
  });

  it("is dropped first when a reader is slow, and whole again when it has caught up", async () => {
    const { clock, join } = await testRoom();
    const [ann, bob, cat] = [await join(), await join({ grants: grantsOf("bob") }), await join({ grants: grantsOf("cat") })];
    await clock.advance(100);
    const before = ann.of("presence").length;
    ann.buffered = 256_001;
    await bob.send({ type: "presence", presence: at(1) });
    await clock.advance(100);
    cat.member.leave();
    await ann.push(["c", "a", "annotation", rectangle()]);
    await clock.advance(100);
    expect(ann.of("presence")).toHaveLength(before);
    expect(ann.answers()).toEqual({ 1: 1 });
    ann.buffered = 0;
    await clock.advance(300);
    expect(seen(ann).at(-1)).toEqual([[["bob", 1]], [cat.welcome.self.id]]);
  });

  it("a colour stays with its user", () => {
    expect(peerColor("ann")).toBe(peerColor("ann"));
    const colors = new Set(Array.from({ length: 100 }, (_, i) => peerColor(`user-${i}`)));
    expect(colors.size).toBeGreaterThan(8);
    for (const color of colors) expect(color).toMatch(/^#[0-9a-f]{6}$/);
  });
});
