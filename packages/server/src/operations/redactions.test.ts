import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formPdf, pdfFile } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestServer, testServer } from "../testing/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

const words = (...texts: string[]): Uint8Array =>
  pdfFile({ pages: texts.map((text) => ({ size: [400, 200], content: `BT /F0 20 Tf 20 100 Td (${text}) Tj ET` })) });

interface Redacted {
  readonly data: {
    readonly seq: number;
    readonly redactions: number;
    readonly pagesAsImages: number[];
    readonly layersStillShowing: string[];
  };
}

const post = <T>(path: string, json: unknown, more: object = {}): Promise<T> =>
  server.json<T>(`/viewer/documents/${path}`, { method: "POST", json, ...more });
const texts = async (id: string, layer = ""): Promise<string[]> => {
  const pages = await server.json<{ textLines: { contents: string }[] }[]>(
    `/viewer/documents/${id}${layer === "" ? "" : `/layers/${layer}`}/pages/text`,
  );
  return pages.map(({ textLines }) => textLines.map(({ contents }) => contents).join(" "));
};
const pdf = async (id: string): Promise<Buffer> => Buffer.from(await (await server.request(`/viewer/documents/${id}/pdf`)).arrayBuffer());

/** Every stream unpacked, by a tool that is not ours; null without it. */
function unpacked(file: Buffer): string | null {
  const folder = mkdtempSync(join(tmpdir(), "lectern-redact-"));
  try {
    writeFileSync(join(folder, "a.pdf"), file);
    execFileSync("qpdf", ["--qdf", "--object-streams=disable", join(folder, "a.pdf"), join(folder, "b.pdf")]);
    return execFileSync("cat", [join(folder, "b.pdf")]).toString("latin1");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("what a text finds is marked, and applied it is in nothing that the document gives any more", async () => {
  const { id } = await server.upload(words("Call Jane Roe now", "Jane Roe again", "nobody"));
  const created = await post<{ data: { annotations: { id: string; pageIndex: number }[] } }>(`${id}/redactions`, {
    strategy: "text",
    strategyOptions: { text: "jane roe" },
  });
  expect(created.data.annotations.map(({ pageIndex }) => pageIndex)).toEqual([0, 1]);
  const highlight = {
    type: "pspdfkit/markup/highlight",
    v: 2,
    pageIndex: 0,
    bbox: [60, 80, 100, 25],
    rects: [[60, 80, 100, 25]],
    color: "#ffff00",
    note: "about Jane",
  };
  await post(`${id}/annotations`, { content: highlight });
  const { data } = await post<Redacted>(`${id}/redact`, null);
  expect(data).toMatchObject({ redactions: 2, pagesAsImages: [] });
  expect((await texts(id)).map((text) => text.replace(/\s+/g, " "))).toEqual(["Call now", "again", "nobody"]);
  const list = await server.json<{ data: { annotations: unknown[] } }>(`/viewer/documents/${id}/annotations`);
  expect(list.data.annotations).toEqual([]);
  const file = await pdf(id);
  expect(file.toString("latin1")).not.toMatch(/Jane|Roe/);
  const plain = unpacked(file);
  if (plain !== null) expect(plain).not.toMatch(/Jane|Roe/);
  const found = await server.json<{ data: unknown[] }>(`/viewer/documents/${id}/search?q=jane`);
  expect(found.data).toEqual([]);
  const { jwt } = await server.session({ document_id: id, document_permissions: ["read", "download"] });
  const source = await server.request(`/viewer/documents/${id}/pdf?source=true`, { credential: jwt });
  expect(source.status).toBe(410);
});

test("in a download with operations redactions are applied to it only, in any order with the others", async () => {
  const { id } = await server.upload(words("Call Jane Roe now", "Jane Roe again", "nobody"));
  await post(`${id}/redactions`, { strategy: "text", strategyOptions: { text: "jane roe" } });
  const state = async (): Promise<unknown> => [
    await texts(id),
    await server.json(`/viewer/documents/${id}/annotations`),
    (await server.request(`/viewer/documents/${id}/pages/0/image?width=200`)).headers.get("etag"),
    await server.server.documents.database.query("SELECT sha256 FROM blob_uses WHERE document_id = ? ORDER BY sha256", [id]),
    await server.json(`/viewer/documents/${id}/changes?since=0`),
  ];
  const before = await state();
  const mark = (pageIndex: number): object => ({
    type: "pspdfkit/markup/redaction",
    v: 2,
    pageIndex,
    bbox: [15, 80, 200, 30],
    rects: [[15, 80, 200, 30]],
  });
  const operations = [
    { type: "rotatePages", pageIndexes: [2], rotateBy: 90 },
    { type: "applyRedactions" },
    { type: "updateMetadata", metadata: { title: "Nothing to see" } },
    { type: "removePages", pageIndexes: [0] },
    { type: "rotatePages", pageIndexes: [1], rotateBy: 270 },
    { type: "applyInstantJson", data: { format: "https://pspdfkit.com/instant-json/v1", annotations: [mark(1)] } },
    { type: "applyRedactions" },
    { type: "duplicatePages", pageIndexes: [0] },
    { type: "flattenAnnotations" },
  ];
  const response = await server.request(`/viewer/documents/${id}/pdf_with_operations`, { json: { operations } });
  expect(response.status).toBe(200);
  const file = Buffer.from(await response.arrayBuffer());
  expect(file.toString("latin1")).not.toMatch(/Jane|Roe|nobody/);
  expect(file.toString("latin1")).toContain("Nothing to see");
  const plain = unpacked(file);
  if (plain !== null) expect(plain).not.toMatch(/Jane|Roe|nobody/);
  const copy = await server.upload(new Uint8Array(file));
  expect((await texts(copy.id)).map((text) => text.trim())).toEqual(["again", "again", ""]);
  const left = await server.json<{ data: { annotations: unknown[] } }>(`/viewer/documents/${copy.id}/annotations`);
  expect(left.data.annotations).toEqual([]);
  await expect.poll(() => readdir(server.server.documents.tempDir)).toEqual([]);
  // The document has noticed nothing of it.
  expect(await state()).toEqual(before);
  expect((await pdf(id)).toString("latin1")).not.toContain("Nothing to see");
});

test("whoever downloads with operations does it to what he sees: hidden marks redact nothing and are in no file", async () => {
  const { id } = await server.upload(words("Call Jane Roe now", "Jane Roe again"));
  await post(`${id}/redactions`, { strategy: "text", strategyOptions: { text: "jane roe" }, user_id: "boss" });
  const { jwt } = await server.session({
    document_id: id,
    document_permissions: ["read", "download"],
    collaboration_permissions: ["annotations:view:createdBy=nobody"],
  });
  const response = await server.request(`/viewer/documents/${id}/pdf_with_operations`, {
    credential: jwt,
    json: { operations: [{ type: "applyRedactions" }, { type: "movePages", pageIndexes: [1], beforePageIndex: 0 }] },
  });
  expect(response.status).toBe(200);
  const copy = await server.upload(new Uint8Array(await response.arrayBuffer()));
  expect((await texts(copy.id)).map((text) => text.trim())).toEqual(["Jane Roe again", "Call Jane Roe now"]);
  const left = await server.json<{ data: { annotations: unknown[] } }>(`/viewer/documents/${copy.id}/annotations`);
  expect(left.data.annotations).toEqual([]);
});

test("marks that are not applied stay marks in the download, with their looks, over content that is all there", async () => {
  const { id } = await server.upload(words("Call Jane Roe now"));
  const content = {
    type: "pspdfkit/markup/redaction",
    v: 2,
    pageIndex: 0,
    bbox: [60, 80, 120, 30],
    rects: [[60, 80, 120, 30]],
    fillColor: "#112233",
    outlineColor: "#ff0000",
    overlayText: "SECRET PLACE",
    repeatOverlayText: true,
    color: "#ffffff",
  };
  await post(`${id}/annotations`, { content });
  const file = await pdf(id);
  const plain = unpacked(file);
  if (plain !== null) {
    expect(plain).toMatch(/\/Subtype \/Redact/);
    expect(plain).toMatch(/\/OverlayText \(SECRET PLACE\)/);
    expect(plain).toContain("(Call Jane Roe now)");
  }
  const again = await server.upload(new Uint8Array(file));
  expect(await texts(again.id)).toEqual(["Call Jane Roe now"]);
  const list = await server.json<{ data: { annotations: { content: object }[] } }>(`/viewer/documents/${again.id}/annotations`);
  expect(list.data.annotations).toMatchObject([{ content }]);
  // What comes back can still be applied.
  expect((await post<Redacted>(`${again.id}/redact`, null)).data.redactions).toBe(1);
  expect((await texts(again.id)).join("")).not.toContain("Jane");
});

test("patterns and presets find, and what is no pattern is refused with its path", async () => {
  const { id } = await server.upload(words("mail a.b@example.org or 192.168.0.1"));
  const by = async (strategy: string, strategyOptions: object): Promise<number> =>
    (await post<{ data: { annotations: unknown[] } }>(`${id}/redactions`, { strategy, strategyOptions })).data.annotations.length;
  expect(await by("preset", { preset: "email-address" })).toBe(1);
  expect(await by("regex", { regex: "\\d+\\.\\d+" })).toBe(2);
  const refused = await server.request(`/viewer/documents/${id}/redactions`, {
    method: "POST",
    json: { strategy: "regex", strategyOptions: { regex: "(" } },
  });
  expect(refused.status).toBe(422);
  expect(await refused.json()).toMatchObject({ failingPaths: [{ path: "$.strategyOptions.regex" }] });
});

test("a copy of a page with marks of its own is redacted by those, and one without keeps what it shows", async () => {
  const { id } = await server.upload(words("alpha beta gamma"));
  await post(`${id}/apply_operations`, {
    operations: [
      { type: "duplicatePages", pageIndexes: [0] },
      { type: "duplicatePages", pageIndexes: [0] },
    ],
  });
  await post(`${id}/redactions`, { strategy: "text", strategyOptions: { text: "alpha", start: 0, limit: 1 } });
  await post(`${id}/redactions`, { strategy: "text", strategyOptions: { text: "gamma", start: 1, limit: 1 } });
  await post<Redacted>(`${id}/redact`, null);
  expect((await texts(id)).map((text) => text.trim())).toEqual(["beta gamma", "alpha beta", "alpha beta gamma"]);
});

test("who may not change pages may not redact", async () => {
  const { id } = await server.upload(words("secret"));
  await post(`${id}/redactions`, { strategy: "text", strategyOptions: { text: "secret" } });
  const { jwt } = await server.session({
    document_id: id,
    document_permissions: ["read", "write"],
    collaboration_permissions: ["annotations:edit:all", "annotations:view:all"],
  });
  const refused = await server.request(`/viewer/documents/${id}/redact`, { method: "POST", json: null, credential: jwt });
  expect(refused.status).toBe(403);
  expect(await texts(id)).toEqual(["secret"]);
});

test("layers that show the file still are named, and lose nothing", async () => {
  const { id } = await server.upload(words("top secret", "open"));
  await post(`${id}/layers/review/annotations`, {
    content: { type: "pspdfkit/note", v: 2, pageIndex: 0, bbox: [10, 10, 20, 20], text: { format: "plain", value: "mine" } },
  });
  await post(`${id}/redactions`, { strategy: "text", strategyOptions: { text: "secret" } });
  const { data } = await post<Redacted>(`${id}/redact`, null);
  expect(data.layersStillShowing).toEqual(["review"]);
  expect(await texts(id)).toEqual(["top", "open"]);
  expect(await texts(id, "review")).toEqual(["top secret", "open"]);
  // The other way round the default layer is the one that is named.
  await post(`${id}/layers/review/redactions`, { strategy: "text", strategyOptions: { text: "open" } });
  const other = await post<Redacted>(`${id}/layers/review/redact`, null);
  expect(other.data.layersStillShowing).toEqual([]);
  await post(`${id}/layers/review/redactions`, { strategy: "text", strategyOptions: { text: "top" } });
  expect((await post<Redacted>(`${id}/layers/review/redact`, null)).data.layersStillShowing).toEqual([]);
  expect(await texts(id)).toEqual(["top", "open"]);
});

test("fields under a mark go with their values, others keep theirs", async () => {
  const { id } = await server.upload(formPdf());
  await post(`${id}/annotations`, {
    content: { type: "pspdfkit/markup/redaction", v: 2, pageIndex: 0, bbox: [72, 110, 240, 24], rects: [[72, 110, 240, 24]] },
  });
  const values = async (): Promise<string> => (await server.request(`/viewer/documents/${id}/form-field-values`)).text();
  expect(await values()).toContain("Grace Hopper");
  await post<Redacted>(`${id}/redact`, null);
  const left = await values();
  expect(left).not.toContain("Grace Hopper");
  expect(left).toContain("Kenya");
  const file = await pdf(id);
  const plain = unpacked(file) ?? file.toString("latin1");
  expect(plain).not.toContain("Grace Hopper");
  expect(plain).toContain("Kenya");
});
