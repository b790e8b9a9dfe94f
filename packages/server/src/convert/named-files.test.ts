import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { libreOfficeConverter } from "../adapters/converter-libreoffice.ts";
import { docx, zip } from "../testing/zip.ts";
import { requireNoFiles } from "./named-files.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lectern-named-files-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function verdict(content: string | Uint8Array): Promise<string> {
  const path = join(folder, "document");
  await writeFile(path, content);
  return requireNoFiles(path).then(
    () => "fine",
    (error: { readonly code: string }) => error.code,
  );
}

const odt = (content: string): Uint8Array =>
  zip([
    { name: "mimetype", content: "application/vnd.oasis.opendocument.text" },
    { name: "content.xml", content },
  ]);
const rels = (relationship: string): Uint8Array =>
  zip([
    { name: "word/document.xml", content: "<w:document/>" },
    { name: "word/_rels/document.xml.rels", content: `<Relationships>${relationship}</Relationships>` },
  ]);
const wide = (text: string): string => text.replace(/./g, "$&\0");

test.each<[string, string | Uint8Array]>([
  ["a picture of a field", '{\\rtf1 {\\field{\\*\\fldinst INCLUDEPICTURE "/etc/a.png"}{\\fldrslt }}}'],
  ["a field whose word is cut", '{\\rtf1 {\\field{\\*\\fldinst {\\b INC}{\\i LUDE}TEXT "/etc/passwd"}}}'],
  ["a field whose letters are numbers", '{\\rtf1 {\\field{\\*\\fldinst \\\'49NCLUDETE\\u88 ?T "/etc/passwd"}}}'],
  ["a linked object of rich text", "{\\rtf1 {\\object\\objlink{\\*\\objdata 00}}}"],
  ["an old document", `\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 ${wide('INCLUDEPICTURE "c:/a.png"')}`],
  ["a linked section", odt('<text:section-source xlink:href="file:///etc/passwd"/>')],
  ["a picture beside the package", odt('<draw:image xlink:href="../../etc/a.png"/>')],
  ["a way out of the package", odt('<draw:image xlink:href="Pictures/../../a.png"/>')],
  ["a linked sheet", odt('<table:table-source table:filter-name="Text" xlink:href="a.ods"/>')],
  ["a linked picture", rels('<Relationship Type="http://x/image" Target="file:///etc/a.png" TargetMode="External"/>')],
  ["a picture of the web", rels('<Relationship Type="http://x/image" Target="https://example.org/a.png" TargetMode="External"/>')],
  ["a template", rels('<Relationship TargetMode="External" Type="http://x/attachedTemplate" Target="/etc/a.dotx"/>')],
  ["a field in runs", zip([{ name: "word/document.xml", content: "<w:instrText>INCLUDE</w:instrText><w:instrText>TEXT x</w:instrText>" }])],
])("%s names a file", async (_, content) => {
  expect(await verdict(content)).toBe("invalid_document");
});

test.each<[string, string | Uint8Array]>([
  ["rich text with a link to the web", '{\\rtf1 {\\field{\\*\\fldinst HYPERLINK "https://example.org"}{\\fldrslt here}} words}'],
  ["a text document", docx(["Ordinary words", "and more"])],
  ["an open document", odt('<draw:image xlink:href="Pictures/1.png"/><text:a xlink:href="https://example.org">x</text:a>')],
  ["a link to the web", rels('<Relationship Type="http://x/hyperlink" Target="https://example.org" TargetMode="External"/>')],
  ["an old document", `\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 ${wide("Ordinary words")}`],
])("%s names none", async (_, content) => {
  expect(await verdict(content)).toBe("fine");
});

const hasOffice = spawnSync("soffice", ["--version"]).error === undefined;

test.skipIf(!hasOffice)(
  "where files cannot be kept apart such a document is refused, and an ordinary one converted",
  { timeout: 180_000 },
  async () => {
    const converter = libreOfficeConverter({ program: null, tempDir: join(folder, "work"), isolation: "none" });
    expect(await converter.keepsFilesApart()).toBe(false);
    const from = async (name: string, content: string | Uint8Array) => {
      await writeFile(join(folder, name), content);
      return { path: join(folder, name), extension: ".rtf" };
    };
    const target = join(folder, "out.pdf");
    await expect(
      converter.convert(await from("bad.rtf", '{\\rtf1 {\\field{\\*\\fldinst INCLUDETEXT "/etc/passwd"}}}'), { target }),
    ).rejects.toMatchObject({
      code: "invalid_document",
    });
    await converter.convert(await from("good.rtf", "{\\rtf1 Good words}"), { target });
  },
);
