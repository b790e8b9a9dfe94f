import { describe } from "vitest";
import { failingNodesSuite, nodesOnRedis } from "./testing/failing-nodes.suite.ts";
import { hasPostgres } from "./testing/test-postgres.ts";
import { hasRedis } from "./testing/test-redis.ts";

describe.skipIf(!(await hasPostgres()) || !(await hasRedis()))("two nodes with Redis between them", () => {
  failingNodesSuite({ begin: nodesOnRedis, pauseMs: 0 });
});
