/** The PDF as an answer: conditions and ranges, what is in it, what is not offered; and images whose annotations the file or their properties draw. */
import { pdfName, pdfWriter } from "@lectern/pdf";
import { annotatedPdf, encryptedPdf, ENCRYPTED_PASSWORD, pagesPdf } from "@lectern/pdf/testing";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { identity, signPdf, unsignedPdf } from "../testing/signed-pdf.ts";
import { testServer, type TestServer } from "../testing/test-server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
});
afterAll(() => api.close());

const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());
const note = { v: 2, type: "pspdfkit/note", pageIndex: 0, bbox: [10, 10, 20, 20], text: { format: "plain", value: "Why?" }, icon: "note" };

describe("an exported file", () => {
  let path: string;
  let etag: string;
  let whole: Buffer;
  beforeAll(async () => {
    const { id } = await api.upload(pagesPdf(2));
    await api.json(`/api/documents/${id}/annotations`, { json: { content: note } });
    path = `/api/documents/${id}/pdf`;
    const response = await api.request(path);
    etag = response.headers.get("etag")!;
    whole = await bytesOf(response);
  });

  test("has a tag that is the same for the same records, and for no others", async () => {
    expect((await api.request(path)).headers.get("etag")).toBe(etag);
    expect((await api.request(`${path}?flatten=true`)).headers.get("etag")).not.toBe(etag);
    const unchanged = await api.request(path, { headers: { "if-none-match": `"other", ${etag}` } });
    expect([unchanged.status, unchanged.headers.get("etag"), (await bytesOf(unchanged)).length]).toEqual([304, etag, 0]);
    expect((await api.request(path, { headers: { "if-match": '"other"' } })).status).toBe(412);
  });

  test("is sent in parts, which fit together", async () => {
    const [first, second] = await Promise.all(
      ["bytes=0-99", "bytes=100-"].map((range) => api.request(path, { headers: { range, "if-range": etag } })),
    );
    expect([first!.status, first!.headers.get("content-range")]).toEqual([206, `bytes 0-99/${whole.length}`]);
    expect(Buffer.concat([await bytesOf(first!), await bytesOf(second!)]).equals(whole)).toBe(true);
    expect((await api.request(path, { headers: { range: `bytes=${whole.length}-` } })).status).toBe(416);
    const other = await api.request(path, { headers: { range: "bytes=0-99", "if-range": '"other"' } });
    expect([other.status, (await bytesOf(other)).length]).toEqual([200, whole.length]);
  });

  test("says that signatures of the file do not hold, once anything in it has changed", async () => {
    const { id } = await api.upload(signPdf(unsignedPdf(), { signer: identity("Ada") }));
    const signatures = async (): Promise<string | null> => {
      const response = await api.request(`/api/documents/${id}/pdf`);
      await bytesOf(response);
      return response.headers.get("lectern-signatures");
    };
    expect(await signatures()).toBeNull();
    await api.json(`/api/documents/${id}/annotations`, { json: { content: note } });
    expect(await signatures()).toBe("broken");
  });

  test("leaves nothing behind, whether it was read or not", async () => {
    const { readdir } = await import("node:fs/promises");
    const left = async (): Promise<string[]> => readdir(api.server.documents.tempDir);
    await bytesOf(await api.request(path));
    await api.request(path, { headers: { "if-none-match": etag } });
    await expect.poll(left, { timeout: 30_000 }).toEqual([]);
  });

  test("of a document with a password has no tag, as no two of them are alike", async () => {
    const headers = { "document-password": ENCRYPTED_PASSWORD };
    const response = await api.request("/api/documents", {
      body: Buffer.from(encryptedPdf()),
      headers: { ...headers, "content-type": "application/pdf" },
    });
    const { data } = (await response.json()) as { data: { id: string } };
    await api.json(`/api/documents/${data.id}/annotations`, { json: { content: note }, headers });
    const exported = await api.request(`/api/documents/${data.id}/pdf`, { headers });
    expect([exported.status, exported.headers.get("etag")]).toEqual([200, null]);
    await bytesOf(exported);
  });
});

