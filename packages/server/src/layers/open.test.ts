import sharp from "sharp";
import type { AnyRecord, Opened, Snapshot } from "@lectern/protocol";
import { annotatedPdf, ENCRYPTED_PASSWORD, encryptedPdf, pagesPdf, restrictedPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DocumentBase } from "../documents/base.ts";
import { type TestServer, testServer } from "../testing/test-server.ts";
import { isAck, testSocket } from "../testing/test-socket.ts";
import { OPEN_BYTES, openedLayer } from "./open.ts";
import type { ReadLayer } from "./reading.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
});
afterAll(() => api.close());

const post = (body: object, headers: Readonly<Record<string, string>> = {}) =>
  api.request("/viewer/open", {
    credential: null,
    body: JSON.stringify(body),
    headers: { "content-type": "text/plain;charset=UTF-8", ...headers },
  });
const open = async (token: string, more: object = {}): Promise<Opened> => {
  const response = await post({ token, ...more });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as Opened;
};
const code = async (response: Promise<Response>): Promise<string> => ((await (await response).json()) as { code: string }).code;
const imageUrl = (opened: Opened, index = 0, width = opened.firstWidth): string =>
  opened.images.page.replace("{blob}", opened.source).replace("{index}", String(index)).replace("{width}", String(width));
const grantOf = (opened: Opened): string => /\/i\/([^/]+)\//.exec(opened.images.page)![1]!;

