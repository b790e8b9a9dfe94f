/**
 * What two nodes owe the people on them when one of them is killed, stands still, or is cut off from the bus: no acknowledged edit is lost, all end
 * with the same layer and the same people, and nobody is shown who is not there.
 */
import { pagesPdf } from "@lectern/pdf/testing";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type NodeClient, nodeClient, type TestNode, testNodes, type TestNodes, type TestProxy, testProxy } from "./test-nodes.ts";
import { testRedisUrl } from "./test-redis.ts";

export interface FailingNodes {
  readonly nodes: TestNodes;
  /** All that goes over the bus, and nothing else. */
  readonly bus: TestProxy;
  /** In the logs of a node that has lost it. */
  readonly lost: string;
}

export interface FailingNodesOptions {
  readonly begin: () => Promise<FailingNodes>;
  /** How long a node stands still, at least. */
  readonly pauseMs: number;
}

export async function nodesOnPostgres(): Promise<FailingNodes> {
  let bus: TestProxy | null = null;
  const nodes = await testNodes({}, async (url) => (bus = await testProxy(url, "lectern bus")).url);
  return { nodes, bus: bus!, lost: "the bus lost PostgreSQL" };
}

export async function nodesOnRedis(): Promise<FailingNodes> {
  const bus = await testProxy(testRedisUrl());
  return { nodes: await testNodes({ LECTERN_BUS_URL: bus.url }), bus, lost: "the bus lost Redis" };
}

/** As long as it takes on a machine that does much else. */
export const PATIENT = { timeout: 120_000, interval: 50 };
const TEST = { timeout: 400_000 };

/** Somebody who draws and who writes a property of their own into a record that all share, one after another, without a rest. */
export interface Writer {
  readonly person: NodeClient;
  /** Resolves when so many more have been acknowledged. */
  progress(edits: number): Promise<void>;
  /** Resolves when the last one is acknowledged. */
  stop(): Promise<void>;
}

/** What the second writes stands beside what the first writes. */
const SHARED = "shared";
const OF: readonly ((n: number) => Readonly<Record<string, unknown>>)[] = [
  (n) => ({ note: `note ${n}` }),
  (n) => ({ geometry: { bbox: [n, 10, 50, 30] } }),
];

