/** Every format that is taken in, from the upload to words and pictures that can be seen. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { existsSync } from "node:fs";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tesseractRecogniser } from "../adapters/recogniser-tesseract.ts";
import { type TestServer, testServer } from "../testing/test-server.ts";
import { tmpdir } from "node:os";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

interface Uploaded {
  readonly id: string;
  readonly status: string;
  readonly pageCount: number;
  readonly errors: readonly { readonly reason: string }[];
}

async function upload(bytes: Uint8Array, fileName: string): Promise<Uploaded> {
  const body = new FormData();
  body.append("file", new Blob([new Uint8Array(bytes)]), fileName);
  return (await server.json<{ data: Uploaded }>("/viewer/documents?wait=60", { method: "POST", body })).data;
}

async function words(id: string): Promise<string[]> {
  const pages = await server.json<{ textLines: { contents: string }[] }[]>(`/viewer/documents/${id}/pages/text`);
  return pages.map(({ textLines }) => textLines.map(({ contents }) => contents).join(" "));
}

/** Of the middle of a page. */
async function colour(id: string, page: number): Promise<number[]> {
  const response = await server.request(`/viewer/documents/${id}/pages/${page}/image?width=60&format=png`);
  const { data, info } = await sharp(await response.arrayBuffer())
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const at = (Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2)) * 3;
  return [...data.subarray(at, at + 3)];
}

const frame = (background: string): Promise<Buffer> =>
  sharp({ create: { width: 40, height: 20, channels: 3, background } })
    .png()
    .toBuffer();
const frames = async (): Promise<Buffer[]> => Promise.all(["#ff0000", "#00ff00", "#0000ff"].map(frame));

test("a TIFF of several pages has as many, in their order; of an animation the first picture is shown", async () => {
  const tiff = await sharp(await frames(), { join: { animated: true } })
    .tiff({ compression: "lzw" })
    .toBuffer();
  const scan = await upload(tiff, "scan.tiff");
  expect(scan).toMatchObject({ status: "ready", pageCount: 3 });
  expect(await Promise.all([0, 1, 2].map((page) => colour(scan.id, page)))).toEqual([
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
  ]);
  for (const format of ["gif", "webp"] as const) {
    const animated = sharp(await frames(), { join: { animated: true } });
    const moving = await upload(
      await (format === "gif" ? animated.gif() : animated.webp({ lossless: true })).toBuffer(),
      `moving.${format}`,
    );
    expect(moving).toMatchObject({ status: "ready", pageCount: 1 });
    expect(await colour(moving.id, 0)).toEqual([255, 0, 0]);
  }
});

/** The first box of a HEIF container, and what follows. */
const heif = (brands: readonly string[], rest: Buffer): Buffer => {
  const box = Buffer.from(`0000ftyp${brands[0]}\0\0\0\0${brands.slice(1).join("")}`, "latin1");
  box.writeUInt32BE(box.length, 0);
  return Buffer.concat([box, rest]);
};

test("an AVIF image is a page whatever brand its container names first", async () => {
  const avif = await sharp({ create: { width: 40, height: 20, channels: 3, background: "#0000ff" } })
    .avif({ lossless: true })
    .toBuffer();
  const rest = avif.subarray(avif.readUInt32BE(0));
  // Another length of the first box would move what the others point to.
  const brands = (first: string): string[] => [first, "avif", "mif1", "miaf"];
  expect(avif.readUInt32BE(0)).toBe(heif(brands("avif"), rest).readUInt32BE(0));
  for (const first of ["avif", "mif1"]) {
    const { id, status, pageCount } = await upload(heif(brands(first), rest), "photo.heif");
    expect([first, status, pageCount]).toEqual([first, "ready", 1]);
    const [red, green, blue] = await colour(id, 0);
    expect([red! < 5, green! < 5, blue! > 250]).toEqual([true, true, true]);
  }
  const cut = await upload(heif(brands("mif1"), rest.subarray(0, 200)), "photo.heif");
  expect([cut.status, cut.errors[0]!.reason]).toEqual(["failed", "The image cannot be read: it is damaged or cut off"]);
});