test("an unchanged file and a cover have tags, too", async () => {
  const { id, sourcePdfSha256 } = await api.upload(pagesPdf(1));
  const file = await api.request(`/api/documents/${id}/pdf`, { headers: { range: "bytes=0-4" } });
  expect([file.status, file.headers.get("etag"), (await bytesOf(file)).toString()]).toEqual([206, `"${sourcePdfSha256}"`, "%PDF-"]);
  for (const what of ["cover?width=100", "pages/0/image?width=100"]) {
    const tag = (await api.request(`/api/documents/${id}/${what}`)).headers.get("etag")!;
    expect((await api.request(`/api/documents/${id}/${what}`, { headers: { "if-none-match": tag } })).status).toBe(304);
  }
});

describe("parameters", () => {
  test("comments=false leaves out replies of the file and comments of the layer", async () => {
    const { id } = await api.upload(annotatedPdf());
    const marker = { v: 2, type: "pspdfkit/comment-marker", pageIndex: 0, bbox: [10, 10, 20, 20] };
    const comments = [{ content: { pageIndex: 0, text: { format: "plain", value: "LayerComment" } } }];
    await api.json(`/api/documents/${id}/comments`, { json: { annotation: { content: marker }, comments } });
    const text = async (query: string): Promise<string> =>
      (await bytesOf(await api.request(`/api/documents/${id}/pdf${query}`))).toString("latin1");
    const [all, some] = [await text(""), await text("?comments=false")];
    expect([all.includes("LayerComment"), some.includes("LayerComment")]).toEqual([true, false]);
    expect([all.includes("reply-of-note-1"), some.includes("reply-of-note-1")]).toEqual([true, false]);
    expect(some.includes("rectangle-1")).toBe(true);
    const posted = await api.request(`/api/documents/${id}/pdf`, { json: { comments: false } });
    expect((await bytesOf(posted)).toString("latin1").includes("LayerComment")).toBe(false);
  });

  test.each([
    ["type=pdfa", { type: "pdfa" }],
    ["conformance=pdfa-2b", { conformance: "pdfa-2b" }],
    ["optimize[grayscaleText]=true", { optimize: { grayscaleText: true } }],
    [`optimize=${encodeURIComponent('{"disableImages":true}')}`, { optimize: { linearize: true, disableImages: true } }],
  ])("%s is told not to be offered", async (query, json) => {
    const { id } = await api.upload(pagesPdf(1));
    for (const path of [`/api/documents/${id}/pdf`, `/api/documents/${id}/layers/review/pdf`]) {
      for (const response of [await api.request(`${path}?${query}`), await api.request(path, { json })]) {
        expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([501, "not_implemented"]);
      }
    }
  });

  test.each([
    ["optimize[linearize]=true", { optimize: { linearize: true, imageOptimizationQuality: 2 } }],
    [`optimize=${encodeURIComponent('{"linearize":true}')}`, { optimize: { linearize: true } }],
  ])("%s gives a file that shows its first page before the rest has come", async (query, json) => {
    const { id } = await api.upload(pagesPdf(3));
    const path = `/api/documents/${id}/pdf`;
    for (const response of [await api.request(`${path}?${query}`), await api.request(path, { json })]) {
      const text = (await bytesOf(response)).toString("latin1");
      expect([response.status, /<<\/Linearized 1 \/L (\d+)/.exec(text)?.[1]]).toEqual([200, String(text.length)]);
    }
    const built = await api.request("/api/build", { json: { parts: [{ document: { id } }], output: { type: "pdf", ...json } } });
    expect((await bytesOf(built)).toString("latin1")).toContain("/Linearized 1");
  });

  test("without its signatures a file can be signed again, with a password as without", async () => {
    const signed = signPdf(unsignedPdf(), { signer: identity("Ada") });
    const { id } = await api.upload(signed);
    const path = `/api/documents/${id}/pdf`;
    const inspect = async (body: Buffer): Promise<unknown[]> =>
      (
        await api.json<{ data: { signatures: unknown[] } }>("/api/inspect_signatures", {
          body,
          headers: { "content-type": "application/pdf" },
        })
      ).data.signatures;
    expect(await inspect(Buffer.from(signed))).toHaveLength(1);
    for (const response of [
      await api.request(`${path}?keep_signatures=false`),
      await api.request(path, { json: { keep_signatures: false } }),
    ]) {
      expect(response.headers.get("lectern-signatures")).toBe("removed");
      const bytes = await bytesOf(response);
      expect(bytes.toString("latin1")).not.toMatch(/ByteRange|SigFlags/);
      expect(bytes.toString("latin1")).toMatch(/\/FT \/Sig/);
      expect(await inspect(bytes)).toEqual([]);
    }
    // Of a file that has none nothing is changed.
    const plain = await api.upload(pagesPdf(1));
    const same = await api.request(`/api/documents/${plain.id}/pdf?keep_signatures=false`);
    expect([same.headers.get("lectern-signatures"), (await bytesOf(same)).equals(Buffer.from(pagesPdf(1)))]).toEqual([null, true]);
    const locked = await api.request(path, {
      json: { keep_signatures: false, optimize: { linearize: true }, user_password: "open sesame" },
    });
    const again = await api.upload(await bytesOf(locked), "password=open%20sesame");
    expect(again.passwordProtected).toBe(true);
  });

  test("those that ask for what is the case anyway are taken", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const query = "type=pdf&keep_signatures=true&render_ap_streams=true&optimize[linearize]=false&comments=true";
    expect((await api.request(`/api/documents/${id}/pdf?${query}`)).status).toBe(200);
    expect((await api.request(`/api/documents/${id}/pdf?optimize=7`)).status).toBe(400);
  });
});

