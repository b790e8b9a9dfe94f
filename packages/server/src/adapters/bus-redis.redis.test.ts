import { describe, expect, it } from "vitest";
import { busSuite } from "../testing/bus.suite.ts";
import { hasRedis, redisCommand, testRedisUrl } from "../testing/test-redis.ts";
import { redisBus } from "./bus-redis.ts";

describe.skipIf(!(await hasRedis()))("Redis", () => {
  const url = testRedisUrl();
  const prefix = new URL(url).searchParams.get("prefix")!;
  const warnings: string[] = [];
  const join = () => redisBus({ url, onWarning: (text) => warnings.push(text) });

  busSuite(join);

  it("comes back after its connections were cut, with what was subscribed", async () => {
    const [one, two] = [await join(), await join()];
    const heard = new Set<string>();
    two.subscribe("t", (message) => heard.add(message));
    let n = 0;
    const talk = (): number => {
      one.publish("t", `message ${++n}`);
      return heard.size;
    };
    await expect.poll(talk).toBeGreaterThan(0);
    const clients = String(await redisCommand("CLIENT", "LIST"));
    for (const line of clients.split("\n").filter((each) => each.includes(`name=${prefix}-bus `))) {
      const id = /^id=(\d+)/.exec(line)?.[1];
      if (id !== undefined) await redisCommand("CLIENT", "KILL", "ID", id);
    }
    await expect.poll(() => warnings.length).toBeGreaterThan(0);
    heard.clear();
    await expect.poll(talk, { timeout: 10_000 }).toBeGreaterThan(0);
    await Promise.all([one.close(), two.close()]);
  });

  it("keeps two installations apart by their prefixes", async () => {
    const [one, other, two] = [await join(), await redisBus({ url: testRedisUrl() }), await join()];
    const heard: string[] = [];
    two.subscribe("t", (message) => heard.push(message));
    // a subscription is on its way: what is said before it arrives is lost
    await expect.poll(() => (one.publish("t", "mine"), heard.length)).toBeGreaterThan(0);
    other.publish("t", "theirs");
    heard.length = 0;
    await expect.poll(() => (one.publish("t", "mine"), heard.length)).toBeGreaterThan(3);
    expect(heard).not.toContain("theirs");
    await Promise.all([one, other, two].map((bus) => bus.close()));
  });

  it("cannot be begun without a server", async () => {
    await expect(redisBus({ url: "redis://127.0.0.1:1" })).rejects.toThrow("Cannot use Redis at 127.0.0.1:1");
  });
});
