import { pdfFile } from "@lectern/pdf/testing";
import { ApiError } from "@lectern/protocol/plain";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Recogniser } from "../ports.ts";
import { type TestServer, testServer } from "../testing/test-server.ts";

/** Sees a word in the middle of every image, and says in which size and languages it was asked. */
const asked: { width: number; height: number; dpi: number; languages: readonly string[] }[] = [];
let beforeAnswer: () => Promise<unknown> = () => Promise.resolve();
const recogniser: Recogniser = {
  async recognise(image, { languages, dpi }) {
    const { width, height } = await sharp(image).metadata();
    asked.push({ width, height, dpi: Math.round(dpi), languages });
    await beforeAnswer();
    const size = height * 0.1;
    return [{ top: height * 0.45, height: size, words: [{ text: "Scanned", left: width * 0.4, width: width * 0.2 }] }];
  },
  async require(languages) {
    if (languages.includes("xho")) throw new ApiError("unprocessable", "Tesseract has no data for xho");
  },
  languages: async () => ["eng"],
  version: async () => "1",
};

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ recogniser });
});
afterAll(() => server.close());

const scan = (...rotations: (0 | 90)[]): Uint8Array =>
  pdfFile({ pages: rotations.map((rotate) => ({ size: [300, 200], content: "0.9 g 10 10 200 100 re f", rotate })) });

async function lines(id: string): Promise<{ contents: string; left: number; top: number }[][]> {
  const pages = await server.json<{ textLines: { contents: string; left: number; top: number }[] }[]>(`/viewer/documents/${id}/pages/text`);
  return pages.map(({ textLines }) => textLines);
}

const operate = (id: string, operation: object): Promise<Response> =>
  server.request(`/api/documents/${id}/apply_operations`, { json: { operations: [operation] } });

test("pages get text that can be found, their annotations stay, and again changes nothing", async () => {
  const { id } = await server.upload(scan(0, 90));
  const highlight = {
    v: 2,
    type: "pspdfkit/markup/highlight",
    pageIndex: 0,
    bbox: [10, 10, 50, 20],
    rects: [[10, 10, 50, 20]],
    color: "#ffff00",
  };
  const made = await server.json<{ data: { id: string } }>(`/viewer/documents/${id}/annotations`, { json: { content: highlight } });
  expect((await operate(id, { type: "rotatePages", pageIndexes: [0], rotateBy: 180 })).status).toBe(200);
  asked.length = 0;
  const response = await operate(id, { type: "performOcr", language: ["english", "german", "deu"] });
  expect(response.status).toBe(200);
  const { data } = (await response.json()) as { data: { seq: number } };
  expect(asked).toEqual([
    { width: 1250, height: 833, dpi: 300, languages: ["eng", "deu"] },
    { width: 833, height: 1250, dpi: 300, languages: ["eng", "deu"] },
  ]);
  const found = await lines(id);
  expect(found.map((page) => page.map(({ contents }) => contents.trim()))).toEqual([["Scanned"], ["Scanned"]]);
  const hits = await server.json<{ data: { pageIndex: number }[] }>(`/viewer/documents/${id}/search?q=scanned`);
  expect(JSON.stringify(hits)).toContain("canned");
  const list = await server.json<{ data: { annotations: { id: string }[] } }>(`/viewer/documents/${id}/annotations`);
  expect(list.data.annotations.map((each) => each.id)).toEqual([made.data.id]);
  const again = (await (await operate(id, { type: "performOcr", pageIndexes: [0, 1] })).json()) as { data: { seq: number } };
  expect(again.data.seq).toBe(data.seq);
  const pdf = await server.request(`/viewer/documents/${id}/pdf`);
  const { id: copy } = await server.upload(new Uint8Array(await pdf.arrayBuffer()));
  expect((await lines(copy)).map((page) => page.map(({ contents }) => contents.trim()))).toEqual([["Scanned"], ["Scanned"]]);
});

