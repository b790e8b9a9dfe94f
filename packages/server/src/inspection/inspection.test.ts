import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pdfName, type PdfRef, pdfWriter } from "@lectern/pdf";
import { embeddedFilePdf, ENCRYPTED_PASSWORD, encryptedPdf, LAYERED, layeredPdf, pagesPdf } from "@lectern/pdf/testing";
import type { SignatureReports } from "@lectern/protocol";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { identity, pem, signPdf, unsignedPdf } from "../testing/signed-pdf.ts";
import { isAck, testSocket } from "../testing/test-socket.ts";
import { testServer, type TestServer } from "../testing/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

const COLORS: Readonly<Record<string, string>> = { "255,0,0": "red", "0,255,0": "green", "0,0,255": "blue", "0,0,0": "black" };

/** The squares of `layeredPdf` that are seen. */
async function seen(path: string): Promise<string[]> {
  const response = await server.request(path);
  expect(response.status).toBe(200);
  const image = sharp(Buffer.from(await response.arrayBuffer())).removeAlpha();
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const at = (x: number): string => data.subarray((5 * info.width + x) * 3, (5 * info.width + x) * 3 + 3).join();
  return [5, 15, 25, 35].flatMap((x) => COLORS[at(x)] ?? []);
}

describe("optional content", () => {
  let path: string;
  beforeAll(async () => {
    path = `/api/documents/${(await server.upload(layeredPdf())).id}`;
    await server.json(`${path}/layers`, { json: { name: "review" } });
  });

  test("is listed, for the document and for its layers", async () => {
    const { ocgs } = await server.json<{ ocgs: object[] }>(`${path}/ocg-layers`);
    expect(ocgs).toEqual([
      { ocgId: LAYERED.red, name: "Red", visible: true },
      {
        name: "Inks",
        layers: [
          { ocgId: LAYERED.green, name: "Green", visible: false, radioGroup: 0 },
          { ocgId: LAYERED.blue, name: "Blue", visible: false, radioGroup: 0 },
        ],
      },
      { ocgId: LAYERED.black, name: "Schwärze", visible: true },
    ]);
    expect((await server.json<{ ocgs: object[] }>(`${path}/layers/review/ocg-layers`)).ocgs).toEqual(ocgs);
  });

  test("is shown as the parameter says, however it is written", async () => {
    const image = `${path}/pages/0/image?width=40`;
    expect(await seen(image)).toEqual(["red", "blue", "black"]);
    expect(await seen(`${image}&ocg_layers=${LAYERED.green}`)).toEqual(["green"]);
    expect(await seen(`${image}&ocg_layers=${LAYERED.red},${LAYERED.black}`)).toEqual(["red", "black"]);
    expect(await seen(`${image}&ocg_layers=[${LAYERED.red}, ${LAYERED.green}]`)).toEqual(["red", "green"]);
    expect(await seen(`${image}&ocg_layers=${LAYERED.blue}&ocg_layers=${LAYERED.red}`)).toEqual(["red", "blue"]);
    expect(await seen(`${image}&ocg_layers[]=${LAYERED.blue}&ocg_layers[]=${LAYERED.black}`)).toEqual(["blue", "black"]);
    expect(await seen(`${image}&ocg_layers=`)).toEqual([]);
    expect(await seen(`${path}/layers/review/pages/0/image?width=40&ocg_layers=${LAYERED.green}`)).toEqual(["green"]);
  });

  test("and with what people drew", async () => {
    const content = { v: 2, type: "pspdfkit/shape/rectangle", pageIndex: 0, bbox: [9, 0, 12, 10], strokeWidth: 0, fillColor: "#0000ff" };
    await server.json(`${path}/layers/review/annotations`, { json: { content } });
    expect(await seen(`${path}/layers/review/pages/0/image?width=40&ocg_layers=${LAYERED.red}`)).toEqual(["red", "blue"]);
  });

  test("what is no list of numbers is refused", async () => {
    for (const wrong of ["red", "1;2", "-1", "1.5"]) {
      const response = await server.request(`${path}/pages/0/image?width=40&ocg_layers=${wrong}`);
      expect([wrong, response.status]).toEqual([wrong, 400]);
    }
  });
});

test("fonts of a document, and of the machine", async () => {
  const { id } = await server.upload(pagesPdf(1));
  const { data } = await server.json<{ data: { fullName: string }[] }>(`/api/documents/${id}/fonts`);
  expect(data).toContainEqual({ fullName: "Times-Roman", idx: expect.any(Number), type: "Type1", embedded: false });
  const installed = await server.json<{ data: { idx: number; fileName: string }[] }>("/api/fonts");
  expect(installed.data.map(({ idx }) => idx)).toEqual(installed.data.map((_, index) => index));
  expect(installed.data.every(({ fileName }) => !fileName.includes("/"))).toBe(true);
});

