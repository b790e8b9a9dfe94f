import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { annotatedPdf, ORDER_FIELDS, orderForm, pdfFile } from "@lectern/pdf/testing";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestServer, testServer } from "../testing/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

const words = (...texts: string[]): Uint8Array =>
  pdfFile({ pages: texts.map((text) => ({ size: [300, 200], content: `BT /F0 20 Tf 20 100 Td (${text}) Tj ET` })) });

function form(instructions: object, files: Readonly<Record<string, Uint8Array>> = {}): FormData {
  const body = new FormData();
  for (const [name, bytes] of Object.entries(files)) body.append(name, new Blob([new Uint8Array(bytes)]), `${name}`);
  body.append("instructions", JSON.stringify(instructions));
  return body;
}

const build = (instructions: object, files?: Readonly<Record<string, Uint8Array>>): Promise<Response> =>
  server.request("/viewer/build", { method: "POST", body: form(instructions, files) });

async function texts(id: string): Promise<string[]> {
  const pages = await server.json<{ textLines: { contents: string }[] }[]>(`/viewer/documents/${id}/pages/text`);
  return pages.map(({ textLines }) => textLines.map(({ contents }) => contents).join(" "));
}

const hasUnzip = spawnSync("unzip", ["-v"]).error === undefined;

/** By a program that is not ours; what each file is by the image library. */
async function unzipped(archive: Buffer): Promise<unknown[]> {
  const folder = mkdtempSync(join(tmpdir(), "lectern-images-"));
  try {
    writeFileSync(join(folder, "a.zip"), archive);
    execFileSync("unzip", ["-q", join(folder, "a.zip"), "-d", join(folder, "out")]);
    return await Promise.all(
      readdirSync(join(folder, "out"))
        .toSorted()
        .map(async (name) => {
          const { width, height, format } = await sharp(join(folder, "out", name)).metadata();
          return [name, { width, height, format }];
        }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function pdfTexts(response: Response): Promise<string[]> {
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return texts((await server.upload(new Uint8Array(await response.arrayBuffer()))).id);
}

test("files, new pages and documents are put together, with ranges as clients write them", async () => {
  const { id } = await server.upload(words("stored one", "stored two"));
  const png = await sharp({ create: { width: 40, height: 20, channels: 3, background: "#ff0000" } })
    .png()
    .toBuffer();
  const response = await build(
    {
      parts: [
        { file: "a", pages: { start: -2, end: -1 } },
        { page: "new", layout: {} },
        { document: { id }, pages: { end: 0 } },
        { file: "picture.png" },
      ],
      output: { metadata: { title: "Put together" }, labels: [{ pages: { start: 0, end: 0 }, label: "A" }] },
    },
    { a: words("one", "two", "three"), "picture.png": png },
  );
  expect(await pdfTexts(response)).toEqual(["two", "three", "", "stored one", ""]);
});

test("actions are done in order: turned, marked, redacted, watermarked with text and image", async () => {
  const png = await sharp({ create: { width: 4, height: 4, channels: 4, background: { r: 0, g: 0, b: 255, alpha: 1 } } })
    .png()
    .toBuffer();
  const instructions = {
    parts: [
      {
        file: "a",
        actions: [
          { type: "createRedactions", strategy: "text", strategyOptions: { text: "secret" } },
          { type: "applyRedactions" },
          { type: "rotate", rotateBy: 90 },
        ],
      },
    ],
    actions: [
      { type: "watermark", text: "DRAFT", width: "100%", height: { value: 20, unit: "%" }, bottom: 0, opacity: 0.5, rotation: 10 },
      { type: "watermark", image: "logo", width: 50, height: 50, top: { value: 0, unit: "pt" }, left: { value: 0, unit: "pt" } },
    ],
  };
  const files = { a: words("a secret word"), logo: png };
  const [page] = await pdfTexts(await build(instructions, files));
  expect(page!.replace(/\s+/g, " ")).toContain("word");
  expect(page).toContain("DRAFT");
  expect(page).not.toContain("secret");
  const image = await build({ ...instructions, output: { type: "image", format: "png", width: 100 } }, files);
  expect(image.headers.get("content-type")).toBe("image/png");
  const { data, info } = await sharp(await image.arrayBuffer())
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([100, 150]);
  expect([...data.subarray((5 * 100 + 5) * 3, (5 * 100 + 5) * 3 + 3)]).toEqual([0, 0, 255]);
});

test("several images come as an archive, text as JSON, and passwords and restrictions are set", async () => {
  const files = { a: words("one two", "three") };
  const archive = Buffer.from(
    await (
      await build({ parts: [{ file: "a" }], output: { type: "image", format: "jpg", dpi: 36, pages: { start: 0, end: -1 } } }, files)
    ).arrayBuffer(),
  );
  expect(archive.subarray(0, 2).toString()).toBe("PK");
  expect(archive.includes("2.jpg")).toBe(true);
  if (hasUnzip)
    expect(await unzipped(archive)).toEqual([
      ["1.jpg", { width: 150, height: 100, format: "jpeg" }],
      ["2.jpg", { width: 150, height: 100, format: "jpeg" }],
    ]);
  const json = (await (
    await build({ parts: [{ file: "a" }], output: { type: "json-content", plainText: true, structuredText: true } }, files)
  ).json()) as {
    pages: { plainText: string; tables: unknown[]; structuredText: { words: { value: string }[]; lines: unknown[] } }[];
  };
  expect(json.pages[0]).toMatchObject({ plainText: expect.stringContaining("one two"), tables: [] });
  expect(json.pages[0]!.structuredText.words.map(({ value }) => value)).toEqual(["one", "two"]);
  const secret = await build(
    { parts: [{ file: "a" }], output: { type: "pdf", user_password: "u", owner_password: "o", user_permissions: ["printing"] } },
    files,
  );
  const locked = await server.upload(new Uint8Array(await secret.arrayBuffer()));
  expect(locked).toMatchObject({ status: "locked", password_protected: true });
});

test("a document is rebuilt in place of its pages; redacting so erases", async () => {
  const { id } = await server.upload(words("keep", "drop the secret"));
  const highlight = {
    type: "pspdfkit/markup/highlight",
    v: 2,
    pageIndex: 0,
    bbox: [20, 80, 50, 20],
    rects: [[20, 80, 50, 20]],
    color: "#ffff00",
  };
  const made = await server.json<{ data: { id: string } }>(`/viewer/documents/${id}/annotations`, {
    method: "POST",
    json: { content: highlight },
  });
  const apply = (
    instructions: object,
    files?: Readonly<Record<string, Uint8Array>>,
  ): Promise<{ data: { seq: number; pageCount: number } }> =>
    server.json(`/viewer/documents/${id}/apply_instructions`, {
      method: "POST",
      ...(files === undefined ? { json: instructions } : { body: form(instructions, files) }),
    });
  const { data } = await apply({
    parts: [{ document: { id }, pages: { start: 1 } }, { page: "new" }, { document: { id: "#self" }, pages: { end: 0 } }],
  });
  expect(data.pageCount).toBe(3);
  expect(await texts(id)).toEqual(["drop the secret", "", "keep"]);
  const list = await server.json<{ data: { annotations: { id: string; content: { pageIndex: number } }[] } }>(
    `/viewer/documents/${id}/annotations`,
  );
  expect(list.data.annotations.map(({ content }) => content.pageIndex)).toEqual([2]);
  // Pages that only move stay who they are: what hung on them does, too.
  expect(list.data.annotations[0]!.id).toBe(made.data.id);
  // A part that makes content makes new pages; those of the other parts stay.
  await apply({ parts: [{ document: { id: "#self" } }, { file: "more" }] }, { more: words("appended") });
  expect(await texts(id)).toEqual(["drop the secret", "", "keep", "appended"]);
  const after = await server.json<{ data: { annotations: { id: string }[] } }>(`/viewer/documents/${id}/annotations`);
  expect(after.data.annotations.map((each) => each.id)).toEqual([made.data.id]);
  await apply({
    parts: [{ document: { id: "#self" }, pages: { end: 2 } }],
    actions: [{ type: "createRedactions", strategy: "text", strategyOptions: { text: "secret" } }, { type: "applyRedactions" }],
  });
  expect((await texts(id)).map((text) => text.trim())).toEqual(["drop the", "", "keep"]);
});

test("what is wrong is named by its path", async () => {
  for (const [instructions, status, path] of [
    [{ parts: [] }, 400, "$.parts"],
    [{ parts: [{ file: "missing" }] }, 422, "$.parts[0].file"],
    [{ parts: [{ file: "a", pages: { start: 9 } }] }, 422, "$.parts[0].pages"],
    [
      { parts: [{ file: "a", actions: [{ type: "createRedactions", strategy: "regex", strategyOptions: { regex: "(" } }] }] },
      422,
      "$.parts[0].actions[0].strategyOptions.regex",
    ],
  ] as const) {
    const response = await build(instructions, { a: words("one") });
    expect(response.status).toBe(status);
    expect(((await response.json()) as { failingPaths: { path: string }[] }).failingPaths[0]!.path).toBe(path);
  }
});

test("annotations, replies and pictures of Instant JSON and XFDF are written into the file, and what is wrong with them is told", async () => {
  const format = "https://pspdfkit.com/instant-json/v1";
  const png = await sharp({ create: { width: 4, height: 4, channels: 3, background: "#ff0000" } })
    .png()
    .toBuffer();
  const xfdf = `<xfdf><annots><square page="0" rect="10,20,60,90" color="#ff0000" name="square-1"/><text page="0" rect="1,1,9,9" inreplyto="square-1"><contents>Why?</contents></text><stamp page="0" rect="1,1,90,90"><imagedata>data:image/png;base64,${png.toString("base64")}</imagedata></stamp></annots></xfdf>`;
  const json = {
    format,
    annotations: [{ v: 2, type: "pspdfkit/note", pageIndex: 1, bbox: [9, 9, 20, 20], text: { format: "plain", value: "Hi" } }],
  };
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const apply = (type: string, file: string) => ({
    parts: [{ file: "a", actions: [{ type, file }] }],
    actions: [{ type: "rotate", rotateBy: 90 }],
  });
  const both = {
    parts: [{ file: "a" }],
    actions: [
      { type: "applyXfdf", file: "x" },
      { type: "applyInstantJson", file: "j" },
    ],
  };
  const made = await build(both, { a: words("one", "two"), x: bytes(xfdf), j: bytes(JSON.stringify(json)) });
  if (made.status !== 200) throw new Error(await made.text());
  const { id } = await server.upload(new Uint8Array(await made.arrayBuffer()));
  const out = await server.json<{
    annotations: { type: string; pageIndex: number; bbox: number[] }[];
    comments: { text: { value: string } }[];
  }>(`/viewer/documents/${id}/document.json`);
  expect(out.annotations.map(({ type, pageIndex }) => [type, pageIndex])).toEqual(
    expect.arrayContaining([
      ["pspdfkit/shape/rectangle", 0],
      ["pspdfkit/note", 1],
    ]),
  );
  expect(out.annotations.find(({ type }) => type === "pspdfkit/shape/rectangle")!.bbox.map(Math.round)).toEqual([10, 110, 50, 70]);
  expect(out.comments.map(({ text }) => text.value)).toEqual(["Why?"]);
  for (const [type, file] of [
    ["applyXfdf", "<!DOCTYPE x><xfdf/>"],
    ["applyXfdf", '<xfdf><annots><square page="7" rect="1,1,2,2"/></annots></xfdf>'],
    ["applyInstantJson", "{}"],
  ] as const) {
    const response = await build(apply(type, "f"), { a: words("one"), f: bytes(file) });
    expect([type, response.status]).toEqual([type, 422]);
  }
  expect((await build(apply("applyXfdf", "missing"), { a: words("one") })).status).toBe(422);
});

test("single annotations are flattened, of documents and files, by their ids and by their objects, also when files are put together", async () => {
  const { id } = await server.upload(annotatedPdf());
  const list = async (of: string): Promise<{ id: string; content: { type: string; pdfObjectId?: number } }[]> =>
    (
      await server.json<{ data: { annotations: { id: string; content: { type: string; pdfObjectId?: number } }[] } }>(
        `/viewer/documents/${of}/annotations`,
      )
    ).data.annotations;
  const before = await list(id);
  const types = before.map(({ content }) => content.type);
  const [ink, link] = ["pspdfkit/ink", "pspdfkit/link"].map((type) => before.find(({ content }) => content.type === type)!);
  // Its id follows from the file.
  const highlight = before.find(({ content }) => content.type === "pspdfkit/markup/highlight")!;
  const gone = (names: readonly (string | number)[]) => ({ type: "flatten", annotationIds: names });
  const outcome = async (response: Response): Promise<string[]> => {
    if (response.status !== 200) throw new Error(await response.text());
    const { id: made } = await server.upload(new Uint8Array(await response.arrayBuffer()));
    return (await list(made)).map(({ content }) => content.type);
  };
  const without = (...wanted: readonly { id: string }[]): string[] =>
    before.flatMap((each) => (wanted.some((one) => one.id === each.id) ? [] : [each.content.type]));
  const file = { a: annotatedPdf(), b: words("one") };
  expect(await outcome(await build({ parts: [{ file: "a", actions: [gone([ink!.id])] }] }, file))).toEqual(without(ink!));
  expect(await outcome(await build({ parts: [{ file: "a" }], actions: [gone([ink!.content.pdfObjectId!])] }, file))).toEqual(without(ink!));
  const both = { parts: [{ file: "b" }, { file: "a" }], actions: [gone([ink!.content.pdfObjectId!, highlight.id])] };
  expect(await outcome(await build(both, file))).toEqual(without(ink!, highlight));
  const stored = { parts: [{ file: "b" }, { document: { id } }], actions: [gone([highlight.id, link!.id])] };
  // Links are never content.
  expect(await outcome(await build(stored, file))).toEqual(without(highlight));
  expect(types).toContain("pspdfkit/link");
});

test("an upload of instructions is a document of what they describe, wherever they stand in the form", async () => {
  const files = { first: words("one"), second: words("two") };
  const instructions = { parts: [{ file: "second" }, { page: "new" }, { file: "first" }], output: { metadata: { title: "Built" } } };
  interface Uploaded {
    readonly data: { readonly id: string; readonly title: string | null; readonly status: string };
  }
  const upload = async (body: FormData): Promise<Uploaded["data"]> =>
    (await server.json<Uploaded>("/viewer/documents", { method: "POST", body })).data;
  const { id, title } = await upload(form(instructions, files));
  expect(title).toBe("Built");
  expect(await texts(id)).toEqual(["two", "", "one"]);

  const before = new FormData();
  before.append("instructions", JSON.stringify({ parts: [{ file: "file", actions: [{ type: "rotate", rotateBy: 90 }] }] }));
  before.append("title", "Turned");
  before.append("file", new Blob([new Uint8Array(words("turned"))]), "a.pdf");
  before.append("document_id", "turned-1");
  expect(await upload(before)).toMatchObject({ id: "turned-1", title: "Turned" });
  expect(await texts("turned-1")).toEqual(["turned"]);

  // The usual name, and instructions behind it: the bytes were on their way to storage.
  const after = form({ parts: [{ file: "file" }, { file: "more" }] }, { file: words("a"), more: words("b") });
  const behind = await upload(after);
  expect(await texts(behind.id)).toEqual(["a", "b"]);
  const same = await upload(form({ parts: [{ file: "file" }] }, { file: words("a") }));
  expect(await texts(same.id)).toEqual(["a"]);

  const json = await server.json<Uploaded>("/viewer/documents", {
    method: "POST",
    json: { instructions: { parts: [{ document: { id } }, { page: "new" }] }, title: "From a document" },
  });
  expect(json.data.title).toBe("From a document");
  expect(await texts(json.data.id)).toEqual(["two", "", "one", ""]);

  const locked = await upload(form({ parts: [{ file: "first" }], output: { user_password: "u", owner_password: "o" } }, files));
  expect(locked).toMatchObject({ status: "ready", password_protected: true });
});

test("an upload of instructions that cannot be followed leaves nothing behind, and says what is wrong", async () => {
  const count = async (): Promise<number> => (await server.json<{ document_count: number }>("/viewer/documents")).document_count;
  const before = await count();
  const send = async (body: FormData | null, json?: object): Promise<{ status: number; path: string | undefined }> => {
    const response = await server.request("/viewer/documents", { method: "POST", ...(body === null ? { json: json! } : { body }) });
    const problem = (await response.json()) as { failingPaths?: { path: string }[] };
    return { status: response.status, path: problem.failingPaths?.[0]?.path };
  };
  const file = { file: words("a") };
  expect(await send(form({ parts: [{ file: "other" }] }, file))).toEqual({ status: 422, path: "$.parts[0].file" });
  expect(await send(form({ parts: [] }, file))).toEqual({ status: 400, path: "$.parts" });
  expect((await send(form({ parts: [{ file: "file" }], output: { type: "image", width: 9 } }, file))).status).toBe(422);
  expect(await send(null, { instructions: { parts: [{ file: "nothing" }] } })).toEqual({ status: 422, path: "$.parts[0].file" });
  expect((await send(null, { instructions: 7 })).status).toBe(400);
  const two = new FormData();
  for (const name of ["one", "two"]) two.append(name, new Blob([new Uint8Array(words(name))]), name);
  expect((await send(two)).status).toBe(400);
  expect(await count()).toBe(before);
  const odd = new FormData();
  odd.append("whatever", new Blob([new Uint8Array(words("odd"))]), "odd.pdf");
  const { data } = await server.json<{ data: { id: string; title: string } }>("/viewer/documents", { method: "POST", body: odd });
  expect(data.title).toBe("odd");
});

test("fields of files that are put together keep their names, hierarchy and values; a name that is taken gets a number", async () => {
  const both = await build({ parts: [{ file: "a" }, { file: "b" }] }, { a: orderForm(), b: orderForm() });
  const { id } = await server.upload(new Uint8Array(await both.arrayBuffer()));
  const values = await server.json<{ data: { formFieldValues: { name: string; value: unknown }[] } }>(
    `/viewer/documents/${id}/form-field-values`,
  );
  const found = new Map(values.data.formFieldValues.map(({ name, value }) => [name, value]));
  expect([...found.keys()].filter((name) => name.startsWith("order.")).toSorted()).toEqual(
    ["quantity", "price", "discount", "total", "date"].flatMap((name) => [`order.${name}`, `order.${name}_2`]).toSorted(),
  );
  // Of what stands on no page, that of the first file is left.
  const placed = ORDER_FIELDS.filter((name) => name !== "nobody");
  for (const name of placed) if (found.has(name)) expect([name, found.get(`${name}_2`)]).toEqual([name, found.get(name)]);
  const one = await build({ parts: [{ page: "new" }, { file: "b" }] }, { b: orderForm() });
  const alone = await server.upload(new Uint8Array(await one.arrayBuffer()));
  const fields = await server.json<{ data: { content: { name: string }; widgetAnnotations: unknown[] }[] }>(
    `/viewer/documents/${alone.id}/form-fields`,
  );
  expect(fields.data.map(({ content }) => content.name).toSorted()).toEqual(placed.toSorted());
  expect(fields.data.find(({ content }) => content.name === "twice")!.widgetAnnotations).toHaveLength(2);
});
