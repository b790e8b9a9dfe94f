/** Permissions over real HTTP and WebSocket: each (type, action, scope) once where it is granted and once where it is not. */
import type { Op } from "@lectern/protocol";
import { pagesPdf } from "@lectern/pdf/testing";
import { GRANTABLE, naivelyMay, naivelySees, type NaiveRecord, type NaiveSession } from "@lectern/sync/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestServer, testServer } from "../testing/test-server.ts";
import { isAck, isReject, testSocket, type TestSocket } from "../testing/test-socket.ts";

let api: TestServer;
let document: string;
beforeAll(async () => {
  api = await testServer({ env: { LECTERN_LIMIT_OPS_PER_SECOND: "0" } });
  document = (await api.upload(pagesPdf(1))).id;
});
afterAll(() => api.close());

const SCOPES = ["all", "self", "group=g1", "createdBy=ben"] as const;
interface Ownership {
  readonly user: string;
  readonly group: string | null;
}
/** A record that each scope covers, and one that it does not. */
const OWNERSHIP: Readonly<Record<(typeof SCOPES)[number], readonly [Ownership, Ownership]>> = {
  all: [
    { user: "cy", group: "g2" },
    { user: "cy", group: "g2" },
  ],
  self: [
    { user: "ana", group: null },
    { user: "cy", group: null },
  ],
  "group=g1": [
    { user: "cy", group: "g1" },
    { user: "cy", group: "g2" },
  ],
  "createdBy=ben": [
    { user: "ben", group: null },
    { user: "cy", group: null },
  ],
};
type Type = keyof typeof GRANTABLE;

const jsonOf = (text: string) => ({ format: "plain", value: text });
let made = 0;

/** A record of this type, of that user, in that group; comments in a thread of their own. */
async function make(type: Type, { user, group }: Ownership): Promise<{ id: string; root: string }> {
  const id = `r${++made}`;
  const content = { v: 2, type: "pspdfkit/comment-marker", pageIndex: 0, bbox: [1, 1, 20, 20] };
  if (type === "annotations") {
    await api.json(`/viewer/documents/${document}/annotations`, { json: { id, user_id: user, group, content } });
    return { id, root: "" };
  }
  if (type === "comments") {
    const root = `${id}-root`;
    const comments = [{ id, user_id: user, group, content: { text: "hello" } }];
    await api.json(`/viewer/documents/${document}/comments`, { json: { annotation: { id: root, content }, comments } });
    return { id, root };
  }
  const { jwt } = await api.session({ document_id: document, ...(group === null ? {} : { group }) }, { user_id: user });
  const socket = await testSocket(api.url);
  await socket.hello(jwt);
  socket.push(1, [
    ["c", id, "field", { name: id, type: "text" }],
    ["c", `${id}:v`, "value", { field: id, value: "" }],
  ]);
  await socket.until("the field", isAck(1));
  socket.close();
  return { id, root: "" };
}

interface Member {
  readonly socket: TestSocket;
  readonly token: string;
  readonly session: NaiveSession;
  readonly shown: ReadonlySet<string>;
  n: number;
}

async function join(claim: readonly string[]): Promise<Member> {
  const { jwt } = await api.session({ document_id: document, collaboration_permissions: claim }, { user_id: "ana" });
  const socket = await testSocket(api.url);
  const welcome = await socket.hello(jwt);
  // Small layers come inline, others by a URL.
  const records =
    welcome.snapshotUrl === undefined
      ? (welcome.records ?? [])
      : (await api.json<{ records: { id: string }[] }>(welcome.snapshotUrl, { credential: jwt })).records;
  const shown = new Set(records.map(({ id }) => id));
  return { socket, token: jwt, session: { permissions: ["read", "write"], claim, user: "ana" }, shown, n: 0 };
}

async function pushed(member: Member, ops: readonly Op[]): Promise<string> {
  const n = ++member.n;
  member.socket.push(n, ops);
  const answer = await member.socket.until(
    "an answer",
    (message): message is Extract<typeof message, { type: "batch" }> => isAck(n)(message) || isReject(n)(message),
  );
  return answer.rejects?.find((reject) => reject.n === n)?.code ?? "ok";
}

async function asked(member: Member, path: string, method: string, json?: unknown): Promise<string> {
  const response = await api.request(`/viewer/documents/${document}${path}`, {
    method,
    credential: member.token,
    ...(json === undefined ? {} : { json }),
  });
  if (response.ok) return "ok";
  return ((await response.json()) as { code: string }).code;
}

/** What `explain` answers about such a record; for a change of group, to g3. */
async function explained(member: Member, action: string, { kind, createdBy, group }: NaiveRecord): Promise<boolean> {
  const json = {
    session: member.token,
    action,
    record: { kind, created_by: createdBy, group },
    ...(action === "set-group" ? { group: "g3" } : {}),
  };
  return (await api.json<{ allowed: boolean }>(`/viewer/documents/${document}/explain`, { json })).allowed;
}

