import { annotatedPdf, pagesPdf, rotatedPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RequestOptions, type TestServer, testServer } from "../testing/test-server.ts";

let api: TestServer;
let three: string;
beforeAll(async () => {
  api = await testServer();
  three = (await api.upload(pagesPdf(3))).id;
});
afterAll(() => api.close());

interface Stored {
  readonly id: string;
  readonly annotation_id: string;
  readonly content: {
    readonly type: string;
    readonly pageIndex: number;
    readonly pageId: string;
    readonly bbox: number[];
    readonly [member: string]: unknown;
  };
  readonly createdBy: string | null;
  readonly updatedBy: string | null;
  readonly group: string | null;
  readonly seq: number;
}
interface Batch {
  readonly result: string;
  readonly status: number;
  readonly data: readonly (Partial<Stored> & { readonly id: string })[];
  readonly failingPaths: readonly { readonly path: string; readonly details: string }[];
  readonly failing_paths: readonly { readonly path: string; readonly error: string }[];
  readonly seq: number;
}

const rectangle = (more: object = {}) => ({
  v: 2,
  type: "pspdfkit/shape/rectangle",
  pageIndex: 0,
  bbox: [10, 20, 100, 50],
  strokeColor: "#ff0000",
  strokeWidth: 2,
  ...more,
});
const note = (text: string, more: object = {}) => ({
  v: 2,
  type: "pspdfkit/note",
  pageIndex: 1,
  bbox: [5, 5, 32, 32],
  text: { format: "plain", value: text },
  ...more,
});
const at = (document: string, rest = ""): string => `/viewer/documents/${document}/annotations${rest}`;
const fresh = async (): Promise<string> => (await api.upload(pagesPdf(2))).id;
const list = async (document: string, options?: RequestOptions): Promise<readonly Stored[]> =>
  (await api.json<{ data: { annotations: Stored[] } }>(at(document), options)).data.annotations;
const create = async (document: string, content: object, more: object = {}, options: RequestOptions = {}): Promise<string> =>
  (await api.json<{ data: { annotation_id: string } }>(at(document), { json: { content, ...more }, ...options })).data.annotation_id;
async function problem(path: string, options: RequestOptions) {
  const response = await api.request(path, options);
  expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  return (await response.json()) as Record<string, unknown> & { status: number; code: string; failingPaths?: { path: string }[] };
}

