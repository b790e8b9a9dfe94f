/** Redis between the nodes, and what remains true without it. */
import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type NodeClient, nodeClient, type TestNode, type TestNodes, testNodes, type TestProxy, testProxy } from "./testing/test-nodes.ts";
import { hasPostgres } from "./testing/test-postgres.ts";
import { hasRedis, testRedisUrl } from "./testing/test-redis.ts";

const SOON = { timeout: 20_000, interval: 20 };

describe.skipIf(!(await hasPostgres()) || !(await hasRedis()))("two nodes with Redis between them", () => {
  let both: TestNodes;
  let redis: TestProxy;
  let mia: NodeClient;
  let ben: NodeClient;
  beforeAll(async () => {
    redis = await testProxy(testRedisUrl());
    both = await testNodes({ LECTERN_BUS_URL: redis.url });
    const [one, two] = both.nodes as [TestNode, TestNode];
    const { id } = await one.upload(pagesPdf(1));
    [mia, ben] = (await Promise.all(
      [
        [one, "mia"],
        [two, "ben"],
      ].map(async ([node, user]) => nodeClient(node as TestNode, (await one.session(id, { user_id: user, creator_name: user })).jwt)),
    )) as [NodeClient, NodeClient];
  }, 60_000);
  afterAll(async () => {
    for (const { client } of [mia, ben]) client.close();
    await both.close();
    await redis.close();
  });

  const x = (client: NodeClient): readonly (number | undefined)[] => client.peers().map(({ presence }) => presence.cursor?.x);

  it("tell each other of changes and of people", async () => {
    await mia.create("first");
    await expect.poll(() => ben.ids(), SOON).toEqual(["first"]);
    mia.client.setPresence({ cursor: { page: "1.0", x: 1, y: 1 } });
    await expect.poll(() => x(ben), SOON).toEqual([1]);
  });

  it("converge by looking while they are cut off from it, and tell each other again when it is back", async () => {
    redis.cut();
    for (let n = 0; n < 30; n++) {
      await Promise.all([mia.create(`mia-${n}`), ben.create(`ben-${n}`)]);
    }
    await expect.poll(() => mia.ids().length, SOON).toBe(61);
    await expect.poll(() => ben.ids().join(), SOON).toBe(mia.ids().join());
    // nothing is heard of people on the other node, who are forgotten after ten seconds
    await expect.poll(() => x(ben), SOON).toEqual([]);
    expect([...mia.refused, ...ben.refused]).toEqual([]);
    expect(both.nodes.every((node) => node.output().includes("the bus lost Redis"))).toBe(true);

    redis.mend();
    await expect.poll(() => x(ben), SOON).toEqual([1]);
    await ben.create("last");
    await expect.poll(() => mia.ids().includes("last"), SOON).toBe(true);
  });
});
