import { pagesPdf } from "@lectern/pdf/testing";
import { expect, onTestFinished, test } from "vitest";
import { testNodes } from "../testing/test-nodes.ts";
import { hasPostgres } from "../testing/test-postgres.ts";
import { testReceiver } from "../testing/test-receiver.ts";

test.skipIf(!(await hasPostgres()))(
  "two processes tell of each thing, also when one is killed; usage counts each once",
  async () => {
    const both = await testNodes({ LECTERN_ALLOW_PRIVATE_ADDRESSES: "true" });
    onTestFinished(() => both.close());
    const there = await testReceiver();
    onTestFinished(() => there.close());
    const [one, two] = both.nodes as [(typeof both.nodes)[0], (typeof both.nodes)[0]];
    const { data: hook } = await one.json<{ data: { id: string } }>("/viewer/webhooks", {
      json: { url: there.url, topics: ["document.created", "annotation.created", "session.opened"] },
    });
    const { id } = await one.upload(pagesPdf(1), "document_id=shared");
    await expect.poll(() => there.of("document.created").length, { timeout: 20_000 }).toBe(1);
    // The other process has heard of the webhook by now: its bus tells, and it looks every five seconds.
    await expect
      .poll(
        async () => {
          await two.upload(pagesPdf(1), "wait=0");
          return there.of("document.created").length;
        },
        { timeout: 20_000, interval: 200 },
      )
      .toBeGreaterThan(1);
    const { jwt } = await one.session(id);
    await Promise.all(
      [one, two, one, two].map((node) => node.json("/viewer/open", { credential: null, body: JSON.stringify({ token: jwt }) })),
    );
    const note = (name: string) => ({
      json: { id: name, content: { type: "pspdfkit/note", pageIndex: 0, bbox: [0, 0, 9, 9], text: { format: "plain", value: "x" } } },
    });
    const names = Array.from({ length: 20 }, (_, i) => `n${i}`);
    for (const [i, name] of names.entries()) await (i % 2 === 0 ? one : two).json(`/viewer/documents/${id}/annotations`, note(name));
    await two.crash();
    const told = (): string[] =>
      there
        .of("annotation.created")
        .flatMap(({ json }) => (json.data as { records: { id: string }[] }).records.map((record) => record.id))
        .toSorted();
    await expect.poll(() => new Set(told()).size, { timeout: 60_000 }).toBe(names.length);
    const log = await one.json<{ data: { topic: string }[] }>(`/viewer/webhooks/${hook.id}/deliveries?limit=200`);
    expect(log.data.filter(({ topic }) => topic === "annotation.created")).toHaveLength(names.length);
    expect(log.data.filter(({ topic }) => topic === "session.opened")).toHaveLength(1);
    const { totals } = await one.json<{ totals: object }>("/viewer/usage");
    expect(totals).toMatchObject({ sessions_opened: 1 });
  },
  120_000,
);
