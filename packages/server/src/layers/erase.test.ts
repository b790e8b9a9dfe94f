import { Readable } from "node:stream";
import { annotatedPdf, pagesPdf } from "@lectern/pdf/testing";
import type { Op, Opened, Snapshot } from "@lectern/protocol";
import { FULL_GRANTS } from "@lectern/protocol/plain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blobUse } from "../documents/store.ts";
import { imageCacheKey } from "../documents/stream.ts";
import type { Access } from "../handlers.ts";
import { type TestServer, testServer } from "../testing/test-server.ts";
import { type Erased, erase } from "./erase.ts";
import { layerFor } from "./reading.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
});
afterAll(() => api.close());

const code = async (response: Promise<Response>): Promise<string> => {
  const answer = await response;
  return answer.ok ? "ok" : ((await answer.json()) as { code: string }).code;
};
const path = (id: string, rest: string): string => `/viewer/documents/${id}/${rest}`;
const note = (id: string, text: string): Op => [
  "c",
  id,
  "annotation",
  {
    type: "rectangle",
    page: "1.0",
    geometry: { bbox: [10, 20, 60, 40] },
    appearance: { strokeColor: "#e02020", strokeWidth: 4 },
    note: text,
  },
];

async function access(documentId: string, layerName = ""): Promise<Access> {
  const { id: applicationId } = (await api.server.documents.database.query<{ id: string }>("SELECT id FROM applications"))[0]!;
  return { applicationId, documentId, layerName, grants: FULL_GRANTS, name: null, sessionId: null, password: null };
}
const layerOf = async (documentId: string, layerName = "") =>
  layerFor(api.server.reading, await access(documentId, layerName), { address: "127.0.0.1", create: true });

/** As applying redactions does it: every page shows another file, and what lay on it is deleted. */
async function redacted(
  documentId: string,
  also: readonly Op[],
): Promise<Erased & { readonly old: string; readonly fresh: string; readonly applicationId: string }> {
  const { documents } = api.server;
  const { applicationId } = await access(documentId);
  const layer = await layerOf(documentId);
  // Bytes of its own for each document, as blobs are shared within an application.
  const file = Buffer.concat([Buffer.from(pagesPdf(layer.base.manifest.pageCount)), Buffer.from(`\n% ${documentId}\n`)]);
  const { sha256, size } = await documents.blobs.write(applicationId, Readable.from([file]), {});
  await documents.database.transaction(blobUse({ applicationId, documentId, sha256, size, mediaType: "application/pdf", now: Date.now() }));
  const pages = [...layer.pages()].map(({ id, index }): Op => ["u", id, { content: { source: sha256, sourceIndex: index } }]);
  const erased = await erase(api.server.reading, layer, [...pages, ...also], { grants: FULL_GRANTS, userId: "mia" });
  return { ...erased, old: layer.base.source, fresh: sha256, applicationId };
}

async function uploaded(bytes: Uint8Array): Promise<{ id: string; jwt: string; opened: Opened }> {
  const { id } = await api.upload(Buffer.concat([Buffer.from(bytes), Buffer.from(`\n% ${Math.random()}\n`)]));
  const { jwt } = await api.session({ document_id: id, document_permissions: ["read", "write", "download"] }, { user_id: "mia" });
  const opened = (await (
    await api.request("/viewer/open", { credential: null, body: JSON.stringify({ token: jwt }), headers: { "content-type": "text/plain" } })
  ).json()) as Opened;
  return { id, jwt, opened };
}
const imageOf = ({ images, source }: Opened, blob = source): string =>
  images.page.replace("{blob}", blob).replace("{index}", "0").replace("{width}", "320");
const textOf = ({ images, source }: Opened): string => images.text.replace("{blob}", source).replace("{index}", "0");

