import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Clock, type Database, systemRandom } from "../ports.ts";
import { testDatabase } from "../testing/test-database.ts";
import { attempts, networkOf } from "./attempts.ts";
import { passwords } from "./password.ts";
import { type Accounts, accounts, cookieHeader } from "./sign-in.ts";

const DAY = 86_400_000;
const cheap = { log2N: 4, p: 1 };
const address = "192.0.2.1";
const person = { email: "Ann@Example.com ", password: "correct horse battery" };

describe("passwords", () => {
  it("are kept as salted hashes with their cost", async () => {
    const { hash, verify } = passwords({ random: systemRandom, cost: cheap });
    const [one, two] = [await hash("secret"), await hash("secret")];
    expect(one).toMatch(/^scrypt\$4\$1\$/);
    expect(one).not.toBe(two);
    expect(await verify("secret", one)).toBe(true);
    expect(await verify("Secret", one)).toBe(false);
    expect(await verify("", one)).toBe(false);
  });

  it("are verified at the cost they were made with", async () => {
    const old = await passwords({ random: systemRandom, cost: { log2N: 5, p: 2 } }).hash("secret");
    expect(await passwords({ random: systemRandom, cost: cheap }).verify("secret", old)).toBe(true);
  });

  it("are the same however the keyboard composes a letter", async () => {
    const { hash, verify } = passwords({ random: systemRandom, cost: cheap });
    expect(await verify("e\u0301te\u0301", await hash("\u00e9t\u00e9"))).toBe(true);
  });

  it("are checked all the same, and never right, where there is no hash", async () => {
    const { verify } = passwords({ random: systemRandom, cost: cheap });
    expect(await verify("", null)).toBe(false);
    expect(await Promise.all(Array.from({ length: 10 }, () => verify("x", null)))).toEqual(Array(10).fill(false));
  });

  it("take the full cost by default", async () => {
    const { hash, verify } = passwords({ random: systemRandom });
    const made = await hash("secret");
    expect(made).toMatch(/^scrypt\$15\$3\$/);
    expect(await verify("secret", made)).toBe(true);
  });
});

describe("attempts", () => {
  let time = 0;
  const clock: Clock = { now: () => time, setTimeout: () => () => undefined };

  it("run out, come back one by one, and are given back when they succeed", () => {
    const limit = attempts({ burst: 3, everySeconds: 10, clock });
    for (let i = 0; i < 3; i++) limit.take("a");
    expect(() => limit.take("a")).toThrow(expect.objectContaining({ code: "rate_limited", retryAfter: 10 }));
    limit.take("b");
    time += 10_000;
    limit.take("a");
    expect(() => limit.take("a")).toThrow("try again");
    limit.giveBack("a");
    limit.take("a");
    time += 3_600_000;
    for (let i = 0; i < 3; i++) limit.take("a");
    expect(() => limit.take("a")).toThrow("try again");
  });

  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2::6", "2001:db8:1:2::/64"],
    ["2001:db8::6", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
  ])("of %s count for %s", (one, network) => {
    expect(networkOf(one)).toBe(network);
  });
});

