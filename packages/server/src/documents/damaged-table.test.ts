/** Files whose table of objects is wrong or gone are read all the same, and what is written of them is sound. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pdfFile } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestServer, testServer } from "../testing/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

const SOUND = Buffer.from(
  pdfFile({ pages: ["One", "Two"].map((text) => ({ size: [300, 200], content: `BT /F0 20 Tf 20 100 Td (${text}) Tj ET` })) }),
).toString("latin1");
const hasQpdf = spawnSync("qpdf", ["--version"]).error === undefined;

test.each([
  [
    "offsets that are all wrong",
    SOUND.replace(/^(\d{10}) 00000 n /gm, (_, at: string) => `${String(Number(at) + 13).padStart(10, "0")} 00000 n `),
  ],
  ["a start that is beyond the end", SOUND.replace(/startxref\n\d+/, "startxref\n99999999")],
  ["no table at all", SOUND.slice(0, SOUND.lastIndexOf("xref\n0")) + SOUND.slice(SOUND.indexOf("trailer"))],
  ["bytes before the header, which move everything", `some words before\n${SOUND}`],
])("%s", async (_what, file) => {
  const { id, status } = await server.upload(Buffer.from(file, "latin1"));
  expect(status).toBe("ready");
  const pages = await server.json<{ textLines: { contents: string }[] }[]>(`/viewer/documents/${id}/pages/text`);
  expect(pages.map(({ textLines }) => textLines[0]!.contents)).toEqual(["One", "Two"]);
  const content = { v: 2, type: "pspdfkit/shape/rectangle", pageIndex: 1, bbox: [9, 9, 50, 50], strokeWidth: 2, strokeColor: "#ff0000" };
  await server.json(`/viewer/documents/${id}/annotations`, { json: { content } });
  const exported = Buffer.from(await (await server.request(`/viewer/documents/${id}/pdf`)).arrayBuffer());
  expect(exported.toString("latin1")).toMatch(/\/Subtype ?\/Square/);
  if (!hasQpdf) return;
  const folder = mkdtempSync(join(tmpdir(), "lectern-damaged-"));
  writeFileSync(join(folder, "a.pdf"), exported);
  expect(spawnSync("qpdf", ["--check", join(folder, "a.pdf")]).status).toBe(0);
  rmSync(folder, { recursive: true });
});