describe("annotations", () => {
  it("of the file are there from the start", async () => {
    const { id } = await api.upload(annotatedPdf());
    const found = await list(id);
    expect(new Set(found.map(({ content }) => content.type))).toEqual(
      new Set(["pspdfkit/markup/highlight", "pspdfkit/ink", "pspdfkit/note", "pspdfkit/shape/rectangle", "pspdfkit/text", "pspdfkit/link"]),
    );
    expect(found.every(({ seq, createdBy }) => seq === 0 && createdBy === null)).toBe(true);
    const [first] = found;
    expect(await api.json<Stored>(at(id, `/${first!.id}`))).toEqual(first);
  });

  it("are created, read, replaced, changed and deleted", async () => {
    const made = await api.json<{ data: { id: string; annotation_id: string; seq: number } }>(`/api/documents/${three}/annotations`, {
      json: { content: rectangle(), user_id: "mia" },
    });
    const { id, seq } = made.data;
    expect(made.data.annotation_id).toBe(id);
    const read = await api.request(at(three, `/${id}?minSeq=${seq}`));
    expect([read.headers.get("etag"), read.headers.get("lectern-seq")]).toEqual([`"${seq}"`, String(seq)]);
    expect(await read.json()).toMatchObject({
      id,
      seq,
      createdBy: "mia",
      updatedBy: "mia",
      group: null,
      content: { ...rectangle(), id, pageId: "1.0", opacity: 1 },
    });

    const replaced = await api.json<{ data: Stored }>(at(three, `/${id}`), {
      method: "PUT",
      json: { content: rectangle({ bbox: [0, 0, 10, 10], fillColor: "#00ff00", note: "n" }), user_id: "ben" },
    });
    expect(replaced.data).toMatchObject({
      createdBy: "mia",
      updatedBy: "ben",
      content: { bbox: [0, 0, 10, 10], fillColor: "#00ff00", note: "n" },
    });
    const anew = await api.json<{ data: Stored }>(at(three, `/${id}`), { method: "PUT", json: { content: rectangle({ pageIndex: 2 }) } });
    expect(anew.data.content).toMatchObject({ pageIndex: 2, pageId: "1.2" });
    expect(anew.data.content).not.toHaveProperty("note");
    expect(anew.data.content).not.toHaveProperty("fillColor");

    const patched = await api.json<{ data: Stored }>(at(three, `/${id}`), {
      method: "PATCH",
      json: { content: { strokeColor: "#0000ff", customData: { a: 1 }, strokeWidth: null }, group: "team" },
    });
    expect(patched.data).toMatchObject({
      group: "team",
      content: { strokeColor: "#0000ff", customData: { a: 1 }, pageIndex: 2, bbox: [10, 20, 100, 50] },
    });
    expect(patched.data.content).not.toHaveProperty("strokeWidth");
    const same = await api.json<{ data: Stored }>(at(three, `/${id}`), { method: "PATCH", json: { content: { strokeColor: "#0000ff" } } });
    expect(same.data.seq).toBe(patched.data.seq);

    expect((await list(three)).map((each) => each.id)).toContain(id);
    const onPage = await api.json<{ data: { annotations: Stored[]; truncated: boolean } }>(
      `/viewer/documents/${three}/pages/2/annotations`,
    );
    expect(onPage.data).toMatchObject({ truncated: false, annotations: [{ id }] });
    const deleted = await api.json<{ data: { id: string; seq: number } }>(at(three, `/${id}`), {
      method: "DELETE",
      headers: { "content-type": "application/json" },
    });
    expect(deleted.data).toMatchObject({ id, seq: patched.data.seq + 1 });
    expect(await problem(at(three, `/${id}`), {})).toMatchObject({ status: 410, code: "gone" });
    expect(await problem(at(three, `/${id}`), { method: "DELETE" })).toMatchObject({ status: 410, code: "gone" });
  });

  it("move when what they are made of moves", async () => {
    const line = (x: number) => ({
      points: [
        [
          [x, 10],
          [x + 20, 30],
        ],
      ],
      intensities: [[0.5, 0.5]],
    });
    const id = await create(three, { v: 2, type: "pspdfkit/ink", pageIndex: 0, lines: line(10), lineWidth: 2, strokeColor: "#000000" });
    const { data } = await api.json<{ data: Stored }>(at(three, `/${id}`), { method: "PATCH", json: { content: { lines: line(200) } } });
    expect(data.content.bbox[0]).toBeGreaterThan(150);
  });

  it.each([0, 1, 2, 3])("lie where the page as shown has them, on page %i with its odd box and turn", async (pageIndex) => {
    const { id: document } = await api.upload(rotatedPdf());
    const id = await create(document, rectangle({ pageIndex, bbox: [7.25, 11.5, 100, 50] }));
    const [read] = (await list(document)).filter((each) => each.id === id);
    expect(read!.content).toMatchObject({ pageIndex, bbox: [7.25, 11.5, 100, 50] });
    const { data } = await api.json<{ data: Stored }>(at(document, `/${id}`), { method: "PATCH", json: { content: { note: "x" } } });
    const { data: history } = await api.json<{ data: { seq: number; ops: { properties?: string[] }[] }[] }>(
      `/viewer/documents/${document}/changes?since=${read!.seq}`,
    );
    expect(history).toMatchObject([{ seq: data.seq, ops: [{ id, action: "update", properties: ["note"] }] }]);
  });

  it("are listed by page, one on each line when asked for that", async () => {
    const document = await fresh();
    const [b, a] = [await create(document, note("second page")), await create(document, rectangle())];
    expect((await list(document)).map(({ id }) => id)).toEqual([a, b]);
    const lines = await api.request(at(document), { headers: { accept: "application/x-ndjson" } });
    expect(lines.headers.get("content-type")).toMatch(/^application\/x-ndjson/);
    expect(
      (await lines.text())
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as Stored).id),
    ).toEqual([a, b]);
  });

  it("take a page by its id, and an id of the caller's choice once", async () => {
    const document = await fresh();
    expect(await create(document, { ...rectangle(), pageIndex: undefined, pageId: "1.1" }, { id: "mine" })).toBe("mine");
    expect((await list(document))[0]).toMatchObject({ id: "mine", content: { pageIndex: 1 } });
    expect(await problem(at(document), { json: { id: "mine", content: rectangle() } })).toMatchObject({ status: 409, code: "exists" });
  });

  it("are kept apart by layer", async () => {
    const document = await fresh();
    const id = await create(document, rectangle());
    const layered = `/viewer/documents/${document}/layers/review%2F1/annotations`;
    expect((await api.request(layered)).status).toBe(404);
    const { data } = await api.json<{ data: { id: string } }>(layered, { json: { content: note("only here") } });
    expect((await list(document)).map((each) => each.id)).toEqual([id]);
    expect((await api.json<{ data: { annotations: Stored[] } }>(layered)).data.annotations.map((each) => each.id)).toEqual([data.id]);
    expect((await api.json<{ data: string[] }>(`/viewer/documents/${document}/layers`)).data).toEqual(["", "review/1"]);
  });

  it.each<[string, object, string]>([
    ["an unknown type", rectangle({ type: "pspdfkit/nothing" }), "$.content.type"],
    ["a page that is not there", rectangle({ pageIndex: 3 }), "$.content.pageIndex"],
    ["a page id that is not there", rectangle({ pageId: "9.9" }), "$.content.pageId"],
    ["a colour that is none", rectangle({ strokeColor: "red" }), "$.content.strokeColor"],
    ["no rectangle", rectangle({ bbox: undefined }), "$.content.bbox"],
    ["a rectangle of words", rectangle({ bbox: ["a", 0, 1, 1] }), "$.content.bbox[0]"],
    ["coordinates out of all measure", rectangle({ bbox: [1e300, 0, 1, 1] }), "$.content.bbox[0]"],
    [
      "an ink without lines",
      { type: "pspdfkit/ink", pageIndex: 0, strokeColor: "#000000", lineWidth: 1, bbox: [0, 0, 1, 1] },
      "$.content.lines",
    ],
  ])("with %s are refused with the place", async (_, content, path) => {
    const refused = await problem(at(three), { json: { content } });
    expect(refused).toMatchObject({ status: 422, code: "unprocessable" });
    expect(refused.failingPaths!.map((failure) => failure.path)).toEqual(expect.arrayContaining([expect.stringContaining(path)]));
  });

  it("of another type cannot take their place", async () => {
    const id = await create(three, rectangle());
    for (const method of ["PUT", "PATCH"])
      expect(await problem(at(three, `/${id}`), { method, json: { content: note("x") } })).toMatchObject({
        status: 422,
        failingPaths: [{ path: "$.content.type" }],
      });
  });

  it.each([
    [{}],
    [{ content: 1 }],
    [{ content: { type: 1 } }],
    [[]],
    [null],
    ["x"],
    [{ annotations: [] }],
    [{ content: rectangle(), id: "a b" }],
    [{ content: rectangle(), user_id: 1 }],
  ])("in a body like %j are refused as invalid", async (json) => {
    expect(await problem(at(three), { json })).toMatchObject({ status: 400, code: "invalid_parameters" });
  });
});