describe("signing in", () => {
  let database: Database;
  let all: Accounts;
  let time: number;
  const clock: Clock = { now: () => time, setTimeout: () => () => undefined };

  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    time = 1_800_000_000_000;
    await database.transaction([{ sql: "DELETE FROM accounts" }, { sql: "DELETE FROM sign_ins" }]);
    all = accounts({ database, clock, random: systemRandom, cost: cheap });
  });

  const useLink = (token: string, more: object = {}) => all.useLink({ token, address, ...more });
  const setUp = async () => useLink(await all.createLink(), person);
  const signIn = (more: Partial<typeof person & { address: string }> = {}) => all.signIn({ ...person, address, ...more });

  it("is impossible on a fresh installation without the link", async () => {
    expect(await all.needsSetup()).toBe(true);
    await expect(signIn()).rejects.toMatchObject({ code: "unauthorized" });
    await expect(useLink("", person)).rejects.toMatchObject({ code: "unauthorized" });
    await expect(useLink("guessed", person)).rejects.toMatchObject({ code: "unauthorized" });
    expect(await all.whoIs("")).toBeNull();
    expect(await all.needsSetup()).toBe(true);
  });

  it("with the link makes the first account, which then has a password", async () => {
    const { account, secret } = await setUp();
    expect(account).toMatchObject({ email: "ann@example.com", name: "ann" });
    expect(await all.needsSetup()).toBe(false);
    expect(await all.whoIs(secret)).toEqual(account);
    const again = await signIn({ email: "ANN@example.com" });
    expect(again.account).toEqual(account);
    expect(again.secret).not.toBe(secret);
  });

  it("works once for each link, also when two come at the same time", async () => {
    const token = await all.createLink();
    const both = await Promise.allSettled([useLink(token, person), useLink(token, { ...person, email: "mallory@example.com" })]);
    expect(both.map((result) => result.status).sort((a, b) => a.localeCompare(b))).toEqual(["fulfilled", "rejected"]);
    await expect(useLink(token, person)).rejects.toMatchObject({ code: "unauthorized" });
    expect(await database.query("SELECT id FROM accounts")).toHaveLength(1);
  });

  it("asks for e-mail and password of the first account, and leaves the link as it was", async () => {
    const token = await all.createLink();
    await expect(useLink(token)).rejects.toMatchObject({
      code: "invalid_parameters",
      failingPaths: [{ path: "$.email" }, { path: "$.password" }],
    });
    await expect(useLink(token, { email: person.email })).rejects.toMatchObject({ failingPaths: [{ path: "$.password" }] });
    expect((await useLink(token, { ...person, name: "Ann" })).account.name).toBe("Ann");
  });

  it("takes a link only until it expires or another one is made", async () => {
    const first = await all.createLink();
    const second = await all.createLink();
    await expect(useLink(first, person)).rejects.toMatchObject({ code: "unauthorized" });
    time += DAY;
    await expect(useLink(second, person)).rejects.toMatchObject({ code: "unauthorized" });
    expect(await all.needsSetup()).toBe(true);
  });

  it("takes no link from before the first account to make another one", async () => {
    const token = await all.createLink();
    await all.ensureAdmin(person.email, person.password);
    await expect(useLink(token, { ...person, email: "mallory@example.com" })).rejects.toMatchObject({ code: "unauthorized" });
  });

  it("with a link signs in as the first account once there is one, whatever else was sent", async () => {
    const { account } = await setUp();
    const signedIn = await useLink(await all.createLink(), { email: "mallory@example.com", password: "something else" });
    expect(signedIn.account).toEqual(account);
    expect(await all.whoIs(signedIn.secret)).toEqual(account);
    await expect(signIn({ password: "something else" })).rejects.toMatchObject({ code: "unauthorized" });
  });

  it("says the same to a wrong password and to an unknown e-mail", async () => {
    await setUp();
    const answers = await Promise.all(
      [signIn({ password: "wrong" }), signIn({ email: "nobody@example.com" })].map((attempt) => attempt.catch((error: unknown) => error)),
    );
    expect(answers[0]).toMatchObject({ code: "unauthorized" });
    expect(answers[1]).toEqual(answers[0]);
  });

  it("is slowed for an account that is guessed at from many addresses, known or not", async () => {
    await setUp();
    for (const email of [person.email, "nobody@example.com"]) {
      for (let i = 0; i < 10; i++)
        await expect(signIn({ email, password: "wrong", address: `192.0.2.${i}` })).rejects.toMatchObject({ code: "unauthorized" });
      await expect(signIn({ email, address: "192.0.2.99" })).rejects.toMatchObject({ code: "rate_limited", retryAfter: 60 });
    }
    time += 60_000;
    await expect(signIn({ address: "192.0.2.99" })).resolves.toBeDefined();
  });

  it("is slowed for an address that guesses at many accounts or links", async () => {
    await setUp();
    for (let i = 0; i < 10; i++) await expect(signIn({ email: `p${i}@example.com` })).rejects.toMatchObject({ code: "unauthorized" });
    for (let i = 0; i < 10; i++) await expect(useLink(`guess${i}`)).rejects.toMatchObject({ code: "unauthorized" });
    await expect(signIn()).rejects.toMatchObject({ code: "rate_limited" });
    await expect(useLink(await all.createLink())).rejects.toMatchObject({ code: "rate_limited" });
    await expect(signIn({ address: "192.0.2.2" })).resolves.toBeDefined();
  });

  it("does not use up attempts by being right", async () => {
    await setUp();
    for (let i = 0; i < 40; i++) await signIn();
  });

  it("lasts thirty days from the last use", async () => {
    const { secret } = await setUp();
    for (let i = 0; i < 3; i++) {
      time += 29 * DAY;
      expect(await all.whoIs(secret)).not.toBeNull();
    }
    time += 30 * DAY;
    expect(await all.whoIs(secret)).toBeNull();
    await signIn();
    expect(await database.query("SELECT hash FROM sign_ins")).toHaveLength(1);
  });

  it("ends with signing out, on that device only", async () => {
    const [one, two] = [await setUp(), await signIn()];
    await all.signOut(one.secret);
    await all.signOut("nothing");
    expect(await all.whoIs(one.secret)).toBeNull();
    expect(await all.whoIs(two.secret)).not.toBeNull();
  });

  it("takes no link for a cookie and no cookie for a link", async () => {
    const { secret } = await setUp();
    const token = await all.createLink();
    expect(await all.whoIs(token)).toBeNull();
    await expect(useLink(secret)).rejects.toMatchObject({ code: "unauthorized" });
  });

  it("keeps neither links, cookies nor passwords in the database", async () => {
    const token = await all.createLink();
    const before = JSON.stringify(await database.query("SELECT * FROM sign_ins"));
    const { secret } = await useLink(token, person);
    const after = JSON.stringify(await database.snapshot([{ sql: "SELECT * FROM sign_ins" }, { sql: "SELECT * FROM accounts" }]));
    expect(before).not.toContain(token);
    expect(after).not.toContain(secret);
    expect(after).not.toContain(person.password);
  });

  it("with the configured account works at once, and its password is not reset by a restart", async () => {
    await all.ensureAdmin(person.email, person.password);
    const { account } = await signIn();
    await all.ensureAdmin(person.email, "another password");
    await expect(signIn({ password: "another password" })).rejects.toMatchObject({ code: "unauthorized" });
    await all.ensureAdmin("bob@example.com", "another password");
    expect((await signIn({ email: "bob@example.com", password: "another password" })).account.id).not.toBe(account.id);
  });
});

it("sends the cookie out of reach of scripts and other sites, and only encrypted where the site is", () => {
  expect(cookieHeader("c", "s3cret", { secure: true })).toBe("c=s3cret; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000; Secure");
  expect(cookieHeader("c", null, { secure: false })).toBe("c=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
});
