import { expect, it, onTestFinished } from "vitest";
import { testDatabase } from "../testing/test-database.ts";
import { fanOut, listDeliveries } from "../webhooks/store.ts";
import { keepHouse } from "./housekeeping.ts";

const DAY = 86_400_000;
const NOW = 1000 * DAY;

it("takes away queues of requests after a day, of browsers after 400, and old deliveries; and comes back", async () => {
  const database = await testDatabase();
  onTestFinished(() => database.close());
  const peers: readonly (readonly [string, number])[] = [
    ["rest:old", 1.1],
    ["rest:new", 0.9],
    ["merge:layer:old", 1.1],
    ["merge:layer:new", 0.9],
    ["browser:old", 401],
    ["browser:new", 399],
  ];
  const delivery = (id: string, days: number) => ({
    id,
    webhookId: "w",
    eventId: id,
    topic: "document.ready",
    payload: "{}",
    status: "pending" as const,
    attempts: 0,
    dueAt: 0,
    responseStatus: null,
    error: null,
    createdAt: NOW - days * DAY,
    finishedAt: null,
  });
  await database.transaction([
    ...peers.map(([sid, days]) => ({
      sql: "INSERT INTO peers (layer_id, sid, user_id, last_n, rejects, updated_at) VALUES (?, ?, NULL, 1, ?, ?)",
      params: ["l", sid, "[]", NOW - Math.round(days * DAY)],
    })),
    ...fanOut([], [delivery("old", 31), delivery("new", 29)]).slice(0, 2),
  ]);
  const clock = { now: () => NOW, setTimeout: () => () => undefined };
  expect(await keepHouse({ database, clock }, new AbortController().signal)).toEqual({ againIn: 3_600_000 });
  expect((await database.query("SELECT sid FROM peers ORDER BY sid")).map(({ sid }) => sid)).toEqual([
    "browser:new",
    "merge:layer:new",
    "rest:new",
  ]);
  expect((await listDeliveries(database, "w", { status: null, limit: 10, until: null })).map(({ id }) => id)).toEqual(["new"]);
});