describe("open", () => {
  it("answers what the first page needs, without a preflight", async () => {
    const { id } = await api.upload(annotatedPdf(), "title=Annotated");
    const { jwt, exp } = await api.session(
      { document_id: id, document_permissions: ["read", "download"] },
      { user_id: "mia", creator_name: "Mia" },
    );
    const response = await post({ token: jwt, width: 960 }, { origin: "https://app.example.com" });
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    const opened = (await response.json()) as Opened;
    expect(opened).toMatchObject({
      documentId: id,
      title: "Annotated",
      layer: "",
      revision: 1,
      seq: 0,
      exp,
      user: { id: "mia", name: "Mia", color: expect.stringMatching(/^#[0-9a-f]{6}$/) as string },
      firstWidth: 960,
      grants: { permissions: ["read", "download"], userId: "mia" },
      restrictions: { print: true, copy: true, annotate: true },
      socket: "/viewer/sync",
      snapshot: `/viewer/documents/${id}/records`,
      pages: { count: 1, runs: [[1, expect.any(Number), expect.any(Number), 0]], partial: false },
      records: { complete: true },
    });
    const { records } = await api.json<Snapshot>(opened.snapshot, { credential: jwt });
    expect(opened.records.inline.map((record) => record.id).toSorted()).toEqual(records.map((record) => record.id).toSorted());
  });

  it("files in which the same was found show their own pages each", async () => {
    const twin = (name: string): Promise<{ id: string; sourcePdfSha256: string }> =>
      api.upload(Buffer.concat([Buffer.from(pagesPdf(2)), Buffer.from(`\n% ${name}\n`)]));
    for (const { id, sourcePdfSha256 } of [await twin("one"), await twin("two")]) {
      const opened = await open((await api.session(id)).jwt);
      expect(opened.source).toBe(sourcePdfSha256);
      expect((await api.request(imageUrl(opened), { credential: null })).status).toBe(200);
    }
  });

  it("counts a session once", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const count = async (): Promise<number> =>
      (await api.json<{ totals: { sessions_opened: number } }>("/viewer/usage")).totals.sessions_opened;
    const before = await count();
    const { jwt } = await api.session(id);
    await open(jwt);
    await open(jwt);
    expect(await count()).toBe(before + 1);
    await open((await api.json<{ jwt: string }>("/viewer/sessions", { json: {} })).jwt);
    expect(await count()).toBe(before + 2);
  });

  it("opens a session without documents for what the app provides", async () => {
    const { jwt } = await api.json<{ jwt: string }>("/viewer/sessions", { json: { user_id: "mia" } });
    expect(await open(jwt)).toMatchObject({
      documentId: null,
      pages: { count: 0 },
      records: { complete: true, inline: [] },
      user: { id: "mia" },
    });
    expect(await code(post({ token: jwt, document: "x" }))).toBe("not_found");
  });

  it("opens each layer that a session names of a document, and no other", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const both = [
      { document_id: id, layer: "mine" },
      { document_id: id, layer: "ours", document_permissions: ["read"] },
    ];
    const { jwt } = await api.json<{ jwt: string }>("/viewer/sessions", { json: { allowed_documents: both } });
    expect((await open(jwt)).layer).toBe("mine");
    expect(await open(jwt, { document: id, layer: "ours" })).toMatchObject({ layer: "ours", grants: { permissions: ["read"] } });
    expect(await code(post({ token: jwt, layer: "theirs" }))).toBe("not_found");
  });

  it("refuses what opens nothing, and says why", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const cover = await api.session({ document_id: id, document_permissions: ["cover-image"] });
    const gone = await api.session(id);
    await api.json(`/viewer/sessions/${gone.session_id}`, { method: "DELETE" });
    const unready = await api.upload(new TextEncoder().encode(`%PDF-1.7\n${"x".repeat(100)}`));
    const failed = await api.session(unready.id);
    expect(await code(post({ token: "x" }))).toBe("invalid_token");
    expect(await code(post({}))).toBe("invalid_parameters");
    expect(await code(api.request("/viewer/open", { credential: null, body: "{" }))).toBe("bad_request");
    expect(await code(post({ token: cover.jwt }))).toBe("forbidden");
    expect(await code(post({ token: gone.jwt }))).toBe("session_revoked");
    expect(await code(post({ token: failed.jwt }))).toBe("document_failed");
    expect(await code(post({ token: (await api.session(id)).jwt, document: "other" }))).toBe("not_found");
  });

  it("waits for a document that is being prepared", async () => {
    const { data } = await api.json<{ data: { id: string; status: string } }>("/viewer/documents?wait=0", { body: pagesPdf(30) });
    expect(data.status).toBe("preparing");
    expect((await open((await api.session(data.id)).jwt)).pages.count).toBe(30);
  });

  it("asks for a password once", async () => {
    const { id } = await api.upload(encryptedPdf());
    const { jwt } = await api.session(id);
    expect(await code(post({ token: jwt }))).toBe("password_required");
    expect(await code(post({ token: jwt, password: "wrong" }))).toBe("wrong_password");
    await open(jwt, { password: ENCRYPTED_PASSWORD });
    const opened = await open(jwt);
    expect((await api.request(imageUrl(opened), { credential: null })).status).toBe(200);
    expect(await code(post({ token: (await api.session(id)).jwt }))).toBe("password_required");
  });

  it("takes from a session what the file's owner forbids", async () => {
    const { id } = await api.upload(restrictedPdf());
    const { jwt } = await api.session(id);
    const opened = await open(jwt);
    expect(opened.restrictions.annotate).toBe(false);
    expect(opened.grants.permissions).toEqual(["read"]);
    const content = { type: "pspdfkit/note", pageIndex: 0, bbox: [0, 0, 10, 10], text: { format: "plain", value: "x" } };
    expect(await code(api.request(`/viewer/documents/${id}/annotations`, { json: { content }, credential: jwt }))).toBe("forbidden");
    expect((await api.request(`/viewer/documents/${id}/annotations`, { json: { content } })).status).toBe(200);
  });

  it("has at most 16 kB, and all records by the snapshot, when there are many", async () => {
    const { id } = await api.upload(pagesPdf(1400));
    const { jwt } = await api.session(id);
    const bytesOf = async (): Promise<number> => (await (await post({ token: jwt })).arrayBuffer()).byteLength;
    expect((await open(jwt)).pages).toMatchObject({
      count: 1400,
      runs: [[1400, expect.any(Number), expect.any(Number), 0]],
      partial: false,
    });
    const annotations = Array.from({ length: 600 }, (_, i) => ({
      id: `n${i}`,
      content: { type: "pspdfkit/note", pageIndex: i % 6, bbox: [0, 0, 10, 10], text: { format: "plain", value: "x".repeat(50) } },
    }));
    await api.json(`/viewer/documents/${id}/annotations`, { json: { annotations } });
    expect(await bytesOf()).toBeLessThanOrEqual(OPEN_BYTES);
    const opened = await open(jwt);
    expect(opened.records.complete).toBe(false);
    const snapshot = await api.request(`${opened.snapshot}?minSeq=${opened.seq}`, {
      credential: jwt,
      headers: { "accept-encoding": "gzip" },
    });
    expect([snapshot.headers.get("content-encoding"), snapshot.headers.get("lectern-seq")]).toEqual(["gzip", String(opened.seq)]);
    expect(((await snapshot.json()) as Snapshot).records).toHaveLength(600);
    expect(
      (
        await api.request(`${opened.snapshot}?minSeq=${opened.seq}`, {
          credential: jwt,
          headers: { "if-none-match": snapshot.headers.get("etag")! },
        })
      ).status,
    ).toBe(304);
  });
});

