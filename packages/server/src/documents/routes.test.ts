import { createHash } from "node:crypto";
import type { DocumentInfo, DocumentSummary } from "@lectern/protocol";
import {
  annotatedPdf,
  brokenPdf,
  emptyFile,
  ENCRYPTED_PASSWORD,
  encryptedPdf,
  notAPdf,
  ODD_CROP,
  pagesPdf,
  rotatedPdf,
} from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestServer, testServer } from "../testing/test-server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
});
afterAll(() => api.close());

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const isPdf = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(0, 5)).toString() === "%PDF-";
const three = pagesPdf(3);

function form(parts: readonly (readonly [name: string, value: string | Blob, filename?: string])[]): FormData {
  const data = new FormData();
  for (const [name, value, filename] of parts) {
    if (typeof value === "string") data.append(name, value);
    else data.append(name, value, filename);
  }
  return data;
}
const pdfPart = new Blob([three], { type: "application/pdf" });

async function problem(response: Promise<Response>): Promise<{ status: number; code: string; detail: string; requestId: string }> {
  const answer = await response;
  expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  const body = (await answer.json()) as { status: number; code: string; detail: string; requestId: string };
  expect(body).toMatchObject({ status: answer.status, requestId: answer.headers.get("x-request-id") });
  return body;
}

describe("uploading", () => {
  it.each(["/viewer/documents", "/api/documents", "/api/document", "/viewer/documents/"])(
    "takes the raw file at %s and answers with a document that is ready",
    async (path) => {
      const { data } = await api.json<{ data: DocumentSummary }>(`${path}?title=Three&wait=60`, {
        body: three,
        headers: { "content-type": "application/pdf" },
      });
      expect(data).toMatchObject({
        title: "Three",
        status: "ready",
        pageCount: 3,
        byteSize: three.length,
        sourcePdfSha256: sha256(three),
        password_protected: false,
        errors: [],
      });
      expect(data.document_id).toBe(data.id);
    },
  );

  it.each([[""], ["application/octet-stream"], ["image/png"], ["pdf"], ["application/json"], ["application/x-www-form-urlencoded"]])(
    "lets the bytes decide when the type says %j",
    async (type) => {
      const { data } = await api.json<{ data: DocumentSummary }>("/viewer/documents", { body: three, headers: { "content-type": type } });
      expect(data.status).toBe("ready");
    },
  );

  it("takes a form whose fields stand before or behind the file", async () => {
    const before = form([
      ["document_id", "before"],
      ["title", "Von vorn – 日本"],
      ["metadata", '{"customer":7}'],
      ["file", pdfPart, "x.pdf"],
    ]);
    const behind = form([
      ["file", pdfPart, "Contract 7.pdf"],
      ["document_id", "behind"],
      ["metadata", '{"customer":8}'],
    ]);
    const first = await api.json<{ data: DocumentSummary }>("/viewer/documents", { body: before });
    expect(first.data).toMatchObject({ id: "before", title: "Von vorn – 日本", metadata: { customer: 7 }, status: "ready" });
    const second = await api.json<{ data: DocumentSummary }>("/api/documents", { body: behind });
    expect(second.data).toMatchObject({ id: "behind", title: "Contract 7", metadata: { customer: 8 } });
  });

  it("answers at once when it shall not wait, and reads wait instead", async () => {
    const { data } = await api.json<{ data: DocumentSummary }>("/viewer/documents?wait=false", { body: pagesPdf(40) });
    expect(data.status).toBe("preparing");
    expect((await api.json<{ data: DocumentInfo }>(`/viewer/documents/${data.id}/document_info`)).data.pageCount).toBe(40);
  });

  it.each<[string, Uint8Array | FormData, number, string]>([
    ["an empty file", emptyFile(), 422, "invalid_document"],
    ["a picture named .pdf", notAPdf(), 415, "unsupported_media_type"],
    ["a form without a file", form([["title", "x"]]), 400, "bad_request"],
    [
      "a form with two files",
      form([
        ["file", pdfPart, "a.pdf"],
        ["file", pdfPart, "b.pdf"],
      ]),
      400,
      "bad_request",
    ],
    [
      "an id that is none",
      form([
        ["file", pdfPart, "a.pdf"],
        ["document_id", "a/b"],
      ]),
      400,
      "invalid_parameters",
    ],
    [
      "metadata that is no JSON",
      form([
        ["metadata", "{"],
        ["file", pdfPart, "a.pdf"],
      ]),
      400,
      "invalid_parameters",
    ],
    [
      "metadata that is nested",
      form([
        ["metadata", '{"a":{"b":1}}'],
        ["file", pdfPart, "a.pdf"],
      ]),
      400,
      "invalid_parameters",
    ],
    [
      "instructions that are none",
      form([
        ["instructions", "{}"],
        ["file", pdfPart, "a.pdf"],
      ]),
      400,
      "invalid_parameters",
    ],
  ])("refuses %s and leaves nothing behind", async (_, body, status, code) => {
    const count = async (): Promise<number> => (await api.json<{ document_count: number }>("/viewer/documents")).document_count;
    const before = await count();
    expect(
      await problem(
        api.request("/viewer/documents", { body, headers: body instanceof FormData ? {} : { "content-type": "application/pdf" } }),
      ),
    ).toMatchObject({ status, code });
    expect(await count()).toBe(before);
  });

  it("refuses an id that is taken", async () => {
    await api.upload(three, "document_id=taken");
    expect(await problem(api.request("/viewer/documents?document_id=taken", { body: three }))).toMatchObject({
      status: 409,
      code: "exists",
    });
  });

  it("keeps a file that cannot be opened, and says so", async () => {
    const data = await api.upload(brokenPdf());
    expect(data).toMatchObject({ status: "failed", errors: [{ reason: expect.any(String) as string }] });
    expect(await problem(api.request(`/viewer/documents/${data.id}/document_info`))).toMatchObject({
      status: 422,
      code: "document_failed",
    });
    expect((await api.upload(three)).status).toBe("ready");
  });
});