test("in a download with operations the text is recognised in it only, after pages were turned and before others go", async () => {
  const { id } = await server.upload(scan(0, 90, 0));
  const before = await server.json<{ data: { seq?: number } }>(`/viewer/documents/${id}/document_info`);
  const operations = [
    { type: "removePages", pageIndexes: [2] },
    { type: "performOcr", pageIndexes: [0], language: "german" },
    { type: "movePages", pageIndexes: [0], afterPageIndex: 1 },
  ];
  asked.length = 0;
  const response = await server.request(`/api/documents/${id}/pdf_with_operations`, { json: { operations } });
  expect(response.status).toBe(200);
  expect(asked.map(({ languages }) => languages)).toEqual([["deu"]]);
  const { id: copy } = await server.upload(new Uint8Array(await response.arrayBuffer()));
  expect((await lines(copy)).map((page) => page.map(({ contents }) => contents.trim()))).toEqual([[], ["Scanned"]]);
  expect((await lines(id)).flat()).toEqual([]);
  expect(await server.json(`/viewer/documents/${id}/document_info`)).toEqual(before);
});

test("what is redacted while a page is read does not come back", async () => {
  const { id } = await server.upload(pdfFile({ pages: [{ size: [300, 200], content: "BT /F0 20 Tf 20 30 Td (secret) Tj ET" }] }));
  await server.json(`/api/documents/${id}/redactions`, { json: { strategy: "text", strategyOptions: { text: "secret" } } });
  beforeAnswer = () => server.json(`/api/documents/${id}/redact`, { method: "POST" });
  const response = await operate(id, { type: "performOcr" });
  beforeAnswer = () => Promise.resolve();
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([409, "conflict"]);
  expect((await lines(id)).flat()).toEqual([]);
  expect((await operate(id, { type: "performOcr" })).status).toBe(200);
  expect((await lines(id)).flat().map(({ contents }) => contents.trim())).toEqual(["Scanned"]);
});

test("a build recognises text in what it is given; languages that are not there or not known are refused", async () => {
  const form = (language: unknown): FormData => {
    const body = new FormData();
    body.append("scan.png", new Blob([new Uint8Array(scan(0))]), "scan.pdf");
    const ocr = { type: "ocr", ...(language === undefined ? {} : { language }) };
    body.append(
      "instructions",
      JSON.stringify({ parts: [{ file: "scan.png" }], actions: [ocr], output: { type: "json-content", plainText: true } }),
    );
    return body;
  };
  const response = await server.request("/api/build", { body: form("french") });
  expect(((await response.json()) as { pages: { plainText: string }[] }).pages[0]!.plainText.trim()).toBe("Scanned");
  expect(asked.at(-1)!.languages).toEqual(["fra"]);
  expect((await server.request("/api/build", { body: form("xho") })).status).toBe(422);
  expect((await server.request("/api/build", { body: form("Klingon") })).status).toBe(400);
  const { id } = await server.upload(scan(0));
  expect((await operate(id, { type: "performOcr", language: "../eng" })).status).toBe(400);
});

test("text of a build is read in its pictures in the languages that are named", async () => {
  const text = async (language?: unknown): Promise<Response> => {
    const body = new FormData();
    body.append("scan", new Blob([new Uint8Array(scan(0))]), "scan.pdf");
    const output = { type: "json-content", ...(language === undefined ? {} : { language }) };
    body.append("instructions", JSON.stringify({ parts: [{ file: "scan" }], output }));
    return server.request("/viewer/build", { method: "POST", body });
  };
  const plain = async (response: Response): Promise<string> =>
    ((await response.json()) as { pages: { plainText: string }[] }).pages[0]!.plainText.trim();
  asked.length = 0;
  expect(await plain(await text())).toBe("");
  expect(asked).toEqual([]);
  expect(await plain(await text(["german", "english"]))).toBe("Scanned");
  expect(asked.map(({ languages }) => languages)).toEqual([["deu", "eng"]]);
  expect((await text("xho")).status).toBe(422);
  expect((await text(7)).status).toBe(400);
});
