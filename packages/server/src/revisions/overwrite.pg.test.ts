/** Overwriting on PostgreSQL, with people on two nodes: what was acknowledged is there, on one base, and everybody sees the same. */
import type { ChangeSummary, DocumentSummary, Snapshot } from "@lectern/protocol";
import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeClient, type TestNode, type TestNodes, testNodes } from "../testing/test-nodes.ts";
import { hasPostgres } from "../testing/test-postgres.ts";

const SOON = { timeout: 20_000, interval: 20 };

describe.skipIf(!(await hasPostgres()))("a document that is overwritten while people on two nodes write on it", () => {
  let both: TestNodes;
  let one: TestNode;
  let two: TestNode;
  beforeAll(async () => {
    both = await testNodes();
    [one, two] = both.nodes as [TestNode, TestNode];
  }, 60_000);
  afterAll(() => both.close());

  it("loses no acknowledged edit, and all come to the same new revision", async () => {
    const { id } = await one.upload(pagesPdf(1));
    const people = await Promise.all(
      [one, two, two].map(async (node, who) => nodeClient(node, (await one.session(id, { user_id: `user-${who}` })).jwt)),
    );
    await expect.poll(() => people.map(({ client }) => client.state), SOON).toEqual(["online", "online", "online"]);
    let ended = false;
    const refused: string[] = [];
    const writing = people.map(async ({ client, create }, who) => {
      client.on("reject", ({ ops }) => refused.push(...ops.map((op) => op[1])));
      for (let i = 0; !ended; i++) await create(`p${who}-${i}`);
    });
    const acknowledged = (): string[] => people.flatMap((each) => [...each.acknowledged]);
    await expect.poll(() => acknowledged().length, SOON).toBeGreaterThan(20);
    const address = `/viewer/documents?document_id=${id}&overwrite_existing_document=true&keep_current_annotations=true&wait=60`;
    const { data: done } = await two.json<{ data: DocumentSummary }>(address, {
      body: pagesPdf(1),
      headers: { "content-type": "application/pdf" },
    });
    expect(done.overwrite).toMatchObject({ revision: 2, status: "done", left: { count: 0 } });
    // Whoever writes on goes on being refused: the page that they know is gone.
    await expect.poll(() => new Set(refused.map((name) => name.split("-")[0])).size, SOON).toBe(3);
    ended = true;
    await Promise.all(writing);

    const snapshots = await Promise.all([one, two].map((node) => node.json<Snapshot>(`/viewer/documents/${id}/records`)));
    const [first, second] = snapshots.map(({ records }) =>
      records.map((record) => `${record.id} ${(record.data as { page: string }).page}`),
    );
    expect(first!.toSorted()).toEqual(second!.toSorted());
    expect(new Set(first!.map((each) => each.split(" ")[1]))).toEqual(new Set(["2.0"]));
    const there = first!.map((each) => each.split(" ")[0]!);
    const lost = new Set(refused);
    // Decided: written and kept, or refused and told.
    expect(there.toSorted()).toEqual(
      acknowledged()
        .filter((name) => !lost.has(name))
        .toSorted(),
    );
    expect(there.length).toBeGreaterThan(20);
    const { data: log } = await one.json<{ data: ChangeSummary[] }>(`/viewer/documents/${id}/changes?limit=1000`);
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
    expect(log.at(-1)).toMatchObject({ revision: 2 });
    for (const { client } of people) {
      await expect.poll(() => [...client.records.all()].length, SOON).toBe(there.length);
      client.close();
    }
  }, 90_000);
});