describe("an encrypted document", () => {
  it("is locked until somebody gives its password, then opens for those who have it", async () => {
    const data = await api.upload(encryptedPdf());
    expect(data).toMatchObject({ status: "locked", password_protected: true });
    const info = `/viewer/documents/${data.id}/document_info`;
    expect(await problem(api.request(info))).toMatchObject({ status: 403, code: "password_required" });
    expect(await problem(api.request(info, { headers: { "document-password": "wrong" } }))).toMatchObject({
      status: 403,
      code: "wrong_password",
    });
    for (const header of ["pspdfkit-pdf-password", "document-password"]) {
      expect((await api.json<{ data: DocumentInfo }>(info, { headers: { [header]: ENCRYPTED_PASSWORD } })).data.pageCount).toBeGreaterThan(
        0,
      );
    }
    expect(await problem(api.request(info))).toMatchObject({ code: "password_required" });
    expect(
      await problem(api.request("/viewer/sessions", { json: { allowed_documents: [{ document_id: data.id, password: "wrong" }] } })),
    ).toMatchObject({ code: "wrong_password" });
    const { jwt } = await api.session({ document_id: data.id, password: ENCRYPTED_PASSWORD });
    expect((await api.request(info, { credential: jwt })).status).toBe(200);
    const without = await api.session(data.id);
    expect(await problem(api.request(info, { credential: without.jwt }))).toMatchObject({ code: "password_required" });
    expect(api.logs.join("")).not.toContain(ENCRYPTED_PASSWORD);
  });

  it("may be guessed at five times a minute", async () => {
    const data = await api.upload(encryptedPdf(), "wait=10");
    const { jwt } = await api.session(data.id);
    const guess = () =>
      problem(api.request(`/viewer/documents/${data.id}/document_info`, { credential: jwt, headers: { "document-password": "guess" } }));
    for (let i = 0; i < 5; i++) expect(await guess()).toMatchObject({ code: "wrong_password" });
    expect(await guess()).toMatchObject({ status: 429, code: "rate_limited" });
  });
});