test("files within the file are records, their bytes are had by whoever may download, and they stay in the file", async () => {
  const { id } = await server.upload(filesPdf());
  interface Listed {
    readonly data: {
      readonly embeddedFiles: readonly {
        readonly id: string;
        readonly content: { readonly fileName: string; readonly fileAttachmentId: string };
      }[];
    };
  }
  const list = async (of: string): Promise<Listed["data"]["embeddedFiles"]> =>
    (await server.json<Listed>(`/viewer/documents/${of}/embedded-files`)).data.embeddedFiles;
  const files = await list(id);
  expect(files.map(({ content }) => content.fileName)).toEqual(["table.csv", "Übersicht.html"]);
  const again = await server.upload(filesPdf());
  expect(await list(again.id)).toEqual(files);
  const [table, page] = files.map(({ content }) => `/viewer/documents/${id}/attachments/${content.fileAttachmentId}`);
  const bytes = await server.request(table!);
  expect([bytes.status, await bytes.text()]).toEqual([200, "1,2"]);
  const html = await server.request(page!);
  expect(html.headers.get("content-type")).toBe("application/octet-stream");
  expect(html.headers.get("content-disposition")).toContain("filename*=UTF-8''%C3%9Cbersicht.html");
  expect(html.headers.get("content-security-policy")).toContain("sandbox");
  expect(await html.text()).toBe("<script>alert(1)</script>");
  for (const [permissions, status] of [
    [["read"], 404],
    [["read", "download"], 200],
  ] as const) {
    const { jwt } = await server.session({ document_id: id, document_permissions: permissions });
    expect((await server.request(table!, { credential: jwt })).status).toBe(status);
  }
  const other = await server.upload(pagesPdf(1));
  expect((await server.request(table!.replace(id, other.id))).status).toBe(404);
  // A change of pages, and of what lies on them: a whole new file.
  await server.json(`/viewer/documents/${id}/apply_operations`, {
    method: "POST",
    json: { operations: [{ type: "addPage", afterPageIndex: "last" }, { type: "flattenAnnotations" }] },
  });
  const exported = await server.request(`/viewer/documents/${id}/pdf`);
  const copy = await server.upload(new Uint8Array(await exported.arrayBuffer()));
  expect((await list(copy.id)).map(({ content }) => content)).toEqual(files.map(({ content }) => content));
});

const detach = spawnSync("pdfdetach", ["-v"]).error === undefined;

test("files that were deleted, renamed and added are so in the exported file, also with other pages", async () => {
  const source = filesPdf();
  const { id } = await server.upload(source);
  const png = await sharp({ create: { width: 2, height: 2, channels: 3, background: "#00ff00" } })
    .png()
    .toBuffer();
  const picture = await server.json<{ data: { id: string } }>(`/viewer/documents/${id}/attachments`, { method: "POST", body: png });
  const { jwt } = await server.session({ document_id: id, document_permissions: ["read", "write", "download"] });
  const socket = await testSocket(server.url);
  await socket.hello(jwt);
  const before = await server.json<{ data: { embeddedFiles: { id: string }[] } }>(`/viewer/documents/${id}/embedded-files`);
  const [table, page] = before.data.embeddedFiles;
  socket.push(1, [
    ["d", page!.id],
    ["u", table!.id, { name: "Zahlen (neu).csv", description: "Renamed" }],
    ["c", "added-file", "attachment", { blob: picture.data.id, name: "picture.png", mediaType: "image/png" }],
  ]);
  await socket.until("the answer", isAck(1));
  socket.close();
  const listed = async (of: string): Promise<Record<string, string>> => {
    const { data } = await server.json<{ data: { embeddedFiles: { id: string; content: { fileName: string } }[] } }>(
      `/viewer/documents/${of}/embedded-files`,
    );
    return Object.fromEntries(data.embeddedFiles.map((file) => [file.content.fileName, file.id]));
  };
  const expected = { "Zahlen (neu).csv": table!.id, "picture.png": "added-file" };
  expect(await listed(id)).toEqual(expected);
  const check = async (): Promise<Uint8Array> => {
    const response = await server.request(`/viewer/documents/${id}/pdf`);
    if (response.status !== 200) throw new Error(await response.text());
    const exported = new Uint8Array(await response.arrayBuffer());
    const copy = await server.upload(exported);
    // With the ids of their records.
    expect(await listed(copy.id)).toEqual(expected);
    // Not only out of the list: out of the bytes, which are not packed in this file.
    expect(Buffer.from(source).includes("<script>")).toBe(true);
    expect(Buffer.from(exported).includes("<script>")).toBe(false);
    if (!detach) return exported;
    const folder = mkdtempSync(join(tmpdir(), "lectern-files-"));
    writeFileSync(join(folder, "a.pdf"), exported);
    // Ends with a number other than 0 also when all went well.
    spawnSync("pdfdetach", ["-saveall", "-o", folder, join(folder, "a.pdf")]);
    expect(
      readdirSync(folder)
        .filter((name) => name !== "a.pdf")
        .toSorted(),
    ).toEqual(Object.keys(expected));
    expect(readFileSync(join(folder, "Zahlen (neu).csv"), "utf8")).toBe("1,2");
    expect(readFileSync(join(folder, "picture.png")).equals(png)).toBe(true);
    rmSync(folder, { recursive: true });
    return exported;
  };
  expect(await check()).toEqual(await check());
  await server.json(`/viewer/documents/${id}/apply_operations`, {
    method: "POST",
    json: { operations: [{ type: "addPage", afterPageIndex: 0 }] },
  });
  await check();
});

