import { pagesPdf } from "@lectern/pdf/testing";
import { expect, onTestFinished, test } from "vitest";
import { testReceiver } from "../testing/test-receiver.ts";
import { testProcess } from "../testing/test-server.ts";

test("kill -9 after a change and before its delivery loses no event, and the message keeps its id", async () => {
  const service = await testProcess({ LECTERN_ALLOW_PRIVATE_ADDRESSES: "true", LECTERN_LIMIT_REQUESTS_PER_SECOND: "0" });
  onTestFinished(() => service.close());
  const there = await testReceiver();
  onTestFinished(() => there.close());
  // Whoever hangs has the message, and the service does not know.
  there.answer(() => undefined);
  await service.json("/viewer/webhooks", { json: { url: there.url, topics: ["annotation.created"] } });
  const { id } = await service.upload(pagesPdf(1));
  const made: string[] = [];
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 10; i++) {
      const name = `note-${round}-${i}`;
      const content = { type: "pspdfkit/note", pageIndex: 0, bbox: [0, 0, 9, 9], text: { format: "plain", value: "x" } };
      await service.json(`/viewer/documents/${id}/annotations`, { json: { id: name, content } });
      made.push(name);
    }
    // Some are on their way, the others still in the outbox or due.
    await expect.poll(() => there.received.length, { timeout: 20_000 }).toBeGreaterThan(round * 4);
    await service.crash();
    await service.start();
  }
  there.answer((response) => void response.writeHead(204).end());
  await service.crash();
  await service.start();
  const ids = new Map<string, Set<string>>();
  const told = (): string[] => {
    for (const { json, headers } of there.received) {
      const { records } = json.data as { records: { id: string }[] };
      for (const record of records) ids.set(record.id, (ids.get(record.id) ?? new Set()).add(String(headers["webhook-id"])));
    }
    return [...ids.keys()].toSorted();
  };
  await expect.poll(told, { timeout: 30_000 }).toEqual(made.toSorted());
  for (const seen of ids.values()) expect(seen.size).toBe(1);
}, 90_000);