describe("documents", () => {
  it("are listed page by page, found, renamed and deleted", async () => {
    const mine: string[] = [];
    for (let i = 0; i < 3; i++) mine.push((await api.upload(three, `title=Needle ${i}`)).id);
    const list = (query: string) =>
      api.json<{ data: DocumentSummary[]; next_cursor: string | null; document_count: number }>(
        `/api/documents?title=needle&order_by=title&order_direction=asc&${query}`,
      );
    const first = await list("page_size=2");
    const rest = await list(`page_size=2&cursor=${first.next_cursor}`);
    expect([...first.data, ...rest.data].map(({ id }) => id)).toEqual(mine);
    expect(first.document_count).toBe(3);
    expect(rest.next_cursor).toBeNull();
    const changed = await api.json<{ data: DocumentSummary }>(`/viewer/documents/${mine[0]}`, {
      method: "PATCH",
      json: { title: "Pin", metadata: { a: 1 } },
    });
    expect(changed.data).toMatchObject({ id: mine[0], title: "Pin", metadata: { a: 1 } });
    expect((await api.json<{ data: DocumentSummary }>(`/viewer/documents/${mine[0]}`)).data).toEqual(changed.data);
    const gone = await api.request(`/viewer/documents/${mine[1]}`, { method: "DELETE", headers: { "content-type": "application/json" } });
    expect(gone.status).toBe(200);
    for (const path of [
      "",
      "/properties",
      "/document_info",
      "/pages/0/text",
      "/pages/0/image?width=10",
      "/annotations",
      "/pdf",
      "/layers",
      "/records",
      "/changes",
    ]) {
      expect(await problem(api.request(`/viewer/documents/${mine[1]}${path}`)), path).toMatchObject({ status: 404, code: "not_found" });
    }
    expect((await list("")).data.map(({ id }) => id)).toEqual([mine[2]]);
  });

  it("say what they are in the published shape, in named layers too", async () => {
    const { id } = await api.upload(rotatedPdf());
    const { data } = await api.json<{ data: DocumentInfo }>(`/api/documents/${id}/document_info`);
    expect(data).toMatchObject({ pageCount: 5, hasXFA: false, permissions: { print: true, annotationAndForms: true } });
    expect(data.pages.map(({ pageIndex, rotation, width, height }) => [pageIndex, rotation, width, height]).slice(0, 4)).toEqual([
      [0, 0, 500, 700],
      [1, 90, 700, 500],
      [2, 180, 500, 700],
      [3, 270, 700, 500],
    ]);
    expect(data.pages[0]).toMatchObject({
      pageId: "1.0",
      pageLabel: "i",
      transformedBBox: [0, 0, 500, 700],
      rawPdfBoxes: { cropBox: [...ODD_CROP] },
    });
    // The corner of the page as shown, from the file's space and back.
    for (const page of data.pages) {
      const [x, y, w, h] = page.untransformedBBox as [number, number, number, number];
      const apply = ([a, b, c, d, e, f]: number[], px: number, py: number): [number, number] => [
        a! * px + c! * py + e!,
        b! * px + d! * py + f!,
      ];
      const corners = [apply(page.matrix, x, y), apply(page.matrix, x + w, y + h)];
      expect([Math.min(...corners.map(([px]) => px)), Math.min(...corners.map(([, py]) => py))]).toEqual([0, 0]);
      expect([Math.max(...corners.map(([px]) => px)), Math.max(...corners.map(([, py]) => py))]).toEqual([page.width, page.height]);
      const [bx, by] = apply(page.reverseMatrix, ...apply(page.matrix, 12, 34));
      expect(bx).toBeCloseTo(12);
      expect(by).toBeCloseTo(34);
    }
    expect((await api.request(`/api/documents/${id}/layers/never-used/document_info`)).status).toBe(404);
    expect((await api.json<{ data: string[] }>(`/api/documents/${id}/layers/`)).data).toEqual([""]);
  });

  it("give text as lines, of a page and of all", async () => {
    const { id } = await api.upload(three);
    const one = await api.json<{ textLines: { contents: string; left: number; top: number }[] }>(`/viewer/documents/${id}/pages/1/text`);
    expect(one.textLines[0]!.contents).toBe("Page 2 of 3");
    expect(one.textLines[0]!.top).toBeLessThan(200);
    const all = await api.json<{ pageIndex: number; textLines: unknown[] }[]>(`/viewer/documents/${id}/pages/text`);
    expect(all.map(({ pageIndex }) => pageIndex)).toEqual([0, 1, 2]);
    expect(all[1]!.textLines).toEqual(one.textLines);
    expect(await problem(api.request(`/viewer/documents/${id}/pages/3/text`))).toMatchObject({ code: "not_found" });
    expect(await problem(api.request(`/viewer/documents/${id}/pages/x/text`))).toMatchObject({ code: "not_found" });
  });

  it("find text", async () => {
    const { id } = await api.upload(three);
    const { data } = await api.json<{ data: { pageIndex: number; previewText: string; rectsOnPage: number[][] }[] }>(
      `/viewer/documents/${id}/search?q=page 2 of`,
    );
    expect(data).toHaveLength(1);
    expect(data[0]).toMatchObject({ pageIndex: 1, previewText: expect.stringContaining("Page 2 of 3") as string });
    expect(data[0]!.rectsOnPage[0]).toHaveLength(4);
    expect((await api.json<{ data: unknown[] }>(`/viewer/documents/${id}/search?q=quick&max_hits=2`)).data).toHaveLength(2);
    const onPages = async (query: string): Promise<number[]> =>
      (await api.json<{ data: { pageIndex: number }[] }>(`/viewer/documents/${id}/search?${query}`)).data.map(({ pageIndex }) => pageIndex);
    expect(await onPages("q=of 3&limit=1&start=1")).toEqual([1]);
    expect(await onPages(`type=regex&q=${encodeURIComponent("Page \\d of")}`)).toEqual([0, 1, 2]);
    expect(await onPages(`type=regex&q=${encodeURIComponent("page \\d of")}`)).toEqual([]);
    expect(await onPages(`type=regex&q=${encodeURIComponent("page \\d of")}&case_sensitive=false`)).toEqual([0, 1, 2]);
    expect(await onPages("type=preset&q=url")).toEqual([]);
    for (const query of ["type=regex&q=(", "type=preset&q=shoe-size", "type=other&q=x"])
      expect(await problem(api.request(`/viewer/documents/${id}/search?${query}`)), query).toMatchObject({ code: "invalid_parameters" });
    expect(await problem(api.request(`/viewer/documents/${id}/search?q=`))).toMatchObject({ code: "invalid_parameters" });
  });

  it("find the texts of annotations, too, and tell the text under a highlight", async () => {
    const { id } = await api.upload(three);
    const { data } = await api.json<{ data: { rectsOnPage: number[][] }[] }>(`/viewer/documents/${id}/search?q=Page 2 of 3`);
    const rects = data[0]!.rectsOnPage;
    const content = {
      v: 2,
      type: "pspdfkit/markup/highlight",
      pageIndex: 1,
      bbox: rects[0],
      rects,
      color: "#ffff00",
      note: "Check this sentence",
    };
    await api.json(`/viewer/documents/${id}/annotations`, { json: { content, id: "the-highlight" } });
    const found = await api.json<{ data: unknown[] }>(`/viewer/documents/${id}/search?q=check this&include_annotations=true`);
    expect(found.data).toEqual([
      expect.objectContaining({ pageIndex: 1, previewText: "Check this sentence", rangeInPreview: [0, 10], isAnnotation: true }),
    ]);
    expect((await api.json<{ data: unknown[] }>(`/viewer/documents/${id}/search?q=check this`)).data).toEqual([]);
    const under = await api.json<{ data: { text: string; annotation: { id: string } }[] }>(`/viewer/documents/${id}/pages/1/highlighted`);
    expect(under.data).toMatchObject([{ text: "Page 2 of 3", annotation: { id: "the-highlight" } }]);
    expect((await api.json<{ data: unknown[] }>(`/viewer/documents/${id}/pages/0/highlighted`)).data).toEqual([]);
  });

  it("show pages as images, and a cover", async () => {
    const { id } = await api.upload(three);
    const image = await api.request(`/viewer/documents/${id}/pages/0/image?width=200`);
    expect(image.headers.get("content-type")).toBe("image/png");
    const bytes = Buffer.from(await image.arrayBuffer());
    expect([bytes.readUInt32BE(16), bytes.subarray(1, 4).toString()]).toEqual([200, "PNG"]);
    const again = await api.request(`/viewer/documents/${id}/pages/0/image?width=200`, {
      headers: { "if-none-match": image.headers.get("etag")! },
    });
    expect(again.status).toBe(304);
    const webp = Buffer.from(await (await api.request(`/viewer/documents/${id}/pages/0/image?height=200&format=webp`)).arrayBuffer());
    expect(webp.subarray(8, 12).toString()).toBe("WEBP");
    for (const query of ["", "width=10&height=10", "width=0", "width=99999", "width=10&format=bmp"]) {
      expect(await problem(api.request(`/viewer/documents/${id}/pages/0/image?${query}`)), query).toMatchObject({
        status: 400,
        code: "invalid_parameters",
      });
    }
    const { jwt } = await api.session({ document_id: id, document_permissions: ["cover-image"] });
    const cover = await api.request(`/documents/${id}/cover?width=120&jwt=${jwt}`, { credential: null });
    expect([cover.status, cover.headers.get("content-type")]).toEqual([200, "image/png"]);
    expect(await problem(api.request(`/viewer/documents/${id}/pages/0/image?width=10`, { credential: jwt }))).toMatchObject({
      status: 403,
      code: "forbidden",
    });
    expect(await problem(api.request(`/viewer/documents/${id}/pages/0/text?jwt=${jwt}`, { credential: null }))).toMatchObject({
      status: 401,
      code: "unauthorized",
    });
  });

  it("are counted day by day, also when they are gone", async () => {
    const stored = async () => {
      const { data } = await api.json<{ data: { documents_stored: number }[] }>("/viewer/usage");
      return data.map((day) => day.documents_stored);
    };
    const { id } = await api.upload(annotatedPdf());
    const before = (await stored()).at(-1)!;
    api.advance(24 * 3_600_000);
    await api.json(`/viewer/documents/${id}`, { method: "DELETE" });
    expect((await stored()).slice(-2)).toEqual([before, before - 1]);
  });

  it("are downloaded as they were, when nothing was changed", async () => {
    const bytes = annotatedPdf();
    const { id } = await api.upload(bytes, 'title=Über uns%0A"x"');
    const response = await api.request(`/viewer/documents/${id}/pdf`);
    expect(response.headers.get("content-type")).toBe("application/pdf");
    expect(response.headers.get("content-disposition")).toBe(
      "attachment; filename=\"_ber uns__x_.pdf\"; filename*=UTF-8''%C3%9Cber%20uns%0A%22x%22.pdf",
    );
    expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(sha256(bytes));
    const head = await api.request(`/viewer/documents/${id}/pdf`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, String(bytes.length), ""]);
    const plain = new Uint8Array(await (await api.request(`/viewer/documents/${id}/pdf?annotations=false`)).arrayBuffer());
    expect(isPdf(plain)).toBe(true);
    expect(sha256(plain)).not.toBe(sha256(bytes));
  });
});
