import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasChange, testSocket } from "../testing/test-socket.ts";
import { type RequestOptions, type TestServer, testServer } from "../testing/test-server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
});
afterAll(() => api.close());

interface Stored {
  readonly id: string;
  readonly content: Readonly<Record<string, unknown>> & { readonly text: { readonly value: string }; readonly reactions: unknown };
  readonly createdBy: string | null;
  readonly updatedBy: string | null;
  readonly group: string | null;
  readonly seq: number;
}
interface Made {
  readonly data: {
    readonly annotation: { readonly id: string };
    readonly comments: readonly { readonly id: string }[];
    readonly seq: number;
  };
}
interface Threads {
  readonly data: {
    readonly threads: readonly {
      readonly rootId: string;
      readonly pageIndex: number | null;
      readonly isResolved: boolean;
      readonly comments: readonly Stored[];
    }[];
  };
}
interface Seen {
  readonly data: {
    readonly seq: number;
    readonly unread: number;
    readonly threads: readonly { readonly rootId: string; readonly unread: number }[];
  };
}

const marker = (pageIndex = 0) => ({
  content: { v: 2, type: "pspdfkit/comment-marker", pageIndex, bbox: [10, 10, 24, 24], icon: "comment" },
});
const says = (text: unknown, more: Record<string, unknown> = {}) => ({
  ...more,
  content: { text, ...(more["content"] as object | undefined) },
});
const at = (document: string, rest: string, prefix = "viewer"): string => `/${prefix}/documents/${document}${rest}`;
const fresh = async (pages = 2): Promise<string> => (await api.upload(pagesPdf(pages))).id;
const start = (
  document: string,
  comments: readonly object[] = [says("hello")],
  options: RequestOptions = {},
  annotation: object = marker(),
) => api.json<Made>(at(document, "/comments"), { json: { annotation, comments }, ...options });
const list = async (document: string, root: string, options: RequestOptions = {}): Promise<readonly Stored[]> =>
  (await api.json<{ data: { comments: Stored[] } }>(at(document, `/annotations/${root}/comments`), options)).data.comments;
const words = (comments: readonly Stored[]): string[] => comments.map(({ content }) => content.text.value);
async function problem(path: string, options: RequestOptions) {
  const response = await api.request(path, options);
  expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  return (await response.json()) as Record<string, unknown> & { status: number; code: string };
}
const tokenFor = async (
  document: string,
  user_id: string,
  collaboration_permissions?: readonly string[],
  more: object = {},
): Promise<string> =>
  (
    await api.session(
      { document_id: document, ...(collaboration_permissions === undefined ? {} : { collaboration_permissions }), ...more },
      { user_id, creator_name: `${user_id} the tester` },
    )
  ).jwt;

