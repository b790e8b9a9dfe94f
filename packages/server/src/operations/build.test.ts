import { pdfFile } from "@lectern/pdf/testing";
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