/** One file in the list, and one that an annotation holds. */
function filesPdf(): Uint8Array {
  const writer = pdfWriter();
  const [root, tree, page] = [writer.reserve(), writer.reserve(), writer.reserve()];
  const holding = (name: string, type: string, text: string): PdfRef =>
    writer.add({
      Type: pdfName("Filespec"),
      F: name,
      UF: name,
      EF: { F: writer.stream({ Type: pdfName("EmbeddedFile"), Subtype: pdfName(type) }, text) },
    });
  const pin = writer.add({
    Type: pdfName("Annot"),
    Subtype: pdfName("FileAttachment"),
    Rect: [9, 9, 29, 29],
    FS: holding("Übersicht.html", "text/html", "<script>alert(1)</script>"),
  });
  writer.set(page, { Type: pdfName("Page"), Parent: tree, MediaBox: [0, 0, 99, 99], Annots: [pin] });
  writer.set(tree, { Type: pdfName("Pages"), Count: 1, Kids: [page] });
  const list = { Names: ["table.csv", holding("table.csv", "text/csv", "1,2")] };
  writer.set(root, { Type: pdfName("Catalog"), Pages: tree, Names: { EmbeddedFiles: list } });
  return writer.finish({ Root: root });
}

test("files within the file are listed", async () => {
  const { id } = await server.upload(embeddedFilePdf());
  const { data } = await server.json<{ data: { embeddedFiles: object[] } }>(`/api/documents/${id}/embedded-files`);
  expect(data.embeddedFiles).toMatchObject([
    {
      id: expect.any(String),
      content: {
        type: "pspdfkit/embedded-file",
        fileName: "table.csv",
        fileSize: 3,
        contentType: "text/csv",
        fileAttachmentId: createHash("sha256").update("1,2").digest("hex"),
      },
    },
  ]);
});

test("a document with a password tells nothing without it", async () => {
  const response = await server.request("/api/documents", {
    body: Buffer.from(encryptedPdf()),
    headers: { "content-type": "application/pdf", "document-password": ENCRYPTED_PASSWORD },
  });
  const { data } = (await response.json()) as { data: { id: string } };
  for (const what of ["fonts", "ocg-layers", "signatures", "embedded-files"]) {
    const path = `/api/documents/${data.id}/${what}`;
    expect((await server.request(path)).status).toBe(403);
    expect((await server.request(path, { headers: { "document-password": ENCRYPTED_PASSWORD } })).status).toBe(200);
  }
});

describe("signatures", () => {
  const authority = identity("Authority", { isCa: true });
  const signed = signPdf(unsignedPdf(), { signer: identity("Ana Ruiz", { issuer: authority }) });

  const form = (parts: Readonly<Record<string, string | Blob>>): FormData => {
    const made = new FormData();
    for (const [name, value] of Object.entries(parts)) made.append(name, value);
    return made;
  };
  const file = new Blob([signed], { type: "application/pdf" });

  test("of a document are checked, and nobody is trusted", async () => {
    const { id } = await server.upload(signed);
    const { data } = await server.json<{ data: SignatureReports }>(`/api/documents/${id}/signatures`);
    expect(data).toMatchObject({ status: "warning", documentModifiedSinceSignature: false });
    expect(data.signatures).toMatchObject([
      { signerName: "Ana Ruiz", documentIntegrityStatus: "ok", certificateChainValidationStatus: "untrusted", isTrusted: false },
    ]);
  });

  test("of a file are checked without keeping it, by the certificates that come with it", async () => {
    const before = await server.json<{ document_count: number }>("/api/documents");
    const { data } = await server.json<{ data: SignatureReports }>("/api/inspect_signatures", {
      body: form({ certificates: pem(authority), file }),
    });
    expect(data).toMatchObject({ status: "valid", signatures: [{ isTrusted: true, signatureValidationStatus: "valid" }] });
    const der = new Blob([authority.certificate], { type: "application/pkix-cert" });
    const again = await server.json<{ data: SignatureReports }>("/api/inspect_signatures", { body: form({ file, certificates: der }) });
    expect(again.data.status).toBe("valid");
    expect((await server.json<{ document_count: number }>("/api/documents")).document_count).toBe(before.document_count);
  });

  test.each([
    ["no file", () => form({ certificates: pem(authority) }), "bad_request"],
    [
      "two files",
      () => {
        const made = form({ file });
        made.append("file", file);
        return made;
      },
      "bad_request",
    ],
    ["certificates that are none", () => form({ file, certificates: "believe me" }), "invalid_parameters"],
    ["a broken certificate", () => form({ file, certificates: new Blob([authority.certificate.subarray(0, 99)]) }), "invalid_parameters"],
    ["no PDF", () => form({ file: new Blob(["%!PS"]) }), "invalid_document"],
  ])("%s is refused", async (_name, body, code) => {
    const response = await server.request("/api/inspect_signatures", { body: body() });
    expect(await response.json()).toMatchObject({ code });
  });
});
