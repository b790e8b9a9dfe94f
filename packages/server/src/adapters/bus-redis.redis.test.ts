import { connect, createServer, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { busSuite } from "../testing/bus.suite.ts";
import { hasRedis, redisCommand, testRedisUrl } from "../testing/test-redis.ts";
import { redisBus } from "./bus-redis.ts";

describe.skipIf(!(await hasRedis()))("Redis", () => {
  const url = testRedisUrl();
  const prefix = new URL(url).searchParams.get("prefix")!;
  const warnings: string[] = [];
  const join = () => redisBus({ url, onWarning: (text) => warnings.push(text) });

  busSuite(join);

  /** Two nodes; what lies between the second one and Redis can stop carrying anything, without a word to either. */
  async function acrossTheNet(probeMs: number) {
    const { hostname, port } = new URL(url);
    const connections: { readonly near: Socket; readonly far: Socket; asked: number }[] = [];
    const net = createServer((near) => {
      const far = connect({ host: hostname, port: Number(port || 6379) });
      const connection = { near, far, asked: 0 };
      near.on("data", (bytes) => {
        const pings = bytes.toString("latin1").split("ping").length - 1;
        connection.asked = Math.min(3, connection.asked + pings);
      });
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const)
        from
          .on("error", () => to.destroy())
          .on("close", () => to.destroy())
          .pipe(to);
      connections.push(connection);
    });
    await new Promise<void>((resolve) => net.listen(0, "127.0.0.1", resolve));
    const through = new URL(url);
    [through.hostname, through.port] = ["127.0.0.1", String((net.address() as { port: number }).port)];
    const one = await join();
    const two = await redisBus({ url: through.href, onWarning: (text) => warnings.push(text), probeMs });
    onTestFinished(async () => {
      await Promise.all([one.close(), two.close()]);
      for (const { near, far } of connections) [near, far].forEach((socket) => socket.destroy());
      await new Promise((resolve) => net.close(resolve));
    });
    const cut = (): void => {
      for (const { near, far } of connections) for (const socket of [near, far]) socket.unpipe().removeAllListeners("data").resume();
    };
    return { one, two, cut, connections };
  }

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

  it("comes back when its connections look whole and carry nothing", async () => {
    const { one, two, cut } = await acrossTheNet(200);
    const heard = new Set<string>();
    two.subscribe("t", (message) => heard.add(message));
    let n = 0;
    const talk = (): number => (one.publish("t", `message ${++n}`), heard.size);
    await expect.poll(talk).toBeGreaterThan(0);
    cut();
    heard.clear();
    await expect.poll(talk, { timeout: 20_000 }).toBeGreaterThan(0);
  });

  it("stays connected while it is answered, though nobody says anything", async () => {
    const { one, two, connections } = await acrossTheNet(800);
    const heard: string[] = [];
    two.subscribe("t", (message) => heard.push(message));
    await expect.poll(() => (one.publish("t", "first"), heard.length)).toBeGreaterThan(0);
    // Several questions on each of the two.
    await expect.poll(() => connections.map(({ asked }) => asked), { timeout: 20_000 }).toEqual([3, 3]);
    heard.length = 0;
    one.publish("t", "second");
    await expect.poll(() => heard).toEqual(["second"]);
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
