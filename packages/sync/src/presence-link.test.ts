import type { Presence } from "@lectern/protocol";
import { describe, expect, it } from "vitest";
import { MemoryChangeLog } from "./memory-change-log.ts";
import type { PresenceLink } from "./presence-link.ts";
import { grantsOf, rectangle } from "./testing/fixtures.ts";
import { type TestPeer, testRoom } from "./testing/test-room.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";

const at = (x: number): Presence => ({ cursor: { page: "0.0", x, y: 0 } });

/** Whom the peer sees now, and where. */
function sees(peer: TestPeer): Record<string, number | undefined> {
  const seen = new Map<string, readonly [string, number | undefined]>();
  for (const { set, gone } of peer.of("presence")) {
    for (const id of gone) seen.delete(id);
    for (const other of set) seen.set(other.id, [other.userId ?? "", other.presence.cursor?.x]);
  }
  return Object.fromEntries(seen.values());
}

/** Two rooms of one layer, as on two nodes. `loses`: which messages do not arrive. */
async function twoNodes() {
  const clock = new VirtualClock();
  const log = new MemoryChangeLog();
  const listeners = new Map<string, (message: string) => void>();
  const sent: string[] = [];
  const net = { down: false, listeners, sent };
  const linkOf = (node: string): PresenceLink => ({
    node,
    publish(layer, message) {
      expect(layer).toBe("layer");
      sent.push(message);
      if (!net.down) for (const [other, listener] of listeners) if (other !== node) listener(message);
    },
    subscribe(_layer, listener) {
      listeners.set(node, listener);
      return () => void listeners.delete(node);
    },
  });
  const [one, two] = await Promise.all([
    testRoom({ clock, log, presence: linkOf("n1") }),
    testRoom({ clock, log, presence: linkOf("n2") }),
  ]);
  return { clock, one, two, net };
}

describe("presence between nodes", () => {
  it("shows who is on the other node, also to who comes later, and tells when they go", async () => {
    const { clock, one, two } = await twoNodes();
    const ann = await one.join();
    await ann.send({ type: "presence", presence: at(1) });
    await clock.advance(100);
    const bob = await two.join({ grants: grantsOf("bob") });
    const bea = await two.join({ grants: grantsOf("bea") });
    await clock.advance(100);
    expect(sees(ann)).toEqual({ bob: undefined, bea: undefined });
    expect(sees(bob)).toEqual({ ann: 1, bea: undefined });
    await bob.send({ type: "presence", presence: at(2) });
    await clock.advance(150);
    expect(sees(ann)).toEqual({ bob: 2, bea: undefined });
    expect(sees(bea)).toEqual({ ann: 1, bob: 2 });
    bob.member.leave();
    await clock.advance(100);
    expect(sees(ann)).toEqual({ bea: undefined });
    bea.member.leave();
    await clock.advance(100);
    expect(sees(ann)).toEqual({});
  });

  it("gives the people of two nodes ids that differ, though each node counts from one", async () => {
    const { clock, one, two } = await twoNodes();
    const [ann, bob] = [await one.join({ sid: "sid-same1" }), await two.join({ sid: "sid-same1", grants: grantsOf("bob") })];
    expect(ann.welcome.self.id).toBe(bob.welcome.self.id);
    await clock.advance(100);
    expect(sees(ann)).toEqual({ bob: undefined });
    expect(sees(bob)).toEqual({ ann: undefined });
  });

  it("is coalesced", async () => {
    const { clock, one, two, net } = await twoNodes();
    const [ann, bob] = [await one.join(), await two.join({ grants: grantsOf("bob") })];
    await clock.advance(100);
    const before = net.sent.length;
    for (let i = 0; i < 50; i++) {
      await ann.send({ type: "presence", presence: at(i) });
      await clock.advance(1);
    }
    await clock.advance(120);
    expect(net.sent.length - before).toBe(1);
    expect(sees(bob)).toEqual({ ann: 49 });
  });

  it("hides what a viewer may not see, on the node of the viewer", async () => {
    const { clock, one, two } = await twoNodes();
    const tim = await two.join({ grants: grantsOf("tim", ["annotations:view:group=team"]) });
    const ann = await one.join();
    await ann.push(["c", "hidden", "annotation", rectangle(), "others"], ["c", "shared", "annotation", rectangle(), "team"]);
    await two.room.catchUp();
    await ann.send({ type: "presence", presence: { selection: ["hidden", "shared", "unknown"] } });
    await clock.advance(200);
    expect(tim.of("presence").at(-1)?.set[0]?.presence).toEqual({ selection: ["shared"] });
    expect(JSON.stringify(tim.frames)).not.toContain("hidden");
  });

  it("repairs what was lost on the way within three seconds", async () => {
    const { clock, one, two, net } = await twoNodes();
    const [ann, bob] = [await one.join(), await two.join({ grants: grantsOf("bob") })];
    await clock.advance(100);
    net.down = true;
    const cid = await one.join({ grants: grantsOf("cid") });
    await ann.send({ type: "presence", presence: at(7) });
    await clock.advance(200);
    expect(sees(bob)).toEqual({ ann: undefined });
    net.down = false;
    await clock.advance(3000);
    expect(sees(bob)).toEqual({ ann: 7, cid: undefined });
    expect(sees(cid)).toEqual({ ann: 7, bob: undefined });
  });

  it("forgets the people of a node of which nothing comes any more", async () => {
    const { clock, one, two, net } = await twoNodes();
    const [ann, bob] = [await one.join(), await two.join({ grants: grantsOf("bob") })];
    await clock.advance(100);
    expect(sees(bob)).toEqual({ ann: undefined });
    net.down = true;
    for (let i = 0; i < 7; i++) {
      await clock.advance(2000);
      await Promise.all([ann, bob].map((peer) => peer.send({ type: "ping" })));
    }
    expect(sees(bob)).toEqual({});
    net.down = false;
    await clock.advance(3000);
    expect(sees(bob)).toEqual({ ann: undefined });
  });

  it("ends with its room", async () => {
    const { clock, one, two, net } = await twoNodes();
    const [, bob] = [await one.join(), await two.join({ grants: grantsOf("bob") })];
    await clock.advance(100);
    await one.room.close();
    await clock.advance(100);
    expect(sees(bob)).toEqual({});
    expect([...net.listeners.keys()]).toEqual(["n2"]);
  });

  it("leaves a preview on its node that would be too long for the way", async () => {
    const { clock, one, two } = await twoNodes();
    const [ann, bob] = [await one.join(), await two.join({ grants: grantsOf("bob") })];
    const preview = { stroke: { note: "x".repeat(30_000) } } as unknown as NonNullable<Presence["preview"]>;
    await ann.send({ type: "presence", presence: { ...at(3), preview } });
    await clock.advance(200);
    expect(bob.of("presence").at(-1)?.set[0]?.presence).toEqual(at(3));
  });
});