test.skipIf(sharp.format.heif.input.fileSuffix?.includes(".heic"))("what the image library has no decoder for is named", async () => {
  const items = (type: string): Buffer => Buffer.from(`\0\0\0\x15infe\x02\0\0\0\0\x01\0\0${type}\0${"\0".repeat(64)}`, "latin1");
  for (const [brands, type, codec] of [
    [["heic", "mif1", "heic"], "hvc1", "HEVC (H.265)"],
    [["mif1", "heix"], "hvc1", "HEVC (H.265)"],
    [["msf1", "hevc"], "hvc1", "HEVC (H.265)"],
    [["mif1", "j2ki"], "j2k1", "JPEG 2000"],
  ] as const) {
    const { status, errors } = await upload(heif(brands, items(type)), "photo.heic");
    expect(status).toBe("failed");
    expect(errors[0]!.reason).toContain(`The image is packed with ${codec}, for which the image library of this service`);
  }
});

test("an e-mail names its attachments, and its own text is read in its encoding", async () => {
  const mail = [
    "From: Ann <ann@example.com>",
    "To: Ben <ben@example.com>",
    "Subject: The contract",
    "Date: Tue, 03 Mar 2026 10:00:00 +0000",
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="b"',
    "",
    "--b",
    "Content-Type: text/plain; charset=iso-8859-1",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    "Sch=F6ne Gr=FC=DFe,",
    "the file is attached.",
    "--b",
    'Content-Type: application/pdf; name="contract.pdf"',
    'Content-Disposition: attachment; filename="contract.pdf"',
    "Content-Transfer-Encoding: base64",
    "",
    Buffer.from("%PDF-1.7 not read").toString("base64"),
    "--b--",
    "",
  ].join("\r\n");
  const { id, status } = await upload(Buffer.from(mail, "latin1"), "mail.eml");
  expect(status).toBe("ready");
  const [page] = await words(id);
  for (const part of ["The contract", "Ann <ann@example.com>", "Schöne Grüße", "contract.pdf"]) expect(page).toContain(part);
  expect(page).not.toContain("not read");
});

const office = ["/usr/bin/soffice", "/usr/bin/libreoffice"].some((path) => existsSync(path));

describe.skipIf(!office)("Office documents with the words that they hold", () => {
  const WORDS = [
    ["doc", "Hello from Writer", 1],
    ["odt", "Hello from Writer", 1],
    ["xls", "Calc", 1],
    ["xlsx", "Calc", 1],
    ["ods", "Calc", 1],
    ["ppt", "Hello from Impress", 2],
    ["pptx", "Hello from Impress", 2],
    ["odp", "Hello from Impress", 2],
  ] as const;
  test.each(WORDS)("%s", { timeout: 120_000 }, async (extension, text, pageCount) => {
    const file = gunzipSync(readFileSync(new URL(`../testing/office/hello.${extension}.gz`, import.meta.url)));
    const document = await upload(file, `Report.${extension}`);
    expect(document).toMatchObject({ status: "ready", pageCount });
    expect((await words(document.id))[0]).toContain(text);
  });
});

const languages = await tesseractRecogniser({ program: null, tempDir: tmpdir() }).languages();

test.skipIf(!languages?.includes("eng"))("the words of a scan are found when they are asked for", { timeout: 120_000 }, async () => {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="400"><rect width="1200" height="400" fill="white"/><text x="60" y="220" font-size="110" font-family="sans-serif">Invoice 2026</text></svg>`;
  const { id } = await upload(await sharp(Buffer.from(svg)).png().toBuffer(), "scan.png");
  expect((await words(id))[0]!.trim()).toBe("");
  await server.json(`/api/documents/${id}/apply_operations`, { json: { operations: [{ type: "performOcr", language: "english" }] } });
  expect((await words(id))[0]).toContain("Invoice");
  const hits = await server.json<{ data: unknown[] }>(`/viewer/documents/${id}/search?q=invoice`);
  expect(hits.data).toHaveLength(1);
});
