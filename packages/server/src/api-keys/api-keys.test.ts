import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createApplication, ensureDefaultApplication } from "../applications/store.ts";
import { type Clock, type Database, systemRandom } from "../ports.ts";
import { testDatabase } from "../testing/test-database.ts";
import { type ApiKeys, apiKeys } from "./api-keys.ts";
import { hashKey, isWellFormed, makeKey, sameHash } from "./key.ts";

describe("the form of a key", () => {
  it("is a prefix, 160 random bits and a checksum", () => {
    const key = makeKey("live", systemRandom);
    expect(key).toMatch(/^lct_live_[0-9a-z]{38}$/);
    expect(makeKey("test", systemRandom)).toMatch(/^lct_test_/);
    expect(new Set(Array.from({ length: 100 }, () => makeKey("live", systemRandom))).size).toBe(100);
    expect(isWellFormed(key)).toBe(true);
  });

  it("is broken by any wrong character, another mode, or an end that is missing", () => {
    const key = makeKey("live", systemRandom);
    for (let i = 9; i < key.length; i++) {
      const wrong = key[i] === "a" ? "b" : "a";
      expect(isWellFormed(key.slice(0, i) + wrong + key.slice(i + 1))).toBe(false);
    }
    expect(isWellFormed(key.replace("live", "test"))).toBe(false);
    expect(isWellFormed(key.slice(0, -1))).toBe(false);
    expect(isWellFormed(`${key} `)).toBe(false);
  });

  it("is compared by hashes of any length", () => {
    expect(sameHash(hashKey("a"), hashKey("a"))).toBe(true);
    expect(sameHash(hashKey("a"), hashKey("b"))).toBe(false);
    expect(sameHash("", hashKey("b"))).toBe(false);
  });
});

describe("API keys", () => {
  let database: Database;
  let keys: ApiKeys;
  let applicationId: string;
  let time: number;
  const clock: Clock = { now: () => time, setTimeout: () => () => undefined };
  const failures: unknown[] = [];
  const open = (): ApiKeys => apiKeys({ database, clock, random: systemRandom, onError: (error) => failures.push(error) });
  const create = (name = "backend") => keys.create(applicationId, { name, scope: "all", mode: "live" });

  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    time = 1_800_000_000_000;
    await database.transaction([{ sql: "DELETE FROM api_keys" }]);
    applicationId = (await ensureDefaultApplication(database, clock)).id;
    keys = open();
  });
  afterEach(async () => {
    await keys.close();
    expect(failures).toEqual([]);
  });

  it("are found by their secret, which is stored nowhere", async () => {
    const { apiKey, key } = await keys.create(applicationId, { name: "reader", scope: "read", mode: "test" });
    expect(apiKey).toMatchObject({ applicationId, name: "reader", scope: "read", createdAt: time, lastUsedAt: null, revokedAt: null });
    expect(apiKey.hint).toBe(`lct_test_…${key.slice(-4)}`);
    expect(await keys.find(key)).toMatchObject({ id: apiKey.id, scope: "read" });
    expect(JSON.stringify(await database.query("SELECT * FROM api_keys"))).not.toContain(key.slice(9, 30));
  });

  it("are listed newest first, for their application only", async () => {
    const { id: other } = await createApplication(database, "Other", { clock, random: systemRandom });
    for (const name of ["one", "two"]) {
      await create(name);
      time++;
    }
    await keys.create(other, { name: "theirs", scope: "all", mode: "live" });
    expect((await keys.list(applicationId)).map((key) => key.name)).toEqual(["two", "one"]);
    expect((await keys.list(other)).map((key) => key.name)).toEqual(["theirs"]);
  });

  it("are not found when nobody has them", async () => {
    expect(await keys.find(makeKey("live", systemRandom))).toBeNull();
    expect(await keys.find("lct_live_something")).toBeNull();
    expect(await keys.find("")).toBeNull();
  });

  it("stop working at once when revoked here, and within five seconds when revoked elsewhere", async () => {
    const [one, two] = [await create(), await create()];
    const elsewhere = open();
    expect(await elsewhere.find(one.key)).not.toBeNull();
    expect(await keys.find(one.key)).not.toBeNull();
    const revoked = await keys.revoke(applicationId, one.apiKey.id);
    expect(revoked.revokedAt).toBe(time);
    expect(await keys.find(one.key)).toBeNull();
    time += 5_000;
    expect(await elsewhere.find(one.key)).toBeNull();
    expect(await elsewhere.find(two.key)).not.toBeNull();
    expect((await keys.revoke(applicationId, one.apiKey.id)).revokedAt).toBe(revoked.revokedAt);
    await elsewhere.close();
  });

  it("are revoked by their own application only", async () => {
    const { apiKey, key } = await create();
    await expect(keys.revoke("another", apiKey.id)).rejects.toMatchObject({ code: "not_found" });
    await expect(keys.revoke(applicationId, "nothing")).rejects.toMatchObject({ code: "not_found" });
    expect(await keys.find(key)).not.toBeNull();
  });

  it("tell when they were last used, to the minute", async () => {
    const { key } = await create();
    const start = time;
    const lastUsed = async (): Promise<number | null> => {
      await keys.close();
      return (await keys.list(applicationId))[0]!.lastUsedAt;
    };
    await keys.find(key);
    expect(await lastUsed()).toBe(start);
    time = start + 59_999;
    await keys.find(key);
    expect(await lastUsed()).toBe(start);
    time = start + 60_000;
    await keys.find(key);
    expect(await lastUsed()).toBe(start + 60_000);
  });

  describe("from the configuration", () => {
    const first = "lct_live_0123456789-0123456789_0123456789";
    const second = "lct_test_automation-automation-automation";

    it("have all rights without a checksum, and survive a restart", async () => {
      expect(await keys.find(first)).toBeNull();
      for (let start = 0; start < 2; start++) {
        const restarted = open();
        await restarted.configure(first, applicationId);
        expect(await restarted.find(first)).toMatchObject({ applicationId, scope: "all", name: "LECTERN_API_KEY" });
        await restarted.close();
      }
      expect(await keys.list(applicationId)).toHaveLength(1);
    });

    it("are replaced by another value, and go with the variable", async () => {
      await keys.configure(first, applicationId);
      const next = open();
      await next.configure(second, applicationId);
      expect(await next.find(first)).toBeNull();
      expect(await next.find(second)).not.toBeNull();
      await next.close();
      const last = open();
      await last.configure(null, applicationId);
      expect(await last.find(second)).toBeNull();
      expect(await last.list(applicationId)).toEqual([]);
    });

    it("stay revoked when the server starts again with the same value", async () => {
      await keys.configure(first, applicationId);
      const [listed] = await keys.list(applicationId);
      await keys.revoke(applicationId, listed!.id);
      const restarted = open();
      await restarted.configure(first, applicationId);
      expect(await restarted.find(first)).toBeNull();
    });

    it("may be one of our own keys, which keeps its rights", async () => {
      await keys.configure(first, applicationId);
      const { key } = await keys.create(applicationId, { name: "reader", scope: "read", mode: "live" });
      const restarted = open();
      await restarted.configure(key, applicationId);
      expect(await restarted.find(key)).toMatchObject({ name: "reader", scope: "read" });
      expect(await restarted.find(first)).toBeNull();
      await restarted.close();
    });
  });
});
