/** Files that try to bring in what is not theirs, or to grow beyond reason, while they are converted. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PageText, plainText } from "@lectern/pdf";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderSource } from "../documents/password.ts";
import type { DocumentRow } from "../documents/store.ts";
import { renderPool, type RenderPool } from "../render/pool.ts";
import { testDocuments, type TestDocuments } from "../testing/test-documents.ts";
import { zip } from "../testing/zip.ts";

let place: TestDocuments;
let renderer: RenderPool;
let folder: string;
beforeAll(async () => {
  renderer = renderPool({ workers: 1 });
  place = await testDocuments({ renderer });
  folder = await mkdtemp(join(tmpdir(), "lectern-hostile-content-"));
  await writeFile(join(folder, "secret.txt"), "SECRET OF THE MACHINE");
  await sharp({ create: { width: 40, height: 40, channels: 3, background: "#ff0000" } })
    .png()
    .toFile(join(folder, "secret.png"));
});
afterAll(async () => {
  await place.close();
  await renderer.close();
  await rm(folder, { recursive: true });
});

const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const local = (name: string): string => `file://${join(folder, name)}`;
const textOf = async (document: DocumentRow): Promise<string> =>
  plainText(JSON.parse(await renderer.text(await renderSource(place.deps, document), 0)) as PageText);
/** Is any of the first page red? */
async function isRed(document: DocumentRow): Promise<boolean> {
  const image = await renderer.image(await renderSource(place.deps, document), { page: 0, width: 400, format: "png", annotations: "none" });
  const { data } = await sharp(image).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  for (let at = 0; at < data.length; at += 3) if (data[at]! > 200 && data[at + 1]! < 60 && data[at + 2]! < 60) return true;
  return false;
}

const SVG = `xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="100"`;
const LAUGHS = Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join("");

describe("files of the machine are not shown by", () => {
  test.each([
    [
      "an SVG with a picture",
      () => `<svg ${SVG}><image xlink:href="${local("secret.png")}" href="${local("secret.png")}" width="200" height="100"/></svg>`,
    ],
    [
      "an SVG that includes another",
      () =>
        `<svg ${SVG} xmlns:xi="http://www.w3.org/2001/XInclude"><text y="40"><xi:include parse="text" href="${local("secret.txt")}"/></text></svg>`,
    ],
    [
      "an SVG with an entity of a file",
      () => `<!DOCTYPE svg [<!ENTITY x SYSTEM "${local("secret.txt")}">]><svg ${SVG}><text y="40">&x;</text></svg>`,
    ],
    [
      "an HTML page",
      () =>
        `<!doctype html><p>words<img src="${local("secret.png")}"><iframe src="${local("secret.txt")}"></iframe><object data="${local("secret.png")}"></object>`,
    ],
  ])("%s", async (_name, make) => {
    const document = await place.prepared(text(make()));
    expect(["ready", "failed"]).toContain(document.status);
    if (document.status === "failed") return;
    expect(await isRed(document)).toBe(false);
    expect(await textOf(document)).not.toContain("SECRET");
  });

  // Where the system does not let the service take files away from a program, it cannot.
  const isolates = spawnSync("unshare", ["--user", "--map-root-user", "--net", "--mount", "true"], { stdio: "ignore" }).status === 0;
  const hasOffice = isolates && spawnSync("soffice", ["--version"], { stdio: "ignore" }).error === undefined;
  const odt = (body: string): Uint8Array =>
    zip([
      { name: "mimetype", content: "application/vnd.oasis.opendocument.text" },
      {
        name: "META-INF/manifest.xml",
        content: `<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2"><manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.text"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>`,
      },
      {
        name: "content.xml",
        content: `<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.2"><office:body><office:text><text:p>Own words</text:p>${body}</office:text></office:body></office:document-content>`,
      },
    ]);
  test.skipIf(!hasOffice).each([
    [
      "rich text with fields that include",
      "a.rtf",
      () =>
        text(
          `{\\rtf1\\ansi Own words {\\field{\\*\\fldinst INCLUDETEXT "${join(folder, "secret.txt")}"}{\\fldrslt }}{\\field{\\*\\fldinst INCLUDEPICTURE "${join(folder, "secret.png")}"}{\\fldrslt }}}`,
        ),
    ],
    [
      "an ODT with a linked section and picture",
      "a.odt",
      () =>
        odt(
          `<text:section text:name="s"><text:section-source xlink:type="simple" xlink:href="${local("secret.txt")}" text:filter-name="Text"/><text:p/></text:section><text:p><draw:frame svg:width="3cm" svg:height="3cm"><draw:image xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad" xlink:href="${local("secret.png")}"/></draw:frame></text:p>`,
        ),
    ],
  ])("%s", { timeout: 120_000 }, async (_name, fileName, make) => {
    const document = await place.prepared(make(), { fileName });
    expect(["ready", "failed"]).toContain(document.status);
    if (document.status === "failed") return;
    expect(await isRed(document)).toBe(false);
    expect(await textOf(document)).not.toContain("SECRET");
  });
});

test("entities that multiply and mails within mails are refused or made small, and the next file is served", async () => {
  const laughs = `<!DOCTYPE svg [<!ENTITY l0 "ha">${LAUGHS}]><svg ${SVG}><text y="40">&l9;</text></svg>`;
  expect((await place.prepared(text(laughs))).status).toBe("failed");
  let mail = "From: a@example.com\r\nSubject: inmost\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nInmost words";
  for (let n = 0; n < 60; n++)
    mail = `From: a@example.com\r\nSubject: s${n}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\nContent-Type: message/rfc822\r\n\r\n${mail}\r\n--b${n}--\r\n`;
  expect(["ready", "failed"]).toContain((await place.prepared(text(mail), { fileName: "a.eml" })).status);
  const good = await place.prepared(text("Good words"), { fileName: "good.txt" });
  expect(await textOf(good)).toContain("Good words");
});