describe("render_ap_streams", () => {
  /** A page of 40 × 40 points with a square that is red by its properties, and green as the file shows it. */
  function twoFaced(): Uint8Array {
    const writer = pdfWriter();
    const [root, tree, page] = [writer.reserve(), writer.reserve(), writer.reserve()];
    const form = { Type: pdfName("XObject"), Subtype: pdfName("Form"), BBox: [0, 0, 20, 20], Resources: {} };
    const annotation = writer.add({
      Type: pdfName("Annot"),
      Subtype: pdfName("Square"),
      Rect: [10, 10, 30, 30],
      F: 4,
      C: [1, 0, 0],
      IC: [1, 0, 0],
      AP: { N: writer.stream(form, "0 1 0 rg 0 0 20 20 re f") },
    });
    writer.set(page, { Type: pdfName("Page"), Parent: tree, MediaBox: [0, 0, 40, 40], Annots: [annotation] });
    writer.set(tree, { Type: pdfName("Pages"), Count: 1, Kids: [page] });
    writer.set(root, { Type: pdfName("Catalog"), Pages: tree });
    return writer.finish({ Root: root });
  }

  async function colorOf(response: Response): Promise<string> {
    expect(response.status).toBe(200);
    const { data, info } = await sharp(await bytesOf(response))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const at = (20 * info.width + 20) * 3;
    return data.subarray(at, at + 3).join();
  }

  test("says whether the file or the properties of an annotation draw it", async () => {
    const { id } = await api.upload(twoFaced());
    await api.json(`/api/documents/${id}/layers`, { json: { name: "review" } });
    const image = `/api/documents/${id}/pages/0/image?width=40`;
    expect(await colorOf(await api.request(image))).toBe("0,255,0");
    expect(await colorOf(await api.request(`${image}&render_ap_streams=true`))).toBe("0,255,0");
    expect(await colorOf(await api.request(`${image}&render_ap_streams=false`))).toBe("255,0,0");
    const layer = `/api/documents/${id}/layers/review/pages/0/image?width=40`;
    expect(await colorOf(await api.request(`${layer}&render_ap_streams=false`))).toBe("255,0,0");
  });

  test("counts for what is flattened", async () => {
    const { id } = await api.upload(twoFaced());
    for (const [query, color] of [
      ["", "0,255,0"],
      ["&render_ap_streams=false", "255,0,0"],
    ] as const) {
      const flat = await bytesOf(await api.request(`/api/documents/${id}/pdf?flatten=true${query}`));
      const copy = await api.upload(flat);
      expect(await colorOf(await api.request(`/api/documents/${copy.id}/pages/0/image?width=40`))).toBe(color);
    }
  });
});
