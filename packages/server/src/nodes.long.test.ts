/** A node that stands still for as long as a machine that is moved. */
import { describe } from "vitest";
import { failingNodesSuite, nodesOnPostgres, nodesOnRedis } from "./testing/failing-nodes.suite.ts";
import { hasPostgres } from "./testing/test-postgres.ts";
import { hasRedis } from "./testing/test-redis.ts";

const PAUSE_MS = 30_000;
const there = await hasPostgres();

describe.skipIf(!there)("two nodes with notifications of PostgreSQL between them", () => {
  failingNodesSuite({ begin: nodesOnPostgres, pauseMs: PAUSE_MS });
});
describe.skipIf(!there || !(await hasRedis()))("two nodes with Redis between them", () => {
  failingNodesSuite({ begin: nodesOnRedis, pauseMs: PAUSE_MS });
});