describe("a description of a huge document", () => {
  const shape = (width: number) => ({
    width,
    height: 792,
    rotation: 0 as const,
    boxes: { media: [0, 0, width, 792] as const, crop: null, bleed: null, trim: null, art: null },
  });
  /** A layer of so many pages without any engine behind it. */
  function layerOf(
    count: number,
    options: { readonly shapes?: number; readonly labels?: number; readonly records?: readonly AnyRecord[] } = {},
  ): ReadLayer {
    const { shapes = 1, labels = 0, records = [] } = options;
    const manifest = {
      pageCount: count,
      shapes: Array.from({ length: shapes }, (_, i) => shape(600 + i / 7)),
      runs: Array.from({ length: count }, (_, i) => [1, i % shapes] as const),
      labels: Object.fromEntries(Array.from({ length: labels }, (_, i) => [i, `Section ${i}`])),
      permissions: { print: true, extract: true, annotationAndForms: true },
    };
    const room = {
      seq: 1,
      epoch: 0,
      smallSnapshot: (_: unknown, most: number) => (JSON.stringify(records).length > most ? null : records),
      changed: () => [],
      snapshot: () => ({ records }),
    };
    const base = { revision: 1, source: "0".repeat(64), manifest } as unknown as DocumentBase;
    return {
      base,
      room,
      document: { title: "T" },
      grants: { permissions: ["read"], collaboration: null, userId: null, defaultGroup: null },
      pages: () => ({ idAt: (index: number) => `1.${index}` }),
    } as unknown as ReadLayer;
  }
  const describeLayer = (layer: ReadLayer): Opened =>
    openedLayer({
      layer,
      grant: "g".repeat(70),
      isDrawn: () => false,
      width: 500,
      limits: { frameBytes: 1, recordBytes: 1, recordsPerLayer: 1, opsPerPush: 1, unackedOps: 1, opsPerSecond: 1, opsBurst: 1 },
      session: { id: "s", userId: null, creatorName: null, expiresAt: 0 } as never,
      access: { applicationId: "a", documentId: "d", layerName: "" } as never,
    });
  const size = (opened: Opened): number => Buffer.byteLength(JSON.stringify(opened));
  const total = (opened: Opened): number => opened.pages.runs.reduce((sum, [n]) => sum + n, 0);
  const note = (i: number): AnyRecord =>
    ({
      id: `note-${i}`,
      kind: "annotation",
      seq: 1,
      createdBy: null,
      createdAt: 0,
      updatedBy: null,
      updatedAt: 0,
      grp: null,
      data: { type: "note", page: "1.0", text: { format: "plain", value: "x".repeat(500) } },
    }) as unknown as AnyRecord;

  it("joins pages of one shape", () => {
    const opened = describeLayer(layerOf(10_000));
    expect(opened.pages).toEqual({ count: 10_000, runs: [[10_000, 600, 792, 0]], partial: false });
    expect(size(opened)).toBeLessThan(2000);
  });

  it.each([
    [1400, 1400, 0],
    [10_000, 10_000, 0],
    [10_000, 1, 10_000],
    [10_000, 97, 10_000],
    [5000, 5000, 5000],
  ])("fits %i pages of %i shapes with %i labels, and guesses the rest", (count, shapes, labels) => {
    const opened = describeLayer(layerOf(count, { shapes, labels, records: Array.from({ length: 50 }, (_, i) => note(i)) }));
    expect(size(opened)).toBeLessThanOrEqual(OPEN_BYTES);
    expect(opened.pages).toMatchObject({ count, partial: true });
    expect(opened.snapshot).toBe("/viewer/documents/d/records?pages=true");
    expect(total(opened)).toBe(count);
    expect(opened.records.complete).toBe(false);
    let page = 0;
    for (const [n, width] of opened.pages.runs) {
      for (let i = 0; i < n && page < opened.pages.exact!; i++) expect(width).toBe(600 + (page++ % shapes) / 7);
    }
    expect(page).toBe(opened.pages.exact);
  });
});

