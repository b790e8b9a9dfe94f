import { expect, it, onTestFinished } from "vitest";
import { insertSignIn } from "../accounts/store.ts";
import { type ApiKey, insertKey } from "../api-keys/store.ts";
import type { Session } from "../sessions/session.ts";
import { insertSession } from "../sessions/store.ts";
import { testDatabase } from "../testing/test-database.ts";
import { fanOut, listDeliveries } from "../webhooks/store.ts";
import { keepHouse } from "./housekeeping.ts";

const DAY = 86_400_000;
const NOW = 1000 * DAY;

it("takes away queues of requests after a day, of browsers after 400, old deliveries, and what has ended long ago; and comes back", async () => {
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
  const session = (id: string, expiresAt: number): Session => ({
    id,
    applicationId: "a",
    userId: null,
    creatorName: null,
    documents: [],
    allowedOrigins: [],
    createdAt: 0,
    expiresAt,
    revokedAt: null,
    publicKeyId: null,
  });
  const key = (id: string, expiresAt: number | null): ApiKey => ({
    id,
    applicationId: "a",
    name: id,
    hint: "",
    scope: "all",
    createdAt: 0,
    lastUsedAt: null,
    revokedAt: null,
    expiresAt,
    documents: null,
  });
  await database.transaction([
    { sql: "INSERT INTO applications (id, name, allowed_origins, created_at) VALUES ('a', 'A', '[]', 0)" },
    ...peers.map(([sid, days]) => ({
      sql: "INSERT INTO peers (layer_id, sid, user_id, last_n, rejects, updated_at) VALUES (?, ?, NULL, 1, ?, ?)",
      params: ["l", sid, "[]", NOW - Math.round(days * DAY)],
    })),
    ...fanOut([], [delivery("old", 31), delivery("new", 29)]).slice(0, 2),
    ...[30.1, 29.9, -1].map((days) => insertSession(session(`ended ${days} days ago`, NOW - days * DAY))),
    ...[7.1, 6.9, -1, null].map((days) => insertKey(key(`token ${days}`, days === null ? null : NOW - days * DAY), `hash ${days}`)),
    ...[0.1, -1].map((days) =>
      insertSignIn({ hash: `sign-in ${days}`, kind: "cookie", accountId: null, createdAt: 0, expiresAt: NOW - days * DAY }),
    ),
  ]);
  const clock = { now: () => NOW, setTimeout: () => () => undefined };
  expect(await keepHouse({ database, clock }, new AbortController().signal)).toEqual({ againIn: 3_600_000 });
  expect((await database.query("SELECT sid FROM peers ORDER BY sid")).map(({ sid }) => sid)).toEqual([
    "browser:new",
    "merge:layer:new",
    "rest:new",
  ]);
  const column = async (sql: string): Promise<unknown[]> => (await database.query(sql)).map((row) => Object.values(row)[0]);
  expect(await column("SELECT id FROM sessions ORDER BY id")).toEqual(["ended -1 days ago", "ended 29.9 days ago"]);
  expect(await column("SELECT id FROM api_keys ORDER BY id")).toEqual(["token -1", "token 6.9", "token null"]);
  expect(await column("SELECT hash FROM sign_ins")).toEqual(["sign-in -1"]);
  expect((await listDeliveries(database, "w", { status: null, limit: 10, until: null })).map(({ id }) => id)).toEqual(["new"]);
});