describe("If-Match", () => {
  it("refuses what was changed meanwhile, and a tag that was never given", async () => {
    const id = await create(three, rectangle());
    const path = at(three, `/${id}`);
    const etag = (await api.request(path)).headers.get("etag")!;
    const put = (match: string, width: number) =>
      api.request(path, { method: "PUT", json: { content: rectangle({ strokeWidth: width }) }, headers: { "if-match": match } });
    const first = await put(etag, 3);
    expect(first.status).toBe(200);
    expect((await put(etag, 4)).status).toBe(412);
    expect((await put(etag, 3)).status).toBe(412);
    expect((await put("*", 4)).status).toBe(200);
    expect((await put('"abc"', 5)).status).toBe(412);
    expect((await api.request(path, { method: "DELETE", headers: { "if-match": etag } })).status).toBe(412);
    const now = (await api.request(path)).headers.get("etag")!;
    expect((await api.request(path, { method: "DELETE", headers: { "if-match": now } })).status).toBe(200);
  });
});

describe("Idempotency-Key", () => {
  it("makes a repeat harmless and answers the same", async () => {
    const document = await fresh();
    const send = (key: string, text = "once") =>
      api.json<object>(at(document), { json: { content: note(text) }, headers: { "idempotency-key": key } });
    const [one, two, three] = [await send("k1"), await send("k1"), await send("k2")];
    expect(two).toEqual(one);
    expect(three).not.toEqual(one);
    await send("k1", "another request");
    expect(await list(document)).toHaveLength(3);
    const many = () =>
      api.json<Batch>(at(document), {
        json: { annotations: [{ content: note("a") }, { content: note("b") }] },
        headers: { "idempotency-key": "many" },
      });
    expect((await many()).data.map(({ id }) => id)).toEqual((await many()).data.map(({ id }) => id));
    expect(await list(document)).toHaveLength(5);
  });
});

