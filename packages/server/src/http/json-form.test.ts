/** Forms where JSON would do: annotations with their pictures, layers that begin with Instant JSON. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { formPdf, pagesPdf } from "@lectern/pdf/testing";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testServer, type TestServer } from "../testing/test-server.ts";
import { BODY_LIMITS } from "./body.ts";
import { readJsonForm } from "./json-form.ts";

const read = (text: string, type = "multipart/form-data; boundary=abc") =>
  readJsonForm(Readable.from([Buffer.from(text)]), type, BODY_LIMITS);
const part = (headers: string, content: string): string => `--abc\r\nContent-Disposition: form-data; ${headers}\r\n\r\n${content}\r\n`;

describe("a form", () => {
  it("is read however its parts are named", async () => {
    const { body, files } = await read(
      `preamble\r\n${part('name="name"', "mia")}${part("name=user_id", "")}${part('name="a\\"b"; filename*=UTF-8\'\'x.png\r\nContent-Type: image/png', "\r\n--ab\r\n")}${part('name="instant.json"; filename="i"', '{"annotations":[]}')}--abc--`,
    );
    expect({ ...body }).toEqual({ name: "mia", user_id: "", "instant.json": { annotations: [] } });
    expect(files.get('a"b')).toEqual({ bytes: Buffer.from("\r\n--ab\r\n"), mediaType: "image/png" });
  });

  it("may hold the body itself in one part, bare or wrapped", async () => {
    expect({ ...(await read(`${part('name="annotation"', '{"content":{}}')}--abc--`)).body }).toEqual({ content: {} });
    expect({ ...(await read(`${part('name="annotations"', '{"annotations":[1]}')}--abc--`)).body }).toEqual({ annotations: [1] });
    expect({ ...(await read(`${part('name="annotations"', "[1]")}--abc--`)).body }).toEqual({ annotations: [1] });
  });

  it.each([
    ["nothing", ""],
    ["another boundary", part('name="a"', "1").replace("abc", "xyz")],
    ["no end", part('name="a"', "1").slice(0, -2)],
    ["headers without end", "--abc\r\nContent-Disposition: form-data; name=a"],
    ["a part without name", `${part('filename="a"', "1")}--abc--`],
    ["two parts of one name", `${part('name="a"', "1")}${part('name="a"', "2")}--abc--`],
    ["JSON that is none", `${part('name="annotation"', "{")}--abc--`],
    ["a prototype", `${part('name="annotation"', '{"__proto__":{}}')}--abc--`],
  ])("with %s is malformed", async (_what, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: "bad_request" });
  });

  it("has a boundary, and not too many parts", async () => {
    await expect(read("", "multipart/form-data; charset=utf-8")).rejects.toMatchObject({ code: "bad_request" });
    const many = Array.from({ length: 201 }, (_, index) => part(`name="p${index}"`, "")).join("");
    await expect(read(`${many}--abc--`)).rejects.toMatchObject({ code: "too_large" });
  });
});

let api: TestServer;
let picture: Buffer;
let sha256: string;
beforeAll(async () => {
  api = await testServer();
  picture = await sharp({ create: { width: 4, height: 4, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  sha256 = createHash("sha256").update(picture).digest("hex");
});
afterAll(() => api.close());

function form(parts: Readonly<Record<string, string | Buffer | object>>): FormData {
  const made = new FormData();
  for (const [name, value] of Object.entries(parts)) {
    if (typeof value === "string") made.append(name, value);
    else if (Buffer.isBuffer(value)) made.append(name, new Blob([value], { type: "image/png" }), "p.png");
    else made.append(name, JSON.stringify(value));
  }
  return made;
}
const image = (imageAttachmentId: string) => ({ v: 2, type: "pspdfkit/image", pageIndex: 0, bbox: [10, 10, 40, 40], imageAttachmentId });
const note = { v: 2, type: "pspdfkit/note", pageIndex: 0, bbox: [10, 10, 20, 20], text: { format: "plain", value: "Why?" }, icon: "note" };
interface Listed {
  readonly data: {
    readonly annotations: readonly {
      readonly id: string;
      readonly createdBy: string | null;
      readonly content: Readonly<Record<string, unknown>>;
    }[];
  };
}
const listed = async (path: string) => (await api.json<Listed>(`${path}/annotations`)).data.annotations;

describe("annotations with pictures", () => {
  it("one, or many, name them by their SHA-256 or by the name of their part", async () => {
    const path = `/api/documents/${(await api.upload(pagesPdf(1))).id}`;
    const made = await api.request(`${path}/annotations`, {
      body: form({ annotation: { content: image(sha256), user_id: "ana" }, [sha256]: picture }),
    });
    expect([made.status, await made.json()]).toMatchObject([200, { data: { annotation_id: expect.any(String) as string } }]);
    const annotations = { annotations: [{ content: image("logo") }, { content: note }] };
    const many = await api.json<{ result: string }>(`${path}/annotations`, { body: form({ annotations, logo: picture }) });
    expect(many.result).toBe("success");
    const all = await listed(path);
    const images = all.filter(({ content }) => content["type"] === "pspdfkit/image");
    expect([all.length, ...images.map(({ content }) => content["imageAttachmentId"])]).toEqual([3, sha256, sha256]);
    // The first was written before the others.
    expect(all[0]).toMatchObject({ createdBy: "ana", content: { contentType: "image/png" } });
    const response = await api.request(`${path}/attachments/${sha256}`);
    expect(Buffer.from(await response.arrayBuffer()).equals(picture)).toBe(true);
  });

  it("are replaced by forms, too, and exist for layers", async () => {
    const path = `/api/documents/${(await api.upload(pagesPdf(1))).id}/layers/review`;
    await api.json(`${path}/annotations`, { body: form({ annotation: { content: image("a") }, a: picture }) });
    const other = await sharp(picture).negate().png().toBuffer();
    const { id } = (await listed(path))[0]!;
    const body = form({ annotations: { annotations: [{ id, content: image("b") }] }, b: other });
    await api.json(`${path}/annotations`, { method: "PUT", body });
    expect((await listed(path))[0]!.content["imageAttachmentId"]).toBe(createHash("sha256").update(other).digest("hex"));
  });

  it("are refused, and nothing is written, when something is wrong with a picture", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const path = `/api/documents/${id}`;
    const wrong: readonly (readonly [object, string])[] = [
      [{ annotation: { content: image(sha256) }, [sha256]: Buffer.from("no picture") }, "unprocessable"],
      [{ annotation: { content: image("0".repeat(64)) }, ["0".repeat(64)]: picture }, "unprocessable"],
      [{ annotation: { content: note }, stranger: picture }, "unprocessable"],
      [{ [sha256]: picture }, "invalid_parameters"],
    ];
    for (const [parts, code] of wrong) {
      const response = await api.request(`${path}/annotations`, { body: form(parts as Record<string, Buffer>) });
      expect(await response.json()).toMatchObject({ code });
    }
    const { jwt } = await api.session({
      document_id: id,
      document_permissions: ["read", "write"],
      collaboration_permissions: ["comments:view:all", "annotations:view:all"],
    });
    const body = form({ annotation: { content: image(sha256) }, [sha256]: picture });
    expect((await api.request(`${path}/annotations`, { body, credential: jwt })).status).toBe(403);
    expect(await listed(path)).toEqual([]);
    const { database } = api.server.documents;
    expect(await database.query("SELECT 1 FROM blob_uses WHERE document_id = ? AND sha256 = ?", [id, sha256])).toEqual([]);
  });
});

describe("a layer from Instant JSON", () => {
  const bookmark = { v: 1, type: "pspdfkit/bookmark", name: "Here", action: { type: "goTo", pageIndex: 0 } };

  it("begins with annotations, pictures, comments, bookmarks, values; what cannot be taken over is told", async () => {
    const path = `/api/documents/${(await api.upload(formPdf())).id}`;
    const fields = (await api.json<{ data: { content: { name: string; type: string; flags?: string[] } }[] }>(`${path}/form-fields`)).data;
    const { name } = fields.find(({ content }) => content.type === "pspdfkit/form-field/text" && content.flags === undefined)!.content;
    const json = {
      format: "https://pspdfkit.com/instant-json/v1",
      annotations: [{ ...image(sha256), id: "i1" }, { ...note, id: "n1" }, { type: "pspdfkit/nonsense" }],
      comments: [{ v: 2, type: "pspdfkit/comment", rootId: "n1", pageIndex: 0, text: { format: "plain", value: "Look" } }],
      bookmarks: [bookmark],
      formFieldValues: [{ v: 1, type: "pspdfkit/form-field-value", name, value: "7" }],
    };
    const response = await api.request(`${path}/layers`, {
      body: form({ name: "mia", user_id: "mia", "instant.json": json, [sha256]: picture }),
    });
    const made = (await response.json()) as { data: { name: string; errors: { reason: string }[] } };
    expect([response.status, made.data.name]).toEqual([200, "mia"]);
    expect(made.data.errors.map(({ reason }) => reason)).toEqual([expect.stringMatching(/^\$\["instant.json"\]\.annotations\[2\]/)]);
    const layer = `${path}/layers/mia`;
    expect((await listed(layer)).filter(({ id }) => id === "i1" || id === "n1").map(({ createdBy }) => createdBy)).toEqual(["mia", "mia"]);
    expect(await api.json(`${layer}/annotations/n1/comments`)).toMatchObject({
      data: { comments: [{ content: { text: { value: "Look" } } }] },
    });
    expect(await api.json(`${layer}/bookmarks`)).toMatchObject({ data: { bookmarks: [{ content: { name: "Here" } }] } });
    const values = await api.json<{ data: { formFieldValues: { name: string; value: unknown }[] } }>(`${layer}/form-field-values`);
    expect(values.data.formFieldValues.find((value) => value.name === name)!.value).toBe("7");
    // The document itself has nothing of it.
    expect(await api.json(`${path}/bookmarks`)).toMatchObject({ data: { bookmarks: [] } });
  });

  it("is not made when the JSON makes no sense, or a picture is missing", async () => {
    const path = `/api/documents/${(await api.upload(pagesPdf(1))).id}/layers`;
    for (const json of [{ annotations: 7 }, { annotations: [image("f".repeat(64))] }]) {
      const response = await api.request(path, {
        json: { name: "mia", "instant.json": { format: "https://pspdfkit.com/instant-json/v1", ...json } },
      });
      expect(await response.json()).toMatchObject({ code: "unprocessable" });
    }
    expect((await api.request(path, { body: form({ name: "mia", logo: picture }) })).status).toBe(400);
    expect((await api.request(path, { body: form({ "instant.json": { annotations: [] } }) })).status).toBe(400);
    expect(await api.json(path)).toEqual({ data: [] });
  });

  it("begins with another layer as well", async () => {
    const path = `/api/documents/${(await api.upload(pagesPdf(1))).id}/layers`;
    await api.json(`${path}/first/annotations`, { json: { id: "kept", content: note } });
    const body = form({
      name: "second",
      source_layer_name: "first",
      "instant.json": { format: "https://pspdfkit.com/instant-json/v1", annotations: [{ ...note, id: "added" }] },
    });
    await api.json(path, { body });
    expect((await listed(`${path}/second`)).map(({ id }) => id).toSorted()).toEqual(["added", "kept"]);
  });
});