/** Tries the action by WebSocket and, where there is a route, by HTTP; each on a record of its own. */
async function tried(member: Member, type: Type, action: string, ownership: Ownership): Promise<string[]> {
  const fresh = () => make(type, ownership);
  const one = type === "annotations" ? "/annotations" : "/comments";
  const ws = await fresh();
  const http = type === "form-fields" ? null : await fresh();
  switch (action) {
    case "edit": {
      const patch = type === "annotations" ? { note: "n" } : type === "comments" ? { text: jsonOf("n") } : { label: "n" };
      const content = type === "annotations" ? { note: "n" } : { text: "n" };
      return [
        await pushed(member, [["u", ws.id, patch]]),
        ...(http === null ? [] : [await asked(member, `${one}/${http.id}`, "PATCH", { content })]),
      ];
    }
    case "delete":
      return [await pushed(member, [["d", ws.id]]), ...(http === null ? [] : [await asked(member, `${one}/${http.id}`, "DELETE")])];
    case "set-group":
      return [
        await pushed(member, [["g", ws.id, "g3"]]),
        ...(http === null ? [] : [await asked(member, `${one}/${http.id}`, "PATCH", { group: "g3" })]),
      ];
    case "fill":
      return [await pushed(member, [["u", `${ws.id}:v`, { value: "filled" }]])];
    default: {
      const comment = { root: ws.root, text: jsonOf("me too") };
      return [
        await pushed(member, [["c", `${ws.id}-reply`, "comment", comment]]),
        await asked(member, `/annotations/${http!.root}/comments`, "POST", { comments: [{ content: { text: "me too" } }] }),
        await asked(member, `/annotations/${http!.root}/comments/resolve`, "POST", {}),
      ];
    }
  }
}

const KIND: Readonly<Record<string, string>> = { annotations: "annotation", comments: "comment", "form-fields": "field" };
const cells = Object.entries(GRANTABLE).flatMap(([type, actions]) =>
  actions.flatMap((action) => SCOPES.map((scope) => [type, action, scope] as const)),
);