describe("threads over HTTP", () => {
  it.each(["", "/layers/review"])("are started with their root, grow, and are listed in the published shape%s", async (layer) => {
    const document = await fresh();
    const { data } = await api.json<Made>(at(document, `${layer}/comments`, "api"), {
      json: {
        annotation: marker(1),
        comments: [
          says("first", { id: "c1", user_id: "ana", group: "g" }),
          says({ format: "xhtml", value: "<p>second</p>" }, { id: "c2", user_id: "ana" }),
        ],
      },
    });
    expect(data.comments).toHaveLength(2);
    expect(data.comments[0]).toEqual({ id: "c1" });
    const root = data.annotation.id;
    const more = await api.json<Made>(at(document, `${layer}/annotations/${root}/comments`), {
      json: { comments: [says("third", { user_id: "ben", content: { customData: { a: 1 }, creatorName: "Ben" } })] },
    });
    expect(more.data.seq).toBeGreaterThan(data.seq);
    const comments = (await api.json<{ data: { comments: Stored[] } }>(at(document, `${layer}/annotations/${root}/comments`))).data
      .comments;
    expect(words(comments)).toEqual(["first", "<p>second</p>", "third"]);
    expect(comments[0]).toMatchObject({
      id: "c1",
      createdBy: "ana",
      updatedBy: "ana",
      group: "g",
      content: {
        type: "pspdfkit/comment",
        v: 2,
        pageIndex: 1,
        rootId: root,
        text: { format: "plain", value: "first" },
        mentions: [],
        reactions: [],
      },
    });
    expect(comments[2]).toMatchObject({ createdBy: "ben", content: { customData: { a: 1 }, creatorName: "Ben" } });
    expect(await api.json<Stored>(at(document, `${layer}/comments/c1`))).toEqual(comments[0]);
    const other = layer === "" ? "/layers/review" : "";
    expect((await api.request(at(document, `${other}/comments/c1`))).status).toBe(404);
  });

  it("stay in the order in which one request gave them", async () => {
    const document = await fresh();
    const texts = Array.from({ length: 40 }, (_, index) => `number ${index}`);
    for (const headers of [{}, { "idempotency-key": "in order" }]) {
      const { data } = await start(
        document,
        texts.map((text) => says(text)),
        { headers },
      );
      expect(words(await list(document, data.annotation.id))).toEqual(texts);
    }
  });

  it("hang on any annotation, or on the document as a whole", async () => {
    const document = await fresh();
    const { data } = await api.json<{ data: { id: string } }>(at(document, "/annotations"), {
      json: {
        content: { v: 2, type: "pspdfkit/markup/highlight", pageIndex: 1, rects: [[1, 2, 3, 4]], bbox: [1, 2, 3, 4], color: "#ffff00" },
      },
    });
    await api.json(at(document, `/annotations/${data.id}/comments`), { json: { comments: [says("about the text")] } });
    const whole = await api.json<Made>(at(document, "/comments"), { json: { comments: [says("about it all")] } });
    const { threads } = (await api.json<Threads>(at(document, "/comments"))).data;
    expect(threads.map(({ rootId, pageIndex }) => [rootId, pageIndex])).toEqual([
      [whole.data.annotation.id, null],
      [data.id, 1],
    ]);
    expect(words((await api.json<Threads>(at(document, "/comments?pageIndex=1"))).data.threads[0]!.comments)).toEqual(["about the text"]);
  });

  it("are written whole or not at all, and every comment that is wrong is named", async () => {
    const document = await fresh();
    const refused = await problem(at(document, "/comments"), {
      json: {
        annotation: marker(7),
        comments: [says("fine"), says(7), { content: {} }, "text", says("   "), says("x", { id: "not an id" })],
      },
    });
    expect(refused).toMatchObject({ status: 422, code: "unprocessable" });
    expect(refused["annotation"]).toMatchObject({ failingPaths: [{ path: "$.annotation.content.pageIndex" }] });
    expect((refused["comments"] as { failingPaths?: { path: string }[] }[]).map((each) => each.failingPaths?.[0]?.path ?? null)).toEqual([
      null,
      "$.comments[1].content.text",
      "$.comments[2].content.text",
      "$.comments[3]",
      "$.comments[4].content.text",
      "$.comments[5].id",
    ]);
    await start(document, [says("taken", { id: "taken" })]);
    const exists = await problem(at(document, "/comments"), {
      json: { annotation: marker(), comments: [says("a"), says("b", { id: "taken" })] },
    });
    expect(exists).toMatchObject({ status: 409, code: "exists", annotation: {}, comments: [{}, { error: "exists" }] });
    const long = await problem(at(document, "/comments"), {
      json: { annotation: marker(), comments: [says("a"), says("b", { content: { mentions: [""] } })] },
    });
    expect(long).toMatchObject({ comments: [{}, { failingPaths: [{ path: "$.comments[1].content.mentions[0]" }] }] });
    expect((await api.json<Threads>(at(document, "/comments"))).data.threads).toHaveLength(1);
    expect(await problem(at(document, "/annotations/none/comments"), { json: { comments: [says("a")] } })).toMatchObject({ status: 404 });
    expect(await problem(at(document, "/comments"), { json: { annotation: marker(), comments: [] } })).toMatchObject({ status: 400 });
  });

  it("are written once under one Idempotency-Key", async () => {
    const document = await fresh();
    const headers = { "idempotency-key": "once" };
    const [a, b] = [await start(document, undefined, { headers }), await start(document, undefined, { headers })];
    expect(b.data.annotation).toEqual(a.data.annotation);
    expect((await api.json<Threads>(at(document, "/comments"))).data.threads).toHaveLength(1);
  });

  it("a comment is edited under If-Match, and deleted; the last one takes its marker along", async () => {
    const document = await fresh();
    const { data } = await start(document, [
      says("one", { id: "one", user_id: "ana", content: { customData: { k: 1 } } }),
      says("two", { id: "two", user_id: "ana" }),
    ]);
    const [one, two] = await list(document, data.annotation.id);
    const edited = await api.json<{ data: Stored }>(at(document, "/comments/one"), {
      method: "PATCH",
      headers: { "if-match": `"${one!.seq}"` },
      json: { content: { text: "one, better", customData: null }, user_id: "ben", group: "g" },
    });
    expect(edited.data).toMatchObject({ createdBy: "ana", updatedBy: "ben", group: "g", content: { text: { value: "one, better" } } });
    expect(edited.data.content).not.toHaveProperty("customData");
    const stale = { method: "PATCH", headers: { "if-match": `"${one!.seq}"` }, json: { content: { text: "late" } } };
    expect(await problem(at(document, "/comments/one"), stale)).toMatchObject({ status: 412 });
    for (const content of [{ text: null }, { text: "" }, { text: { format: "html", value: "x" } }, { mentions: "ana" }, 7])
      expect((await problem(at(document, "/comments/one"), { method: "PATCH", json: { content } })).status).toBeGreaterThanOrEqual(400);
    await api.json(at(document, "/comments/one"), { method: "DELETE" });
    expect(await problem(at(document, "/comments/one"), {})).toMatchObject({ status: 410 });
    await api.json(at(document, `/comments/${two!.id}`), { method: "DELETE" });
    expect(await problem(at(document, `/annotations/${data.annotation.id}`), {})).toMatchObject({ status: 410 });
  });

  it("are resolved and reopened; a repeat changes nothing", async () => {
    const document = await fresh();
    const { data } = await start(document);
    const root = data.annotation.id;
    const post = (what: string) =>
      api.json<{ data: { isResolved: boolean; id: string | null } }>(at(document, `/annotations/${root}/comments/${what}`), {
        json: { user_id: "ana" },
      });
    const resolved = async (): Promise<boolean> => (await api.json<Threads>(at(document, "/comments"))).data.threads[0]!.isResolved;
    expect((await post("resolve")).data).toMatchObject({ isResolved: true });
    expect(await resolved()).toBe(true);
    expect((await post("resolve")).data.id).toBeNull();
    expect((await api.json<Threads>(at(document, "/comments?state=open"))).data.threads).toEqual([]);
    expect((await post("reopen")).data).toMatchObject({ isResolved: false });
    expect(await resolved()).toBe(false);
    const bare = await api.json<{ data: { id: string } }>(at(document, "/annotations"), { json: marker() });
    expect(await problem(at(document, `/annotations/${bare.data.id}/comments/resolve`), { json: {} })).toMatchObject({ status: 404 });
  });

  it("a person reacts once in each way, and takes it back", async () => {
    const document = await fresh();
    await start(document, [says("one", { id: "one" })]);
    const path = at(document, "/comments/one/reactions");
    const react = (emoji: string, user_id: string, method = "POST") =>
      api.json<{ data: Stored }>(path, { method, json: { emoji, user_id } });
    await react("👍", "ana");
    await react("👍", "ana");
    const both = await react("👍", "auth0|ben");
    expect(both.data.content.reactions).toEqual([{ emoji: "👍", users: ["ana", "auth0|ben"] }]);
    expect((await react("👍", "ana", "DELETE")).data.content.reactions).toEqual([{ emoji: "👍", users: ["auth0|ben"] }]);
    expect((await react("👍", "ana")).data.content.reactions).toEqual([{ emoji: "👍", users: ["ana", "auth0|ben"] }]);
    expect(await problem(path, { json: { emoji: "" } })).toMatchObject({ status: 400 });
  });

  it("mentions are read from the text and taken from a list", async () => {
    const document = await fresh();
    const value = '<p><span data-user-id="ana">@Ana</span> look</p>';
    const { data } = await start(document, [says({ format: "xhtml", value }, { content: { mentions: ["ben"] } })]);
    const [comment] = await list(document, data.annotation.id);
    expect(comment!.content["mentions"]).toEqual(["ana", "ben"]);
  });
});

