/**
 * Usage across kill -9: what was acknowledged is counted, what was under way is counted if it happened, and nothing is counted twice, also when
 * it is asked for again.
 */
import { join } from "node:path";
import { pagesPdf } from "@lectern/pdf/testing";
import { expect, onTestFinished, test } from "vitest";
import { sqliteDatabase } from "../adapters/database-sqlite.ts";
import { apiKeys } from "../api-keys/api-keys.ts";
import { createApplication } from "../applications/store.ts";
import { systemClock, systemRandom } from "../ports.ts";
import { type TestApi, testApi, testProcess } from "../testing/test-server.ts";

const CYCLES = 5;

interface Report {
  readonly data: readonly { readonly day: string; readonly [what: string]: number | string }[];
  readonly totals: Readonly<Record<string, number>>;
}

/** What one application should be told. */
interface Expected {
  uploads: number;
  bytes: number;
  opened: number;
  readonly stored: Map<string, number>;
}

async function secondApplication(dataDir: string): Promise<string> {
  const database = await sqliteDatabase({ path: join(dataDir, "lectern.sqlite") });
  try {
    const application = await createApplication(database, "Second", { clock: systemClock, random: systemRandom });
    const keys = apiKeys({ database, clock: systemClock, random: systemRandom, onError: (error) => expect.fail(String(error)) });
    return (await keys.create(application.id, { name: "usage", scope: "all", mode: "test" })).key;
  } finally {
    await database.close();
  }
}

test("kill -9 loses and doubles nothing that usage counts, for each application", async () => {
  const service = await testProcess({ LECTERN_LIMIT_REQUESTS_PER_SECOND: "0" });
  onTestFinished(() => service.close());
  await service.crash();
  const second = testApi(service.url, await secondApplication(service.dataDir));
  await service.start("/livez");

  const since = new Date().toISOString().slice(0, 10);
  const apps: [TestApi, Expected][] = [service, second].map((api) => [api, { uploads: 0, bytes: 0, opened: 0, stored: new Map() }]);
  const file = (text: string): Uint8Array => Buffer.concat([pagesPdf(1), Buffer.from(`% ${text}\n`)]);
  const upload = (api: TestApi, id: string, more = ""): Promise<Response> =>
    api.request(`/viewer/documents?wait=0&document_id=${id}${more}`, {
      method: "POST",
      body: file(id),
      headers: { "content-type": "application/pdf" },
    });
  const open = (api: TestApi, token: string): Promise<Response> =>
    api.request("/viewer/open", { credential: null, body: JSON.stringify({ token }) });
  const counted = (expected: Expected, id: string): void => {
    expected.uploads++;
    expected.bytes += file(id).length;
    expected.stored.set(id, file(id).length);
  };

  for (const [api] of apps) await api.upload(pagesPdf(1), "document_id=shown");
  for (const [, expected] of apps) {
    expected.uploads++;
    expected.bytes += pagesPdf(1).length;
    expected.stored.set("shown", pagesPdf(1).length);
  }

  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const underWay: { readonly api: TestApi; readonly expected: Expected; readonly id: string; readonly deleted?: true }[] = [];
    const tokens: [TestApi, string][] = [];
    for (const [api, expected] of apps) {
      // Acknowledged before the end.
      const acked = `acked-${cycle}`;
      expect((await upload(api, acked)).status).toBe(200);
      counted(expected, acked);
      const { jwt } = await api.session("shown");
      expect((await open(api, jwt)).status).toBe(200);
      expect((await open(api, jwt)).status).toBe(200);
      expected.opened++;
      tokens.push([api, jwt]);
      if (cycle > 1) {
        const old = `acked-${cycle - 2}`;
        if ((await api.request(`/viewer/documents/${old}`)).status === 200) {
          underWay.push({ api, expected, id: old, deleted: true });
          api.request(`/viewer/documents/${old}`, { method: "DELETE" }).catch(() => undefined);
        }
      }
      // Not waited for: they happen or not.
      for (let n = 0; n < 3; n++) {
        const id = `under-way-${cycle}-${n}`;
        underWay.push({ api, expected, id });
        upload(api, id).catch(() => undefined);
      }
      const { jwt: later } = await api.session("shown");
      open(api, later).catch(() => undefined);
      expected.opened++;
      tokens.push([api, later]);
    }
    // Now and then at once, now and then when one of them has been answered.
    if (cycle % 2 === 1) await upload(service, `last-${cycle}`).then(() => counted(apps[0]![1], `last-${cycle}`));
    await service.crash();
    await service.start("/livez");
    for (const { api, expected, id, deleted } of underWay) {
      const there = (await api.request(`/viewer/documents/${id}`)).status === 200;
      if (deleted === true && !there) expected.stored.delete(id);
      if (deleted === true) continue;
      if (there) counted(expected, id);
      // Whoever does not know asks again: what happened is not done twice.
      const again = await upload(api, id);
      expect(again.status).toBe(there ? 409 : 200);
      if (!there) counted(expected, id);
    }
    // Opened again, or now for the first time: once.
    for (const [api, jwt] of tokens) expect((await open(api, jwt)).status).toBe(200);
  }

  await service.crash();
  await service.start("/livez");
  for (const [api, expected] of apps) {
    const { data, totals } = await api.json<Report>(`/viewer/usage?from=${since}`);
    const sum = (what: string): number => data.reduce((total, day) => total + (day[what] as number), 0);
    expect({ uploads: sum("uploads"), bytes: sum("uploaded_bytes"), opened: sum("sessions_opened") }).toEqual({
      uploads: expected.uploads,
      bytes: expected.bytes,
      opened: expected.opened,
    });
    expect(data.at(-1)!["documents_stored"]).toBe(expected.stored.size);
    expect(totals).toMatchObject({
      documents_stored: expected.stored.size,
      bytes_stored: [...expected.stored.values()].reduce((total, bytes) => total + bytes, 0),
    });
  }
}, 300_000);

test("files of one document that come at the same moment are counted one by one", async () => {
  const service = await testProcess({ LECTERN_LIMIT_REQUESTS_PER_SECOND: "0" });
  onTestFinished(() => service.close());
  await service.upload(pagesPdf(1), "document_id=one");
  const again = await Promise.all(
    Array.from({ length: 8 }, () =>
      service.request("/viewer/documents?wait=0&document_id=one&overwrite_existing_document=true", {
        method: "POST",
        body: pagesPdf(1),
        headers: { "content-type": "application/pdf" },
      }),
    ),
  );
  const { totals } = await service.json<Report>("/viewer/usage");
  expect(totals["uploads"]).toBe(1 + again.filter(({ ok }) => ok).length);
}, 60_000);