describe("many annotations", () => {
  it("that are made together lie, and are listed, in the order in which they were sent, also once they were replaced", async () => {
    const id = await fresh();
    const texts = Array.from({ length: 40 }, (_, index) => `note ${index}`);
    const annotations = texts.map((text, index) => ({ content: note(text), ...(index % 3 === 0 ? { id: `chosen-${100 - index}` } : {}) }));
    await api.json(at(id), { json: { annotations } });
    const textsOf = async (): Promise<unknown[]> => (await list(id)).map(({ content }) => (content["text"] as { value: string }).value);
    expect(await textsOf()).toEqual(texts);
    const [, second] = await list(id);
    await api.json(at(id, `/${second!.id}`), { method: "PUT", json: { content: note("replaced") } });
    expect(await textsOf()).toEqual(texts.with(1, "replaced"));
    await create(id, note("later"));
    expect((await textsOf()).at(-1)).toBe("later");
  });

  it("are written together, in one change for each writer", async () => {
    const document = await fresh();
    const annotations = Array.from({ length: 250 }, (_, i) => ({ content: note(`n${i}`), user_id: "mia", group: "g" }));
    const made = await api.json<Batch>(at(document), { json: { annotations } });
    expect(made).toMatchObject({ result: "success", status: 200, failingPaths: [], seq: 2 });
    expect(made.data).toHaveLength(250);
    expect(made.data[7]).toMatchObject({ user_id: "mia", createdBy: "mia", group: "g", content: { text: { value: "n7" } } });
    const changed = await api.json<Batch>(at(document), {
      method: "PUT",
      json: { annotations: made.data.slice(0, 3).map(({ id }, i) => ({ id, content: note(`c${i}`), user_id: `u${i}` })) },
    });
    expect(changed).toMatchObject({ result: "success", seq: 5 });
    expect(changed.data.map(({ updatedBy }) => updatedBy)).toEqual(["u0", "u1", "u2"]);
  });

  it("that can be written are, the others are named", async () => {
    const document = await fresh();
    await create(document, rectangle(), { id: "there" });
    const annotations = [
      { content: note("good") },
      { content: note("bad page", { pageIndex: 99 }) },
      { id: "there", content: note("taken") },
      "no object",
      { content: note("good too"), id: "new" },
      { content: note("bad id"), id: "a b" },
      { content: note("bad user"), user_id: {} },
      { content: note("twice"), id: "new" },
    ];
    const made = await api.json<Batch>(at(document), { json: { annotations } });
    expect(made).toMatchObject({ result: "partial_failure", status: 200 });
    expect(made.data.map(({ content }) => (content!["text"] as { value: string }).value)).toEqual(["good", "good too"]);
    expect(made.failing_paths.map(({ path, error }) => [path, error])).toEqual([
      ["$.annotations[1].content.pageIndex", "unprocessable"],
      ["$.annotations[3]", "unprocessable"],
      ["$.annotations[5].id", "unprocessable"],
      ["$.annotations[6].user_id", "unprocessable"],
      ["$.annotations[2]", "exists"],
      ["$.annotations[7]", "exists"],
    ]);
    expect(await list(document)).toHaveLength(3);
  });

  it("of which none can be written are a failure", async () => {
    const refused = await problem(at(three), {
      method: "PUT",
      json: { annotations: [{ id: "nobody", content: note("x") }, { content: note("x") }] },
    });
    expect(refused).toMatchObject({
      status: 404,
      code: "not_found",
      result: "failure",
      data: [],
      failing_paths: [
        { path: "$.annotations[0]", error: "not_found" },
        { path: "$.annotations[1].id", error: "unprocessable" },
      ],
    });
  });

  it("are deleted by id, or all", async () => {
    const { id: document } = await api.upload(annotatedPdf());
    const [first, second] = await list(document);
    const some = await api.json<Batch>(at(document), { method: "DELETE", json: { annotationIds: [first!.id, "nobody", first!.id] } });
    expect(some).toMatchObject({ result: "partial_failure", data: [{ id: first!.id }], failingPaths: [{ path: "$.annotationIds[1]" }] });
    expect((await list(document)).map(({ id }) => id)).toContain(second!.id);
    expect(await api.json<Batch>(at(document), { method: "DELETE", json: { annotationIds: "all", user_id: "mia" } })).toMatchObject({
      result: "success",
    });
    expect(await list(document)).toEqual([]);
    expect(await api.json<Batch>(at(document), { method: "DELETE", json: { annotationIds: "all" } })).toMatchObject({
      result: "success",
      data: [],
    });
  });
});