describe("an image grant", () => {
  it("opens page images and text without any header, to be kept for ever", async () => {
    const { id } = await api.upload(pagesPdf(3));
    const opened = await open((await api.session(id)).jwt);
    const image = await api.request(imageUrl(opened), { credential: null, headers: { origin: "https://app.example.com" } });
    expect([image.status, image.headers.get("content-type"), image.headers.get("cache-control")]).toEqual([
      200,
      "image/webp",
      "private, max-age=31536000, immutable",
    ]);
    expect([image.headers.get("access-control-allow-origin"), image.headers.get("cross-origin-resource-policy")]).toEqual([
      "*",
      "cross-origin",
    ]);
    expect(
      Buffer.from(await image.arrayBuffer())
        .subarray(8, 12)
        .toString(),
    ).toBe("WEBP");
    expect(
      (await api.request(imageUrl(opened), { credential: null, headers: { "if-none-match": image.headers.get("etag")! } })).status,
    ).toBe(304);
    const text = await api.json<{ runs: { text: string }[] }>(opened.images.text.replace("{blob}", opened.source).replace("{index}", "1"), {
      credential: null,
    });
    expect(text.runs.map((run) => run.text).join(" ")).toContain("Page 2 of 3");
  });

  it("opens the tiles of a page that is shown larger than any image: the same pixels, up to the page's edge", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const opened = await open((await api.session(id)).jwt);
    const tile = (name: string): Promise<Response> =>
      api.request(imageUrl(opened).replace(/\d+\.webp$/, `${name}.webp`), { credential: null });
    const sizeOf = async (name: string): Promise<readonly [number, number]> => {
      const { width, height } = await sharp(Buffer.from(await (await tile(name)).arrayBuffer())).metadata();
      return [width, height];
    };
    expect(await sizeOf("5120-0-0")).toEqual([512, 512]);
    const [, across, down] = opened.pages.runs[0]!;
    const height = Math.round((5120 * down) / across);
    const lastRow = Math.ceil(height / 512) - 1;
    expect(await sizeOf(`5120-9-${lastRow}`)).toEqual([512, height - lastRow * 512]);
    for (const name of [`5120-10-0`, `5120-0-${lastRow + 1}`, "5000-0-0", "960-0-0", "99999-0-0"])
      expect((await tile(name)).status, name).toBe(404);
    // What the tiles show is what the whole page shows.
    const whole = await sharp(Buffer.from(await (await tile("2560")).arrayBuffer()))
      .resize(1280)
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const dark = (data: Uint8Array): boolean => data.some((value) => value < 100);
    for (const [column, row] of [
      [1, 1],
      [2, 2],
      [5, 9],
    ] as const) {
      const part = await sharp(Buffer.from(await (await tile(`5120-${column}-${row}`)).arrayBuffer()))
        .greyscale()
        .raw()
        .toBuffer();
      const crop = await sharp(whole.data, { raw: { width: 1280, height: whole.info.height, channels: 1 } })
        .extract({ left: column * 128, top: row * 128, width: 128, height: 128 })
        .raw()
        .toBuffer();
      expect(dark(part), `tile ${column} ${row}`).toBe(dark(crop));
    }
  });

  it("opens nothing else", async () => {
    const [one, two] = [await api.upload(pagesPdf(3)), await api.upload(annotatedPdf())];
    const opened = await open((await api.session(one.id)).jwt);
    const other = await open((await api.session(two.id)).jwt);
    const wrong = [
      imageUrl({ ...opened, source: other.source }),
      imageUrl(opened).replace(grantOf(opened), grantOf(other)),
      imageUrl(opened, 3),
      imageUrl(opened, 0, 961),
      imageUrl(opened).replace(grantOf(opened), "x"),
      imageUrl(opened).replace(grantOf(opened), `${grantOf(opened).slice(0, -3)}AAA`),
      imageUrl({ ...opened, source: "f".repeat(64) }),
      imageUrl(opened).replace(/\/_\d*\//, "/x/"),
    ];
    for (const url of wrong) expect((await api.request(url, { credential: null })).status, url).toBe(404);
    expect((await api.request(`/viewer/documents/${one.id}/annotations`, { credential: grantOf(opened) })).status).toBe(401);
  });

  it("dies with its session and with its document", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const [a, b, c] = await Promise.all([api.session(id), api.session(id, { expires_in: 600 }), api.session(id, { expires_in: 80_000 })]);
    const [x, y, z] = await Promise.all([a, b, c].map(({ jwt }) => open(jwt)));
    for (const each of [x!, y!, z!]) expect((await api.request(imageUrl(each), { credential: null })).status).toBe(200);
    await api.json(`/viewer/sessions/${a.session_id}`, { method: "DELETE" });
    expect(await code(api.request(imageUrl(x!), { credential: null }))).toBe("session_revoked");
    api.advance(610_000);
    expect(await code(api.request(imageUrl(y!), { credential: null }))).toBe("token_expired");
    expect((await api.request(imageUrl(z!), { credential: null })).status).toBe(200);
    await api.json(`/viewer/documents/${id}`, { method: "DELETE" });
    expect(await code(api.request(imageUrl(z!), { credential: null }))).toBe("not_found");
  });

  it("opens no page that its layer has deleted", async () => {
    const { id } = await api.upload(pagesPdf(3));
    const { jwt } = await api.session(id);
    const opened = await open(jwt);
    expect((await api.request(imageUrl(opened, 1), { credential: null })).status).toBe(200);
    const socket = await testSocket(api.url);
    await socket.hello(jwt);
    socket.push(1, [["d", "1.1"]]);
    await socket.until("the ack", isAck(1));
    expect((await api.request(imageUrl(opened, 1), { credential: null })).status).toBe(404);
    expect((await api.request(imageUrl(opened, 2), { credential: null })).status).toBe(200);
    expect(
      (await api.json<{ data: { pageCount: number; pages: { pageId: string }[] } }>(`/viewer/documents/${id}/document_info`)).data,
    ).toMatchObject({ pageCount: 2, pages: [{ pageId: "1.0" }, { pageId: "1.2" }] });
    socket.push(2, [["r", "1.1"]]);
    await socket.until("the ack", isAck(2));
    expect((await api.request(imageUrl(opened, 1), { credential: null })).status).toBe(200);
    socket.close();
  });
});
