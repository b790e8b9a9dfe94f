import { pagesPdf } from "@lectern/pdf/testing";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestServer, testServer } from "../testing/test-server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
});
afterAll(() => api.close());

const COLORS = { red: "#e02020", green: "#20c040" } as const;
const picture = (color: keyof typeof COLORS) => sharp({ create: { width: 40, height: 20, channels: 4, background: COLORS[color] } });
const upload = (document: string, bytes: Uint8Array, more: object = {}): Promise<Response> =>
  api.request(`/viewer/documents/${document}/attachments`, { method: "POST", body: Buffer.from(bytes), ...more });
const uploaded = async (document: string, bytes: Uint8Array): Promise<{ id: string; content_type: string; size: number }> => {
  const response = await upload(document, bytes);
  expect(response.status).toBe(201);
  return ((await response.json()) as { data: { id: string; content_type: string; size: number } }).data;
};
const place = (document: string, id: string, more: object = {}): Promise<unknown> =>
  api.json(`/viewer/documents/${document}/annotations`, {
    json: {
      content: {
        v: 2,
        type: "pspdfkit/image",
        pageIndex: 0,
        bbox: [100, 100, 200, 100],
        imageAttachmentId: id,
        contentType: "image/png",
        opacity: 1,
      },
      ...more,
    },
  });
/** The colour in the middle of where `place` puts it. */
async function colorOn(pdfOrPage: Response): Promise<number[]> {
  const image = sharp(Buffer.from(await pdfOrPage.arrayBuffer()));
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const scale = info.width / 612;
  const at = (Math.round(150 * scale) * info.width + Math.round(200 * scale)) * 3;
  return [...data.subarray(at, at + 3)];
}

describe("a picture of an annotation", () => {
  it("is drawn on the page's image and in the downloaded file, whether PNG, JPEG or WebP", async () => {
    for (const bytes of [
      await picture("red").png().toBuffer(),
      await picture("red").jpeg({ quality: 95 }).toBuffer(),
      await picture("red").webp({ lossless: true }).toBuffer(),
    ]) {
      const { id: document } = await api.upload(pagesPdf(1));
      const { id, size } = await uploaded(document, bytes);
      expect(size).toBe(bytes.length);
      await place(document, id);
      const file = await (await api.request(`/viewer/documents/${document}/pdf`)).arrayBuffer();
      const { id: again } = await api.upload(new Uint8Array(file));
      for (const one of [document, again]) {
        const [red, green, blue] = await colorOn(await api.request(`/viewer/documents/${one}/pages/0/image?width=612&format=png`));
        expect(Math.abs(red! - 0xe0) + Math.abs(green! - 0x20) + Math.abs(blue! - 0x20)).toBeLessThan(12);
      }
    }
  });

  it("is read by those who see an annotation that names it, and by nobody else", async () => {
    const { id: document } = await api.upload(pagesPdf(1));
    const bytes = await picture("green").png().toBuffer();
    const { id } = await uploaded(document, bytes);
    const path = `/viewer/documents/${document}/attachments/${id}`;
    expect((await api.request(path)).status).toBe(404);
    await place(document, id, { user_id: "ada", group: "board" });
    const read = await api.request(path);
    expect(read.headers.get("content-type")).toBe("image/png");
    expect(Buffer.from(await read.arrayBuffer()).equals(bytes)).toBe(true);

    const open = async (collaboration: readonly string[]) => {
      const { jwt } = await api.session({ document_id: document, collaboration_permissions: collaboration }, { user_id: "eve" });
      const opened = await api.json<{ images: { attachment: string } }>("/viewer/open", {
        method: "POST",
        credential: null,
        body: JSON.stringify({ token: jwt }),
        headers: { "content-type": "text/plain" },
      });
      const url = opened.images.attachment.replace("{blob}", id);
      return [(await api.request(url, { credential: null })).status, (await api.request(path, { credential: jwt })).status];
    };
    expect(await open(["annotations:view:all"])).toEqual([200, 200]);
    expect(await open(["annotations:view:group=press"])).toEqual([404, 404]);
  });

  it("opens no other file of the document, though a record names it", async () => {
    const pdf = pagesPdf(1);
    const { id: document } = await api.upload(pdf);
    const { source } = await api.json<{ source: string }>("/viewer/open", {
      method: "POST",
      credential: null,
      body: JSON.stringify({ token: (await api.session(document)).jwt }),
      headers: { "content-type": "text/plain" },
    });
    await place(document, source);
    expect((await api.request(`/viewer/documents/${document}/attachments/${source}`)).status).toBe(404);
    // The record cannot be drawn; everything else of the file is there.
    expect((await api.request(`/viewer/documents/${document}/pdf`)).status).toBe(200);
  });

  it("is refused when it is no picture, empty, or the caller may not make annotations", async () => {
    const { id: document } = await api.upload(pagesPdf(1));
    const code = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code];
    expect(await code(await upload(document, new TextEncoder().encode("<svg onload=alert(1)>")))).toEqual([415, "unsupported_media_type"]);
    expect(await code(await upload(document, new Uint8Array()))).toEqual([422, "invalid_document"]);
    const form = new FormData();
    form.set("other", "x");
    expect(await code(await api.request(`/viewer/documents/${document}/attachments`, { method: "POST", body: form }))).toEqual([
      400,
      "bad_request",
    ]);
    const { jwt } = await api.session({ document_id: document, collaboration_permissions: ["annotations:view:all"] }, { user_id: "eve" });
    const bytes = await picture("red").png().toBuffer();
    expect(await code(await upload(document, bytes, { credential: jwt }))).toEqual([403, "forbidden"]);
  });

  it("that is damaged is left out of the file, with everything else in it", async () => {
    const { id: document } = await api.upload(pagesPdf(1));
    const whole = await picture("red").png().toBuffer();
    const { id } = await uploaded(document, whole.subarray(0, 40));
    await place(document, id);
    const response = await api.request(`/viewer/documents/${document}/pdf`);
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer()).toString("latin1")).not.toContain("/Stamp");
  });
});