describe("each grant, granted and denied", () => {
  it.each(cells.filter(([, action]) => action !== "view"))("%s:%s:%s", async (type, action, scope) => {
    const views = ["annotations:view:all", "comments:view:all", "form-fields:view:all"];
    // The group that a record is moved to must be in scope, too.
    const target = action === "set-group" && scope === "group=g1" ? [`${type}:set-group:group=g3`] : [];
    const holder = await join([...views, `${type}:${action}:${scope}`, ...target]);
    const without = scope === "all" ? await join(views) : holder;
    const kind = action === "fill" ? "value" : KIND[type]!;
    for (const [member, ownership] of [
      [holder, OWNERSHIP[scope][0]],
      [without, OWNERSHIP[scope][1]],
    ] as const) {
      const before: NaiveRecord = { kind, createdBy: ownership.user, group: ownership.group };
      const after = action === "delete" || action === "reply" ? null : { ...before, group: action === "set-group" ? "g3" : before.group };
      const expected = naivelyMay(member.session, action, before, after);
      // Nobody made a value: only its group, or all, can say who fills it.
      expect(expected).toBe(
        ownership === OWNERSHIP[scope][0] && member === holder && !(action === "fill" && (scope === "self" || scope === "createdBy=ben")),
      );
      expect(await explained(member, action, before), "what explain says").toBe(expected);
      const answers = await tried(member, type, action, ownership);
      expect(answers, `${expected ? "allowed" : "denied"} over each way`).toEqual(answers.map(() => (expected ? "ok" : "forbidden")));
    }
    holder.socket.close();
    if (without !== holder) without.socket.close();
  });

  it.each(cells.filter(([, action]) => action === "view"))("%s:%s:%s, in the snapshot, live, and by HTTP", async (type, _action, scope) => {
    const roots = type === "comments" ? ["annotations:view:all"] : [];
    const [before, hiddenBefore] = [await make(type, OWNERSHIP[scope][0]), await make(type, OWNERSHIP[scope][1])];
    const holder = await join([...roots, `${type}:view:${scope}`]);
    const without = scope === "all" ? await join(roots) : holder;
    const [now, hiddenNow] = [await make(type, OWNERSHIP[scope][0]), await make(type, OWNERSHIP[scope][1])];
    const route = type === "annotations" ? "/annotations" : "/comments";
    for (const [member, ownership, old, fresh] of [
      [holder, OWNERSHIP[scope][0], before, now],
      [without, OWNERSHIP[scope][1], hiddenBefore, hiddenNow],
    ] as const) {
      const expected = naivelySees(member.session, { kind: KIND[type]!, createdBy: ownership.user, group: ownership.group });
      expect(expected).toBe(member === holder && ownership === OWNERSHIP[scope][0]);
      expect(member.shown.has(old.id)).toBe(expected);
      // A push is answered after everything that came before it.
      await pushed(member, [["u", "no-such-record", {}]]);
      const told = JSON.stringify(member.socket.messages).includes(`"${fresh.id}"`);
      expect(told).toBe(expected);
      const snapshot = await api.json<{ records: { id: string }[] }>(`/viewer/documents/${document}/records`, { credential: member.token });
      expect(snapshot.records.some(({ id }) => id === fresh.id)).toBe(expected);
      const head = { kind: KIND[type]!, createdBy: ownership.user, group: ownership.group };
      expect(await explained(member, "view", head), "what explain says").toBe(expected);
      if (type !== "form-fields") expect(await asked(member, `${route}/${fresh.id}`, "GET")).toBe(expected ? "ok" : "not_found");
      // What is hidden is not there, whatever is tried.
      if (!expected) expect(await pushed(member, [["d", fresh.id]])).toBe("not_found");
    }
    holder.socket.close();
    if (without !== holder) without.socket.close();
  });

  it.each<readonly [claim: readonly string[] | null, permissions: readonly string[]]>([
    [null, ["read", "write"]],
    [[], ["read", "write"]],
    [["bookmarks:edit:all"], ["read", "write"]],
    [["pages:edit:all"], ["read", "write"]],
    [["annotations:edit:all"], ["read", "write"]],
    [["pages:edit:all", "bookmarks:edit:all"], ["read"]],
  ])("pages and bookmarks with %j and %j, over each way", async (claim, permissions) => {
    const own = (await api.upload(pagesPdf(2))).id;
    const { jwt } = await api.session(
      { document_id: own, document_permissions: permissions, ...(claim === null ? {} : { collaboration_permissions: claim }) },
      { user_id: "ana" },
    );
    const socket = await testSocket(api.url);
    await socket.hello(jwt);
    const member: Member = { socket, token: jwt, session: { permissions, claim, user: "ana" }, shown: new Set(), n: 0 };
    const over = async (path: string, method: string, json: unknown): Promise<string> => {
      const response = await api.request(`/viewer/documents/${own}${path}`, { method, credential: jwt, json });
      return response.ok ? "ok" : ((await response.json()) as { code: string }).code;
    };
    const explains = async (kind: string): Promise<boolean> =>
      (
        await api.json<{ allowed: boolean }>(`/viewer/documents/${own}/explain`, {
          json: { session: jwt, action: "edit", record: { kind } },
        })
      ).allowed;
    const may = (kind: string): boolean => {
      const head: NaiveRecord = { kind, createdBy: "ana", group: null };
      return naivelyMay(member.session, "edit", head, head);
    };
    const answer = (kind: string): string => (may(kind) ? "ok" : "forbidden");
    const content = { v: 1, type: "pspdfkit/bookmark", name: "Here", action: { type: "goTo", pageIndex: 1 } };
    expect(await pushed(member, [["c", "mark", "bookmark", { name: "There", action: { type: "goTo", page: "1.0" } }]])).toBe(
      answer("bookmark"),
    );
    expect(await over("/bookmarks", "POST", { content })).toBe(answer("bookmark"));
    expect(await explains("bookmark")).toBe(may("bookmark"));
    expect(await pushed(member, [["u", "1.0", { rotation: 90 }]])).toBe(answer("page"));
    const operations = [{ type: "rotatePages", pageIndexes: [1], rotateBy: 90 }];
    expect(await over("/apply_operations", "POST", { operations })).toBe(answer("page"));
    expect(await explains("page")).toBe(may("page"));
    socket.close();
  });

  it("a record that changes its group comes into sight, and leaves it", async () => {
    const member = await join(["annotations:view:group=g1"]);
    const { id } = await make("annotations", { user: "cy", group: "g2" });
    const regroup = (group: string): Promise<unknown> =>
      api.json(`/viewer/documents/${document}/annotations/${id}`, { method: "PATCH", json: { group } });
    const told =
      (op: string) =>
      (message: (typeof member.socket.messages)[number]): message is Extract<typeof message, { type: "batch" }> =>
        message.type === "batch" &&
        message.changes.some(({ ops }) => ops.some((each) => each[0] === op && (each[0] === "p" ? each[1].id : each[1]) === id));
    await regroup("g1");
    await member.socket.until("it is shown", told("p"));
    await regroup("g2");
    await member.socket.until("it is gone", told("x"));
    await api.json(`/viewer/documents/${document}/annotations/${id}`, { method: "PATCH", json: { content: { note: "unseen" } } });
    await pushed(member, [["u", "no-such-record", {}]]);
    expect(JSON.stringify(member.socket.messages)).not.toContain("unseen");
    member.socket.close();
  });
});