describe("a session", () => {
  it("writes as its own user, in its own group", async () => {
    const document = await fresh();
    const { jwt } = await api.session({ document_id: document, group: "team" }, { user_id: "mia" });
    const id = await create(document, rectangle(), {}, { credential: jwt });
    expect(await api.json<Stored>(at(document, `/${id}`), { credential: jwt })).toMatchObject({
      createdBy: "mia",
      updatedBy: "mia",
      group: "team",
    });
    expect(await create(document, rectangle(), { user_id: "mia" }, { credential: jwt })).toBeTruthy();
    expect(await problem(at(document), { json: { content: rectangle(), user_id: "ben" }, credential: jwt })).toMatchObject({
      status: 403,
      code: "forbidden",
    });
  });

  it("with read only cannot write, whatever way it tries", async () => {
    const document = await fresh();
    const id = await create(document, rectangle());
    const { jwt } = await api.session({ document_id: document, document_permissions: ["read"] });
    const tries: [string, RequestOptions][] = [
      [at(document), { json: { content: rectangle() } }],
      [at(document), { json: { annotations: [{ content: rectangle() }] } }],
      [at(document), { method: "PUT", json: { annotations: [{ id, content: rectangle() }] } }],
      [at(document, `/${id}`), { method: "PUT", json: { content: rectangle() } }],
      [at(document, `/${id}`), { method: "PATCH", json: { content: { note: "x" } } }],
      [at(document, `/${id}`), { method: "DELETE" }],
      [at(document), { method: "DELETE", json: { annotationIds: "all" } }],
    ];
    for (const [path, options] of tries)
      expect(await problem(path, { ...options, credential: jwt })).toMatchObject({ status: 403, code: "forbidden" });
    expect(await list(document, { credential: jwt })).toHaveLength(1);
    expect(await problem(`/viewer/documents/${document}/pdf`, { credential: jwt })).toMatchObject({ status: 403 });
    expect(await problem(`/viewer/documents/${document}`, { method: "PATCH", json: { title: "x" }, credential: jwt })).toMatchObject({
      status: 401,
      code: "wrong_credential",
    });
  });

  it("sees and changes what its permissions name, nothing else", async () => {
    const document = await fresh();
    const [mine, ours, hidden] = [
      await create(document, rectangle(), { user_id: "mia" }),
      await create(document, note("ours"), { group: "team" }),
      await create(document, note("hidden"), { group: "other" }),
    ];
    const { jwt } = await api.session(
      {
        document_id: document,
        document_permissions: ["read", "write", "download"],
        collaboration_permissions: ["annotations:view:group=team", "annotations:view:self", "annotations:edit:self"],
      },
      { user_id: "mia" },
    );
    expect((await list(document, { credential: jwt })).map(({ id }) => id)).toEqual([mine, ours]);
    const patch = (id: string) => problem(at(document, `/${id}`), { method: "PATCH", json: { content: { note: "x" } }, credential: jwt });
    expect(await patch(hidden)).toMatchObject({ status: 404, code: "not_found" });
    expect(await patch(ours)).toMatchObject({ status: 403, code: "forbidden" });
    expect(
      (await api.request(at(document, `/${mine}`), { method: "PATCH", json: { content: { note: "x" } }, credential: jwt })).status,
    ).toBe(200);
    const records = await api.json<{ records: { id: string }[] }>(`/viewer/documents/${document}/records`, { credential: jwt });
    expect(records.records.map(({ id }) => id).toSorted()).toEqual([mine, ours].toSorted());
    // Nor in the file that it downloads.
    const [all, its] = await Promise.all(
      [undefined, jwt].map(
        async (credential) =>
          (await (await api.request(`/viewer/documents/${document}/pdf`, credential === undefined ? {} : { credential })).arrayBuffer())
            .byteLength,
      ),
    );
    expect(its!).toBeLessThan(all!);
    const reupload = await api.upload(
      new Uint8Array(await (await api.request(`/viewer/documents/${document}/pdf`, { credential: jwt })).arrayBuffer()),
    );
    expect((await list(reupload.id)).map(({ id }) => id).toSorted()).toEqual([mine, ours].toSorted());
    expect(await problem(`/viewer/documents/${document}/pdf?source=true`, { credential: jwt })).toMatchObject({
      status: 403,
      code: "forbidden",
    });
  });

  it("for one document opens no other, and no other layer", async () => {
    const [document, other] = [await fresh(), await fresh()];
    const { jwt } = await api.session({ document_id: document, layer: "mine" });
    await create(document, note("of the default layer"));
    for (const path of [
      at(other),
      `/viewer/documents/${other}`,
      `/viewer/documents/${other}/pdf`,
      `/viewer/documents/${other}/records`,
      `/viewer/documents/${document}/layers/theirs/annotations`,
    ]) {
      expect(await problem(path, { credential: jwt }), path).toMatchObject({ status: 404, code: "not_found" });
    }
    expect(await problem(at(other), { json: { content: rectangle() }, credential: jwt })).toMatchObject({ status: 404 });
    // Without a layer in the path a token means its own.
    expect(await list(document, { credential: jwt })).toEqual([]);
    expect(await api.json(`/viewer/documents/${document}/layers/mine/annotations`, { credential: jwt })).toMatchObject({
      data: { annotations: [] },
    });
  });
});

it("exports the annotations, which come back when the file is uploaded again", async () => {
  const document = await fresh();
  const ids = [await create(document, rectangle()), await create(document, note("hello"))];
  const response = await api.request(`/viewer/documents/${document}/pdf`);
  const again = await api.upload(new Uint8Array(await response.arrayBuffer()));
  const found = await list(again.id);
  expect(found.map(({ id }) => id)).toEqual(ids);
  expect(found[0]!.content).toMatchObject({ type: "pspdfkit/shape/rectangle", strokeColor: "#ff0000" });
});