it("an image comes back from the exported file with its id, its picture as it was uploaded and its turn, however often", async () => {
  const { id } = await api.upload(pagesPdf(1));
  const files = [
    ["image/png", await picture("red").png().toBuffer()],
    ["image/jpeg", await picture("green").flatten().jpeg().toBuffer()],
    ["image/webp", await picture("green").webp().toBuffer()],
  ] as const;
  const keys: string[] = [];
  for (const [index, [, bytes]] of files.entries()) {
    const { id: key } = await uploaded(id, bytes);
    keys.push(key);
    const content = { v: 2, type: "pspdfkit/image", pageIndex: 0, bbox: [50, 50 + 120 * index, 200, 100], rotation: 90 * index };
    await api.json(`/viewer/documents/${id}/annotations`, {
      json: { id: `image-number-${index}`, content: { ...content, imageAttachmentId: key, contentType: files[index]![0], opacity: 1 } },
    });
  }
  interface Listed {
    readonly data: { readonly annotations: readonly { readonly id: string; readonly content: Readonly<Record<string, unknown>> }[] };
  }
  const listed = async (document: string): Promise<unknown[]> =>
    (await api.json<Listed>(`/viewer/documents/${document}/annotations`)).data.annotations.map(({ id: name, content }) => [
      name,
      ...["imageAttachmentId", "contentType", "bbox", "rotation"].map((member) => content[member]),
    ]);
  const again = async (document: string): Promise<string> =>
    (await api.upload(new Uint8Array(await (await api.request(`/viewer/documents/${document}/pdf`)).arrayBuffer()))).id;
  const first = await again(id);
  expect(await listed(first)).toEqual(await listed(id));
  for (const [index, [type, bytes]] of files.entries()) {
    const response = await api.request(`/viewer/documents/${first}/attachments/${keys[index]}`);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, type]);
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  }
  // Changed there, it is written from its own file.
  const moved = {
    v: 2,
    type: "pspdfkit/image",
    pageIndex: 0,
    bbox: [300, 50, 100, 50],
    imageAttachmentId: keys[0],
    contentType: "image/png",
    opacity: 0.5,
  };
  await api.json(`/viewer/documents/${first}/annotations/image-number-0`, { method: "PUT", json: { content: moved } });
  expect(await listed(await again(first))).toEqual(await listed(first));
});
