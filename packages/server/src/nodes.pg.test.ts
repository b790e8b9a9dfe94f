/** Several processes as one service: what is true of one node is true of two, also when one of them dies, stands still or is cut off from the bus. */
import { pagesPdf } from "@lectern/pdf/testing";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { appSigner, inSeconds } from "./testing/app-signer.ts";
import { failingNodesSuite, nodesOnPostgres, PATIENT, writer } from "./testing/failing-nodes.suite.ts";
import { type NodeClient, nodeClient, type TestNode, type TestNodes, testNodes } from "./testing/test-nodes.ts";
import { hasPostgres } from "./testing/test-postgres.ts";
import { testSocket } from "./testing/test-socket.ts";

const SOON = PATIENT;
const TEST = { timeout: 400_000 };

describe.skipIf(!(await hasPostgres()))("two nodes on one PostgreSQL", TEST, () => {
  let both: TestNodes;
  let one: TestNode;
  let two: TestNode;
  let database: pg.Client;
  const clients: NodeClient[] = [];
  beforeAll(async () => {
    both = await testNodes();
    [one, two] = both.nodes as [TestNode, TestNode];
    database = new pg.Client({ connectionString: both.postgres.url });
    database.on("error", () => undefined);
    await database.connect();
  }, 180_000);
  afterEach(() => {
    for (const { client } of clients.splice(0)) client.close();
  });
  afterAll(async () => {
    await database.end();
    await both.close();
  });

  async function open(node: TestNode, document: string, user: string): Promise<NodeClient> {
    const { jwt } = await one.session(document, { user_id: user, creator_name: user });
    const made = await nodeClient(node, jwt);
    clients.push(made);
    await expect.poll(() => made.client.state, SOON).toBe("online");
    return made;
  }
  /** What the log says of the document's only layer. */
  async function log(document: string): Promise<{ seqs: number[]; created: string[] }> {
    const { rows } = await database.query<{ seq: string; ops: string }>(
      "SELECT changes.seq, changes.ops FROM changes JOIN layers ON layers.id = changes.layer_id WHERE layers.document_id = $1 ORDER BY changes.seq",
      [document],
    );
    const ops = rows.flatMap((row) => JSON.parse(row.ops) as { id: string; op: [string] }[]);
    return { seqs: rows.map((row) => Number(row.seq)), created: ops.filter(({ op }) => op[0] === "c").map(({ id }) => id) };
  }
  async function expectWhole(document: string, acknowledged: readonly string[]): Promise<void> {
    const { seqs, created } = await log(document);
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    expect(new Set(created).size).toBe(created.length);
    expect(acknowledged.filter((id) => !created.includes(id))).toEqual([]);
  }
  /** Changes that the nodes say to have written. */
  const counted = async (): Promise<number> => {
    const texts = await Promise.all([one, two].map(async (node) => (await node.request("/metrics")).text()));
    return texts.reduce((sum, text) => sum + Number(/^lectern_changes_total (\d+)$/m.exec(text)![1]), 0);
  };
  const fresh = async (): Promise<string> => (await one.upload(pagesPdf(2))).id;

  it("begin together on an empty database as one service", async () => {
    const counts = await database.query<Record<string, string>>(
      "SELECT (SELECT count(*) FROM applications) AS applications, (SELECT count(*) FROM api_keys) AS keys, (SELECT count(*) FROM signing_keys) AS signing",
    );
    expect(counts.rows).toEqual([{ applications: "1", keys: "1", signing: "1" }]);
    // uploaded here, minted there, opened where it may not have been prepared
    const document = await fresh();
    for (const [minted, opened] of [
      [one, two],
      [two, one],
    ] as const) {
      const { jwt } = await minted.session(document, { user_id: "mia" });
      const { images, source } = await opened.json<{ images: { page: string }; source: string }>("/viewer/open", {
        json: { token: jwt },
        credential: null,
      });
      // a grant of the one is good on the other
      const image = images.page.replace("{blob}", source).replace("{index}", "0").replace("{width}", "320");
      expect((await minted.request(image, { credential: null })).status, image).toBe(200);
    }
  });

  it("share a layer: everybody has everything, in one order, and sees who is there", async () => {
    const document = await fresh();
    const [mia, ben, eva] = await Promise.all([open(one, document, "mia"), open(two, document, "ben"), open(two, document, "eva")]);
    const all = [mia!, ben!, eva!];
    const before = await counted();
    for (let n = 0; n < 40; n++) for (const [index, client] of all.entries()) void client.create(`n-${index}-${n}`);
    await Promise.all(all.map((client) => client.settled()));
    await expect.poll(() => new Set(all.map((client) => client.ids().join())).size, SOON).toBe(1);
    expect(mia!.ids()).toHaveLength(120);
    // Each is counted by the node that wrote it, however it came to its turn.
    expect((await counted()) - before).toBe((await log(document)).seqs.length);
    await expectWhole(
      document,
      all.flatMap((client) => [...client.acknowledged]),
    );

    mia!.client.setPresence({ cursor: { page: "1.0", x: 7, y: 8 } });
    ben!.client.setPresence({ selection: ["n-0-1"] });
    const seen = (client: NodeClient) => Object.fromEntries(client.peers().map(({ name, presence }) => [name, presence]));
    await expect.poll(() => seen(ben!).mia, SOON).toEqual({ cursor: { page: "1.0", x: 7, y: 8 } });
    await expect.poll(() => seen(mia!).ben, SOON).toEqual({ selection: ["n-0-1"] });
    await expect.poll(() => Object.keys(seen(mia!)).sort(), SOON).toEqual(["ben", "eva"]);
    ben!.client.close();
    await expect.poll(() => Object.keys(seen(mia!)), SOON).toEqual(["eva"]);
  });

  it("merge what two people change of one record, and read what the other wrote over HTTP", async () => {
    const document = await fresh();
    const [mia, ben] = [await open(one, document, "mia"), await open(two, document, "ben")];
    await mia.create("shared");
    await expect.poll(() => ben.ids(), SOON).toEqual(["shared"]);
    mia.client.update("shared", { note: "of mia" });
    ben.client.update("shared", { geometry: { bbox: [1, 2, 3, 4] } });
    await Promise.all([mia.client.flush(), ben.client.flush()]);
    const data = (client: NodeClient) => client.client.records.get("shared")?.data;
    await expect.poll(() => data(mia), SOON).toMatchObject({ note: "of mia", geometry: { bbox: [1, 2, 3, 4] } });
    await expect.poll(() => data(ben), SOON).toEqual(data(mia));
    const read = (node: TestNode) => node.json(`/viewer/documents/${document}/annotations/shared?minSeq=${mia.client.seq}`);
    expect(await read(one)).toEqual(await read(two));
  });

  it("end on the one what was revoked or deleted on the other", async () => {
    const document = await fresh();
    const { jwt, session_id: id } = await one.session(document, { user_id: "mia" });
    const socket = await testSocket(two.url);
    await socket.hello(jwt);
    await one.json(`/viewer/sessions/${id}`, { method: "DELETE" });
    expect((await socket.closed).reason).toBe("session_revoked");

    // The same for tokens of other kinds: what one node knew of them is not believed for long on the other.
    const signer = appSigner();
    const { data: key } = await one.json<{ data: { id: string } }>("/viewer/public_keys", { json: { name: "app", pem: signer.pem } });
    const claims = { document_id: document, permissions: ["read-document"] };
    const [byToken, byKey] = await Promise.all([600, 601].map((seconds) => signer.sign({ ...claims, exp: inSeconds(seconds) })));
    const { access_token: access } = await one.json<{ access_token: string }>("/viewer/tokens", { json: {} });
    const sockets = [await testSocket(two.url), await testSocket(two.url)] as const;
    await Promise.all([sockets[0].hello(byToken!), sockets[1].hello(byKey!)]);
    expect((await two.request("/viewer/documents", { credential: access })).status).toBe(200);
    await one.json("/viewer/revoke", { json: { jwts: [byToken, access] } });
    await one.json(`/viewer/public_keys/${key.id}`, { method: "DELETE" });
    for (const each of sockets) expect((await each.closed).reason).toBe("session_revoked");
    await expect.poll(async () => (await two.request("/viewer/documents", { credential: access })).status, SOON).toBe(401);

    const ben = await open(two, document, "ben");
    const ended = new Promise<string>((resolve) => ben.client.on("closed", ({ code }) => resolve(code)));
    expect((await one.request(`/viewer/documents/${document}`, { method: "DELETE" })).ok).toBe(true);
    expect(["gone", "not_found"]).toContain(await ended);
    expect((await two.request(`/viewer/documents/${document}`)).status).toBe(404);
  });

  it("take the parts of one upload in turns, each byte once, also when both are sent the same part at once", async () => {
    const file = Buffer.from(pagesPdf(3));
    const tus = { "tus-resumable": "1.0.0" };
    const headers = {
      ...tus,
      "upload-length": String(file.length),
      "upload-metadata": `document_id ${Buffer.from("in-turns").toString("base64")}`,
    };
    const at = (await one.request("/viewer/uploads", { method: "POST", headers })).headers.get("location")!;
    const send = (node: TestNode, from: number, to: number) =>
      node.request(at, {
        method: "PATCH",
        headers: { ...tus, "upload-offset": String(from), "content-type": "application/offset+octet-stream" },
        body: file.subarray(from, to),
      });
    const third = Math.floor(file.length / 3);
    expect((await send(one, 0, third)).status).toBe(204);
    const offset = (await two.request(at, { method: "HEAD", headers: tus })).headers.get("upload-offset");
    expect(offset).toBe(String(third));
    const raced = await Promise.all([send(one, third, 2 * third), send(two, third, 2 * third)]);
    expect(raced.map(({ status }) => (status === 423 ? 409 : status)).toSorted((a, b) => a - b)).toEqual([204, 409]);
    expect((await send(two, 2 * third, file.length)).headers.get("lectern-document-id")).toBe("in-turns");
    const got = await one.request("/viewer/documents/in-turns/pdf?source=true&wait=60");
    expect(Buffer.from(await got.arrayBuffer()).equals(file)).toBe(true);
  });

  it.each([
    ["all their connections", "application_name LIKE 'lectern%'"],
    ["those that listen", "application_name = 'lectern bus'"],
  ])("lose nothing when PostgreSQL ends %s, and have new ones at once", TEST, async (_, which) => {
    const document = await fresh();
    const [mia, ben] = [await open(one, document, "mia"), await open(two, document, "ben")];
    await mia.create("shared");
    await expect.poll(() => ben.ids(), SOON).toEqual(["shared"]);
    const writers = [writer(mia, "mia", 0), writer(ben, "ben", 1)];
    for (let cuts = 0; cuts < 3; cuts++) {
      await Promise.all(writers.map((each) => each.progress(10)));
      const { rows } = await database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND ${which}`,
      );
      expect(rows.length).toBeGreaterThan(1);
    }
    await Promise.all(writers.map((each) => each.progress(10)));
    await Promise.all(writers.map((each) => each.stop()));
    await expect.poll(() => mia.ids().join() === ben.ids().join(), SOON).toBe(true);
    await expectWhole(document, [...mia.acknowledged, ...ben.acknowledged]);
    expect([...mia.refused, ...ben.refused]).toEqual([]);
    await expect.poll(() => ben.peers().map(({ name }) => name), SOON).toEqual(["mia"]);
  });
});

describe.skipIf(!(await hasPostgres()))("two nodes with notifications of PostgreSQL between them", () => {
  failingNodesSuite({ begin: nodesOnPostgres, pauseMs: 0 });
});