describe("an erasing change", () => {
  it("ends history for every session; backends still reach what was before", async () => {
    const { id, jwt } = await uploaded(annotatedPdf());
    await (await layerOf(id)).room.commit([note("a", "confidential")], { grants: FULL_GRANTS });
    await (await layerOf(id)).room.commit([note("b", "public")], { grants: FULL_GRANTS });
    const { seq } = await redacted(id, [["d", "a"]]);
    for (const at of [0, 1, 2]) {
      expect(await code(api.request(path(id, `records?at_seq=${at}`), { credential: jwt }))).toBe("gone");
      expect(await code(api.request(path(id, `pdf?at_seq=${at}`), { credential: jwt }))).toBe("gone");
      expect(await code(api.request(path(id, "restore"), { json: { seq: at }, credential: jwt }))).toBe("gone");
    }
    expect(await code(api.request(path(id, `records?at_seq=${seq}`), { credential: jwt }))).toBe("ok");
    const { data } = await api.json<{ data: { seq: number; erased?: boolean }[] }>(path(id, "changes"), { credential: jwt });
    expect(data.map((change) => [change.seq, change.erased])).toEqual([[seq, true]]);
    expect(await code(api.request(path(id, "pdf?source=true"), { credential: jwt }))).toBe("gone");
    const everything = [
      await api.request(path(id, "records"), { credential: jwt }),
      await api.request(path(id, "changes"), { credential: jwt }),
    ];
    for (const answer of everything) expect(await answer.text()).not.toContain("confidential");

    expect((await api.json<Snapshot>(path(id, "records?at_seq=1"))).records.map((record) => record.id)).toContain("a");
    expect(await code(api.request(path(id, "pdf?source=true")))).toBe("ok");
  });

  it("closes the replaced pages to grants, and forgets what was drawn and read of them", async () => {
    const { id, opened } = await uploaded(pagesPdf(1));
    expect((await api.request(imageOf(opened), { credential: null })).status).toBe(200);
    expect((await api.request(textOf(opened), { credential: null })).status).toBe(200);
    const { old, fresh, applicationId, replaced, stillShown } = await redacted(id, []);
    expect([replaced, stillShown]).toEqual([[old], []]);
    const { cache } = api.server.documents;
    expect(await cache.peek(imageCacheKey({ applicationId, blob: old, index: 0, width: 320 }))).toBeNull();
    expect(await cache.peek({ applicationId, blob: old, name: "0-text2.json" })).toBeNull();
    expect((await api.request(imageOf(opened), { credential: null })).status).toBe(404);
    expect((await api.request(textOf(opened), { credential: null })).status).toBe(404);
    for (const url of [imageOf(opened), textOf(opened)])
      expect(await code(api.request(`${url}?at_seq=0`, { credential: null }))).toBe("gone");
    expect((await api.request(imageOf(opened, fresh), { credential: null })).status).toBe(200);
  });

  it("names the layers that still show the old pages, and goes on there", async () => {
    const { id } = await uploaded(pagesPdf(1));
    await api.json(path(id, "layers"), { json: { name: "tim" } });
    const { old, stillShown } = await redacted(id, []);
    expect(stillShown).toEqual([{ blob: old, layers: ["tim"] }]);
    expect(await api.json(path(id, "purge"), { json: {} })).toEqual({ purged: [], still_shown: [{ blob: old, layers: ["tim"] }] });
    expect(await code(api.request(path(id, "layers/tim/pages/0/image?width=100")))).toBe("ok");
  });
});

describe("purging", () => {
  it("removes the old file, earlier history and what the change overwrote; the layer stays as it is", async () => {
    const { id, jwt } = await uploaded(pagesPdf(2));
    const { room } = await layerOf(id);
    await room.commit([note("a", "to be purged"), note("b", "public")], { grants: FULL_GRANTS });
    const { old, fresh, seq, applicationId } = await redacted(id, [["d", "a"]]);
    const records = async () => {
      const { records, ...rest } = await api.json<Snapshot>(path(id, "records"));
      return { ...rest, records: records.toSorted((one, other) => (one.id < other.id ? -1 : 1)) };
    };
    const before = await records();
    expect(await api.json(path(id, "purge"), { json: {} })).toEqual({ purged: [old], still_shown: [] });
    const { blobs, database } = api.server.documents;
    expect(await blobs.size(applicationId, old)).toBeNull();
    const rows = JSON.stringify([await database.query("SELECT * FROM changes"), await database.query("SELECT * FROM records")]);
    expect([rows.includes("to be purged"), rows.includes(fresh)]).toEqual([false, true]);
    expect(await records()).toEqual(before);
    expect(await code(api.request(path(id, "records?at_seq=1")))).toBe("gone");
    expect(await code(api.request(path(id, "pdf?source=true")))).toBe("gone");
    expect(await code(api.request(path(id, "pages/1/image?width=100")))).toBe("ok");
    expect(await code(api.request(path(id, "pdf"), { credential: jwt }))).toBe("ok");
    await (await layerOf(id)).room.commit([["u", "b", { note: "later" }]], { grants: FULL_GRANTS });
    expect((await layerOf(id)).room.seq).toBe(seq + 1);
    expect(await api.json(path(id, "purge"), { json: {} })).toEqual({ purged: [], still_shown: [] });
  });

  it("has nothing to do where nothing was erased, and is for backends", async () => {
    const { id, jwt } = await uploaded(pagesPdf(1));
    expect(await api.json(path(id, "purge"), { json: {} })).toEqual({ purged: [], still_shown: [] });
    expect(await code(api.request(path(id, "pdf?source=true")))).toBe("ok");
    expect(await code(api.request(path(id, "purge"), { json: {}, credential: jwt }))).toBe("wrong_credential");
    expect(await code(api.request(path("nothing", "purge"), { json: {} }))).toBe("not_found");
  });

  it("deleting a document purges it: its bytes go at once, unless another document uses them", async () => {
    const bytes = Buffer.concat([Buffer.from(pagesPdf(1)), Buffer.from("\n% shared\n")]);
    const [one, two] = [await api.upload(bytes), await api.upload(bytes)];
    const { applicationId } = await access(one.id);
    const { blobs } = api.server.documents;
    await api.json(path(one.id, "").slice(0, -1), { method: "DELETE" });
    expect(await blobs.size(applicationId, one.sourcePdfSha256)).toBe(bytes.length);
    await api.json(path(two.id, "").slice(0, -1), { method: "DELETE" });
    expect(await blobs.size(applicationId, one.sourcePdfSha256)).toBeNull();
  });
});
