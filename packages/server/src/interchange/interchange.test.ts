import { createHash } from "node:crypto";
import { annotatedPdf, formPdf, pagesPdf, rotatedPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestServer, testServer } from "../testing/test-server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
});
afterAll(() => api.close());

const FORMAT = "https://pspdfkit.com/instant-json/v1";
const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==", "base64");
const PNG_ID = createHash("sha256").update(PNG).digest("hex");

type Json = Record<string, unknown>;
interface Exported {
  readonly annotations: readonly (Json & { readonly id: string; readonly type: string })[];
  readonly comments: readonly (Json & { readonly id: string; readonly rootId: string })[];
  readonly bookmarks: readonly Json[];
  readonly formFields: readonly (Json & { readonly name: string })[];
  readonly formFieldValues: readonly (Json & { readonly name: string; readonly value: unknown })[];
  readonly attachments: Record<string, { readonly binary: string; readonly contentType: string }>;
  readonly skippedPdfObjectIds: readonly number[];
  readonly pdfId: { readonly permanent: string };
}
interface Applied {
  readonly seq: number;
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

const of = (id: string, rest: string): string => `/api/documents/${id}/${rest}`;
const exported = (id: string, query = "", credential?: string): Promise<Exported> =>
  api.json<Exported>(of(id, `document.json${query}`), credential === undefined ? {} : { credential });
const apply = async (id: string, content: Json, rest = "apply_instant_json"): Promise<Applied> =>
  (await api.json<{ data: Applied }>(of(id, rest), { json: { format: FORMAT, ...content } })).data;
async function refused(
  path: string,
  options: Parameters<TestServer["request"]>[1],
): Promise<{ status: number; code: string; detail: string }> {
  const response = await api.request(path, options);
  const { code, detail } = (await response.json()) as { code: string; detail: string };
  return { status: response.status, code, detail };
}
/** Without what a service sets by itself. */
const content = ({ createdAt: _c, updatedAt: _u, pageId: _p, name: _n, ...rest }: Json): Json => rest;

const highlight = {
  v: 2,
  type: "pspdfkit/markup/highlight",
  pageIndex: 0,
  bbox: [10, 10, 50, 20],
  rects: [[10, 10, 50, 20]],
  color: "#ffff00",
};
const everything = {
  annotations: [
    { ...highlight, id: "mark" },
    { v: 1, type: "pspdfkit/text", id: "words", pageIndex: 1, bbox: [5, 5, 80, 20], text: "bare", fontSize: 12 },
    {
      v: 2,
      type: "pspdfkit/image",
      id: "picture",
      pageIndex: 1,
      bbox: [5, 40, 20, 20],
      imageAttachmentId: PNG_ID,
      contentType: "image/png",
    },
    { v: 2, type: "pspdfkit/comment-marker", id: "thread", pageIndex: 1, bbox: [1, 1, 24, 24], text: { format: "plain", value: "" } },
  ],
  attachments: { [PNG_ID]: { binary: PNG.toString("base64"), contentType: "image/png" } },
  comments: [
    {
      v: 2,
      type: "pspdfkit/comment",
      id: "first",
      rootId: "thread",
      pageIndex: 1,
      text: { format: "plain", value: "Look" },
      creatorName: "Mia",
    },
    { v: 1, type: "pspdfkit/comment", id: "second", rootId: "mark", pageIndex: 0, text: "Why?" },
  ],
  bookmarks: [
    { v: 1, type: "pspdfkit/bookmark", id: "b", name: "Second", action: { type: "goTo", pageIndex: 1 } },
    { v: 1, type: "pspdfkit/bookmark", id: "a", name: "First", action: { type: "goTo", pageIndex: 0 } },
  ],
};

describe("Instant JSON of a document", () => {
  it("comes out as it went in: annotations of v1 and v2, pictures, comments and bookmarks, and applying it again changes nothing", async () => {
    const { id } = await api.upload(pagesPdf(2));
    const applied = await apply(id, everything);
    expect(applied).toMatchObject({ created: 8, updated: 0, deleted: 0, skipped: [] });
    const out = await exported(id);
    expect(out).toMatchObject({ format: FORMAT, skippedPdfObjectIds: [], bookmarks: everything.bookmarks });
    expect(out.annotations.map(({ id: each }) => each).toSorted()).toEqual(["mark", "picture", "thread", "words"]);
    expect(out.annotations.find(({ id: each }) => each === "words")!["text"]).toEqual({ format: "plain", value: "bare" });
    expect(out.attachments).toEqual({ [PNG_ID]: { binary: PNG.toString("base64"), contentType: "image/png" } });
    expect(out.comments.map(({ id: each, rootId }) => [each, rootId])).toEqual([
      ["first", "thread"],
      ["second", "mark"],
    ]);
    expect(await apply(id, { ...out })).toMatchObject({ created: 0, updated: 0, deleted: 0, seq: applied.seq });

    const one = await exported(id, "?annotation_version=1");
    expect(one.annotations.find(({ id: each }) => each === "words")).toMatchObject({ v: 1, text: "bare" });
    expect(one.comments[0]).toMatchObject({ v: 1, text: "Look" });
    expect(await apply(id, { ...one })).toMatchObject({ created: 0, updated: 0, deleted: 0 });

    const other = (await api.upload(rotatedPdf())).id;
    await apply(other, { ...one });
    const there = await exported(other);
    expect(there.annotations.map(content).toSorted((a, b) => (String(a["id"]) < String(b["id"]) ? -1 : 1))).toEqual(
      out.annotations.map(content).toSorted((a, b) => (String(a["id"]) < String(b["id"]) ? -1 : 1)),
    );
  });

  it("replaces what has its id, brings back what was deleted, and takes out what it skips, in one change", async () => {
    const { id } = await api.upload(annotatedPdf());
    const before = await exported(id);
    const own = before.annotations.filter(({ pdfObjectId, type }) => pdfObjectId !== undefined && type !== "pspdfkit/link");
    const [first, second] = own as unknown as [Json & { id: string }, Json & { id: string }];
    const applied = await apply(id, {
      annotations: [
        { ...first, id: undefined, name: undefined, opacity: 0.25 },
        { ...highlight, id: "new" },
      ],
      skippedPdfObjectIds: [first["pdfObjectId"], second["pdfObjectId"]],
    });
    expect(applied).toMatchObject({ created: 1, updated: 1, deleted: 1 });
    const after = await exported(id);
    expect(after.annotations.find((each) => each.id === first.id)).toMatchObject({ opacity: 0.25 });
    expect(after.annotations.some((each) => each.id === second.id)).toBe(false);
    expect(after.skippedPdfObjectIds).toEqual([second["pdfObjectId"]]);
    expect(applied.seq).toBe(1);

    expect(await apply(id, { annotations: [second] })).toMatchObject({ created: 1 });
    expect((await exported(id)).skippedPdfObjectIds).toEqual([]);
    const fresh = (await api.upload(annotatedPdf())).id;
    await apply(fresh, { ...after });
    expect((await exported(fresh)).annotations.map(content)).toEqual(after.annotations.map(content));
  });

  it("fills the fields of a form by name, and says which it does not know or which value does not fit", async () => {
    const { id } = await api.upload(formPdf());
    const { formFieldValues, formFields } = await exported(id);
    expect(formFieldValues.length).toBeGreaterThan(0);
    expect(formFields.map(({ name }) => name)).toEqual(expect.arrayContaining(formFieldValues.map(({ name }) => name)));
    const text = formFields.find(({ type, flags }) => type === "pspdfkit/form-field/text" && flags === undefined)!.name;
    const value = (name: string, filled: unknown) => ({ v: 1, type: "pspdfkit/form-field-value", name, value: filled });
    expect(await apply(id, { formFieldValues: [value(text, "filled")] })).toMatchObject({ updated: 1 });
    const after = await exported(id);
    expect(after.formFieldValues.find(({ name }) => name === text)).toMatchObject({ value: "filled" });
    expect(await apply(id, { ...after })).toMatchObject({ created: 0, updated: 0, deleted: 0 });
    expect(
      await refused(of(id, "apply_instant_json"), { json: { format: FORMAT, formFieldValues: [value("nobody", "x")] } }),
    ).toMatchObject({
      status: 422,
      code: "unprocessable",
      detail: expect.stringContaining("$.formFieldValues[0].name"),
    });
    const plain = (await api.upload(pagesPdf(3))).id;
    const { created } = await apply(plain, { ...after, annotations: after.annotations.filter(({ type }) => type === "pspdfkit/widget") });
    expect(created).toBeGreaterThan(formFields.length);
    const made = await exported(plain);
    expect(made.formFields.map(({ name }) => name)).toEqual(formFields.map(({ name }) => name));
    expect(made.formFieldValues.find(({ name }) => name === text)).toMatchObject({ value: "filled" });
    const fields = { format: FORMAT, formFields: [{ type: "pspdfkit/form-field/other", v: 1, name: "new", annotationIds: [] }] };
    expect(await refused(of(id, "apply_instant_json"), { json: fields })).toMatchObject({ status: 422 });
  });

  it("is taken from a form with pictures beside it", async () => {
    const { id } = await api.upload(pagesPdf(2));
    const body = new FormData();
    body.append("instant.json", new Blob([JSON.stringify({ format: FORMAT, annotations: [everything.annotations[2]] })]), "instant.json");
    body.append(PNG_ID, new Blob([PNG], { type: "image/png" }), "seal.png");
    const response = await api.request(of(id, "apply_instant_json"), { method: "POST", body });
    expect(response.status).toBe(200);
    expect((await exported(id)).attachments[PNG_ID]?.contentType).toBe("image/png");
  });

  it("is written as a whole or not at all, with every place that is wrong", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const wrong: readonly (readonly [content: unknown, path: string])[] = [
      [{ annotations: [] }, "$.format"],
      [{ format: FORMAT, annotations: [highlight, { ...highlight, pageIndex: 7 }] }, "$.annotations[1].pageIndex"],
      [{ format: FORMAT, annotations: [highlight, { v: 2, type: "pspdfkit/nonsense" }] }, "$.annotations[1].type"],
      [
        {
          format: FORMAT,
          annotations: [
            { ...highlight, id: "x" },
            { ...highlight, id: "x" },
          ],
        },
        "$.annotations[1].id",
      ],
      [{ format: FORMAT, comments: [{ v: 2, type: "pspdfkit/comment", rootId: "nowhere", text: "x" }] }, "$.comments[0].rootId"],
      [{ format: FORMAT, annotations: [highlight], bookmarks: [{ action: { type: "goTo", pageIndex: 9 } }] }, "$.bookmarks[0].action"],
      [{ format: FORMAT, annotations: [{ ...everything.annotations[2], pageIndex: 0 }] }, "$.annotations[0].imageAttachmentId"],
      [
        {
          ...everything,
          format: FORMAT,
          annotations: [{ ...everything.annotations[2], pageIndex: 0 }],
          comments: [],
          bookmarks: [],
          attachments: { [PNG_ID]: { binary: "bm90" } },
        },
        "$.attachments",
      ],
      [{ format: FORMAT, annotations: "all" }, "$.annotations"],
    ];
    for (const [json, path] of wrong) {
      const { status, detail } = await refused(of(id, "apply_instant_json"), { json });
      expect([status, detail]).toEqual([422, expect.stringContaining(path)]);
    }
    for (const body of ["", "{", "null", "[1]"]) {
      const { status } = await refused(of(id, "apply_instant_json"), {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      });
      expect([400, 422]).toContain(status);
    }
    expect((await exported(id)).annotations).toEqual([]);
  });

  it("shows and takes what a session may see and write, and no more", async () => {
    const { id } = await api.upload(pagesPdf(2));
    await apply(id, everything);
    const session = (permissions: string[], collaboration?: string[]) =>
      api.session(
        {
          document_id: id,
          document_permissions: permissions,
          ...(collaboration === undefined ? {} : { collaboration_permissions: collaboration }),
        } as never,
        { user_id: "mia" },
      );
    const blind = await session(["read", "write"], ["annotations:view:self", "annotations:edit:self", "comments:view:self"]);
    const seen = await exported(id, "", blind.jwt);
    expect([seen.annotations, seen.comments, seen.attachments]).toEqual([[], [], {}]);
    const reader = await session(["read"]);
    expect(await refused(of(id, "apply_instant_json"), { json: { format: FORMAT }, credential: reader.jwt })).toMatchObject({
      status: 403,
    });
    expect(await refused(of(id, "pdf_with_instant_json"), { json: { format: FORMAT }, credential: reader.jwt })).toMatchObject({
      status: 403,
    });
    const viewer = await session(["read", "write"], ["annotations:view:all", "comments:view:all"]);
    const changed = { format: FORMAT, annotations: [{ ...everything.annotations[0], opacity: 0.5 }] };
    expect(await refused(of(id, "apply_instant_json"), { json: changed, credential: viewer.jwt })).toMatchObject({
      status: 403,
      code: "forbidden",
    });
    // An id that is hidden is not taken, nor told.
    const own = await api.json<{ data: Applied }>(of(id, "apply_instant_json"), { json: changed, credential: blind.jwt });
    expect(own.data).toMatchObject({ created: 1, updated: 0 });
    expect((await exported(id, "", blind.jwt)).annotations.map((each) => each.id)).not.toContain("mark");
  });

  it("is applied to a layer alone, and to a copy, which is not made when it is wrong", async () => {
    const { id } = await api.upload(pagesPdf(2));
    await api.json(of(id, "layers"), { json: { name: "mia" } });
    await apply(id, everything, "layers/mia/apply_instant_json");
    expect((await exported(id)).annotations).toEqual([]);
    expect((await api.json<Exported>(of(id, "layers/mia/document.json"))).annotations).toHaveLength(4);

    const copy = await api.json<{ documentId: string }>(of(id, "copy_with_instant_json"), { json: { format: FORMAT, ...everything } });
    expect((await exported(copy.documentId)).annotations).toHaveLength(4);
    const plain = await api.request(of(id, "copy_with_instant_json"), {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(plain.status).toBe(200);
    const { documentId } = (await plain.json()) as { documentId: string };
    expect((await api.json<Exported>(of(documentId, "layers/mia/document.json"))).annotations).toHaveLength(4);
    const count = async (): Promise<number> => (await api.json<{ document_count: number }>("/api/documents")).document_count;
    const before = await count();
    expect(await refused(of(id, "copy_with_instant_json"), { json: { format: "other" } })).toMatchObject({ status: 422 });
    expect(await count()).toBe(before);
  });

  it("is in a PDF that is made with it, and in no layer", async () => {
    const { id } = await api.upload(pagesPdf(2));
    const response = await api.request(of(id, "pdf_with_instant_json"), {
      json: { format: FORMAT, annotations: [everything.annotations[0]] },
    });
    expect(response.headers.get("content-type")).toBe("application/pdf");
    const made = await api.upload(new Uint8Array(await response.arrayBuffer()));
    expect((await exported(made.id)).annotations).toMatchObject([{ type: "pspdfkit/markup/highlight" }]);
    expect((await exported(id)).annotations).toEqual([]);
  });
});