export function writer(person: NodeClient, name: string, property: 0 | 1): Writer {
  const of = OF[property]!;
  let writing = true;
  let last = 0;
  const written = (async () => {
    for (let n = 1; writing; n++) {
      await person.create(`${name}-${n}`);
      person.client.update(SHARED, of(n));
      await person.client.flush();
      last = n;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return {
    person,
    async progress(edits) {
      const before = person.acknowledged.size;
      await expect.poll(() => person.acknowledged.size, PATIENT).toBeGreaterThanOrEqual(before + edits);
    },
    async stop() {
      writing = false;
      await written;
      // Nobody else writes this property.
      expect(person.client.records.get(SHARED)?.data).toMatchObject(of(last));
    },
  };
}

export function failingNodesSuite({ begin, pauseMs }: FailingNodesOptions): void {
  let all: FailingNodes;
  let one: TestNode;
  let two: TestNode;
  let database: pg.Client;
  const people: NodeClient[] = [];
  beforeAll(async () => {
    all = await begin();
    [one, two] = all.nodes.nodes as [TestNode, TestNode];
    database = new pg.Client({ connectionString: all.nodes.postgres.url });
    database.on("error", () => undefined);
    await database.connect();
  }, 180_000);
  afterEach(() => {
    for (const { client } of people.splice(0)) client.close();
    all.bus.mend();
  });
  afterAll(async () => {
    await database.end();
    await all.nodes.close();
    await all.bus.close();
  });

  async function open(node: TestNode, document: string, user: string): Promise<NodeClient> {
    const { jwt } = await one.session(document, { user_id: user, creator_name: user });
    const person = await nodeClient(node, jwt);
    people.push(person);
    await expect.poll(() => person.client.state, PATIENT).toBe("online");
    return person;
  }
  /** One person on each node, both writing. */
  async function begun(): Promise<{ document: string; mia: Writer; ben: Writer }> {
    const document = (await one.upload(pagesPdf(1))).id;
    const [mia, ben] = [await open(one, document, "mia"), await open(two, document, "ben")];
    await mia.create(SHARED);
    await expect.poll(() => ben.ids(), PATIENT).toEqual([SHARED]);
    const both = { document, mia: writer(mia, "mia", 0), ben: writer(ben, "ben", 1) };
    await sees(mia, ["ben"]);
    await sees(ben, ["mia"]);
    return both;
  }
  const sees = (person: NodeClient, names: readonly string[]): Promise<void> =>
    expect
      .poll(
        () =>
          person
            .peers()
            .map(({ name }) => name)
            .toSorted(),
        PATIENT,
      )
      .toEqual(names);

  /** Both have stopped: the log, the service and both screens say the same, and both see each other once. */
  async function expectWhole({ document, mia, ben }: Awaited<ReturnType<typeof begun>>): Promise<void> {
    await Promise.all([mia.stop(), ben.stop()]);
    const writers = [mia.person, ben.person];
    const { rows } = await database.query<{ seq: string; ops: string }>(
      "SELECT changes.seq, changes.ops FROM changes JOIN layers ON layers.id = changes.layer_id WHERE layers.document_id = $1 ORDER BY changes.seq",
      [document],
    );
    expect(rows.map(({ seq }) => Number(seq))).toEqual(rows.map((_, index) => index + 1));
    const ops = rows.flatMap((row) => (JSON.parse(row.ops) as { op: readonly unknown[] }[]).map(({ op }) => JSON.stringify(op)));
    expect(new Set(ops).size).toBe(ops.length);
    const created = rows.flatMap((row) => (JSON.parse(row.ops) as { id: string; op: [string] }[]).filter(({ op }) => op[0] === "c"));
    expect(created.map(({ id }) => id).toSorted()).toEqual(writers.flatMap(({ acknowledged }) => [...acknowledged]).toSorted());
    expect(writers.flatMap(({ refused }) => refused)).toEqual([]);

    await expect.poll(() => writers.every(({ client }) => client.seq === rows.length), PATIENT).toBe(true);
    const shown = writers.map(({ client }) => [...client.records.all()].toSorted((a, b) => (a.id < b.id ? -1 : 1)));
    expect(shown[0]).toHaveLength(created.length);
    expect(shown[1]).toEqual(shown[0]);
    for (const node of [one, two]) {
      const { records } = await node.json<{ records: { id: string }[] }>(`/viewer/documents/${document}/records?minSeq=${rows.length}`);
      expect(records.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(shown[0]);
    }
    await sees(mia.person, ["ben"]);
    await sees(ben.person, ["mia"]);
  }

  it("one is killed while both write: its people go on at the other, or are gone from there, and come back with it", TEST, async () => {
    const both = await begun();
    const { document, mia, ben } = both;
    const eva = await open(one, document, "eva");
    await sees(ben.person, ["eva", "mia"]);
    await mia.progress(10);
    await one.crash();
    mia.person.moveTo(two);
    await ben.progress(10);
    mia.person.client.hurry();
    await mia.progress(10);
    // Eva is still trying where nobody answers.
    await sees(ben.person, ["mia"]);
    await one.start();
    mia.person.moveTo(one);
    mia.person.cut();
    await Promise.all([mia.progress(10), ben.progress(10)]);
    await sees(ben.person, ["eva", "mia"]);
    eva.client.close();
    await expectWhole(both);
  });

  it("one stands still: nobody waits for it, and it is not confused when it goes on", TEST, async () => {
    const both = await begun();
    const { document, mia, ben } = both;
    const eva = await open(one, document, "eva");
    for (let round = 0; round < 3; round++) {
      await mia.progress(5);
      const stopped = performance.now();
      one.pause();
      // The first time Eva goes to the other node, while the one believes that she is still there.
      if (round === 0) {
        eva.moveTo(two);
        eva.cut();
        await expect.poll(() => eva.client.state, PATIENT).toBe("online");
      }
      await ben.progress(20);
      while (performance.now() - stopped < pauseMs) await ben.progress(1);
      if (pauseMs > 15_000) await sees(ben.person, ["eva"]);
      one.resume();
    }
    await Promise.all([mia.progress(10), ben.progress(10)]);
    await sees(mia.person, ["ben", "eva"]);
    await sees(ben.person, ["eva", "mia"]);
    eva.client.close();
    await expectWhole(both);
  });

  it.each(["cut", "hold"] as const)(
    "the bus is gone (%s): they converge by looking, forget the other's people, and tell each other again when it is back",
    TEST,
    async (how) => {
      const both = await begun();
      const { mia, ben } = both;
      const before = [one.output().length, two.output().length] as const;
      all.bus[how]();
      await Promise.all([mia.progress(20), ben.progress(20)]);
      // What the one writes now, the other has soon.
      const { seq } = mia.person.client;
      await expect.poll(() => ben.person.client.seq, PATIENT).toBeGreaterThan(seq);
      await sees(mia.person, []);
      await sees(ben.person, []);
      if (how === "cut") for (const [index, node] of [one, two].entries()) expect(node.output().slice(before[index])).toContain(all.lost);
      all.bus.mend();
      await Promise.all([mia.progress(10), ben.progress(10)]);
      await expectWhole(both);
    },
  );
}
