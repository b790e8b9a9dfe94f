import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busSuite } from "../testing/bus.suite.ts";
import { hasPostgres, type TestPostgres, testPostgres } from "../testing/test-postgres.ts";
import { postgresBus } from "./bus-postgres.ts";

describe.skipIf(!(await hasPostgres()))("notifications of PostgreSQL", () => {
  let postgres: TestPostgres;
  const warnings: string[] = [];
  beforeAll(async () => {
    postgres = await testPostgres();
  });
  afterAll(() => postgres.drop());
  const join = () => postgresBus({ url: postgres.url, onWarning: (text) => warnings.push(text) });

  busSuite(join);

  it("carries messages longer than a notification may be, in many languages and in order", async () => {
    const [one, two] = [await join(), await join()];
    const heard: string[] = [];
    two.subscribe("a topic: ünïcode 😀", (message) => heard.push(message));
    const sent = ["short", "é😀".repeat(5_000), "", "x".repeat(60_000), "last"];
    for (const message of sent) one.publish("a topic: ünïcode 😀", message);
    await expect.poll(() => heard).toEqual(sent);
    one.publish("a topic: ünïcode 😀", "x".repeat(1_000_000));
    one.publish("a topic: ünïcode 😀", "after one that is too long");
    await expect.poll(() => heard.at(-1)).toBe("after one that is too long");
    await Promise.all([one.close(), two.close()]);
  });

  it("comes back after its connections were cut", async () => {
    const [one, two] = [await join(), await join()];
    const heard = new Set<string>();
    two.subscribe("t", (message) => heard.add(message));
    await postgres.admin(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lectern bus' AND datname = '${new URL(postgres.url).pathname.slice(1)}'`,
    );
    await expect.poll(() => warnings.length).toBeGreaterThan(0);
    let n = 0;
    await expect
      .poll(
        () => {
          one.publish("t", `message ${++n}`);
          return heard.size;
        },
        { timeout: 10_000 },
      )
      .toBeGreaterThan(0);
    await Promise.all([one.close(), two.close()]);
  });

  it("keeps the failure of a listener from the others, and cannot be begun without a server", async () => {
    const [one, two] = [await join(), await join()];
    const heard: string[] = [];
    two.subscribe("t", () => {
      throw new Error("of a listener");
    });
    two.subscribe("t", (message) => heard.push(message));
    one.publish("t", "a");
    await expect.poll(() => heard).toEqual(["a"]);
    expect(warnings).toContain("a listener of the bus failed");
    await Promise.all([one.close(), two.close()]);
    await expect(postgresBus({ url: "postgres://127.0.0.1:1/x" })).rejects.toThrow("ECONNREFUSED");
  });
});