describe("a session", () => {
  it("writes as itself, and sees nothing of a thread that is hidden from it", async () => {
    const document = await fresh();
    const { data } = await start(document, [
      says("secret", { id: "secret", user_id: "boss", group: "board" }),
      says("open", { user_id: "boss", group: "all" }),
    ]);
    const root = data.annotation.id;
    const token = await tokenFor(document, "ana", [
      "annotations:view:all",
      "comments:view:group=all",
      "comments:reply:group=all",
      "comments:view:self",
    ]);
    expect(words(await list(document, root, { credential: token }))).toEqual(["open"]);
    expect(await problem(at(document, "/comments/secret"), { credential: token })).toMatchObject({ status: 404 });
    const reply = { json: { comments: [says("mine")] }, credential: token };
    await api.json(at(document, `/annotations/${root}/comments`), reply);
    expect(words(await list(document, root, { credential: token }))).toEqual(["open", "mine"]);
    expect((await list(document, root)).at(-1)).toMatchObject({ createdBy: "ana", content: { creatorName: "ana the tester" } });
    const forged = { json: { comments: [says("mine", { user_id: "boss" })] }, credential: token };
    expect(await problem(at(document, `/annotations/${root}/comments`), forged)).toMatchObject({ status: 403 });
    const blind = await tokenFor(document, "cy", ["comments:view:all", "comments:edit:all"]);
    expect(await problem(at(document, `/annotations/${root}/comments`), { credential: blind })).toMatchObject({ status: 404 });
    expect((await api.json<Threads>(at(document, "/comments"), { credential: blind })).data.threads).toEqual([]);
    expect(await problem(at(document, "/comments/secret"), { credential: blind })).toMatchObject({ status: 404 });
  });

  it("hears a comment of REST live, and REST hears it", async () => {
    const document = await fresh();
    const token = await tokenFor(document, "ana");
    const socket = await testSocket(api.url);
    await socket.hello(token);
    const { data } = await start(document, [says("from the backend", { id: "c1" })]);
    await socket.until("the comment", hasChange("c1"));
    socket.push(1, [["c", "c2", "comment", { root: data.annotation.id, text: { format: "plain", value: "from the viewer" } }]]);
    await socket.until("its own", hasChange("c2"));
    expect(words(await list(document, data.annotation.id))).toEqual(["from the backend", "from the viewer"]);
    socket.close();
  });

  it("knows what its person has not read, and nobody else's", async () => {
    const document = await fresh();
    const [ana, ben] = [await tokenFor(document, "ana"), await tokenFor(document, "ben", undefined, { document_permissions: ["read"] })];
    const unread = async (credential: string): Promise<Seen["data"]> => (await api.json<Seen>(at(document, "/seen"), { credential })).data;
    const mark = async (credential: string, body: object = {}): Promise<Seen["data"]> =>
      (await api.json<Seen>(at(document, "/seen"), { credential, json: body })).data;
    const { data } = await start(document, [says("one"), says("two")], { credential: ana });
    const root = data.annotation.id;
    expect(await unread(ana)).toEqual({ seq: 0, history: 0, unread: 0, threads: [] });
    expect(await unread(ben)).toEqual({ seq: 0, history: 0, unread: 2, threads: [{ rootId: root, unread: 2 }] });
    expect(await mark(ben)).toEqual({ seq: data.seq, history: data.seq, unread: 0, threads: [] });
    const next = await api.json<Made>(at(document, `/annotations/${root}/comments`), {
      credential: ana,
      json: { comments: [says("three")] },
    });
    expect(await unread(ben)).toMatchObject({ unread: 1 });
    expect(await mark(ben, { seq: next.data.seq })).toMatchObject({ seq: next.data.seq, unread: 0 });
    expect(await mark(ben, { seq: 0 })).toMatchObject({ seq: next.data.seq });
    expect(await problem(at(document, "/seen"), { credential: ben, json: { seq: 10_000 } })).toMatchObject({ status: 400 });
    expect((await unread(ana)).seq).toBe(0);
    // Of the history alone: nothing that was said counts as read for that.
    const cy = await tokenFor(document, "cy");
    expect(await mark(cy, { history: 1 })).toMatchObject({ seq: 0, history: 1, unread: 3 });
    expect(await mark(cy, { history: 0 })).toMatchObject({ history: 1 });
    expect(await problem(at(document, "/seen"), { credential: cy, json: { history: 10_000 } })).toMatchObject({ status: 400 });
    expect(await mark(cy)).toMatchObject({ seq: next.data.seq, history: next.data.seq, unread: 0 });
    const nobody = (await api.session(document)).jwt;
    expect(await problem(at(document, "/seen"), { credential: nobody })).toMatchObject({ status: 400 });
    expect(await problem(at(document, "/seen"), {})).toMatchObject({ status: 401 });
  });
});
