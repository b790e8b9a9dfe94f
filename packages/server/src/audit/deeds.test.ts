/** Each operation that changes something tells of it: in the audit, and to webhooks. A new one fails until it is in the list. */
import { api, type AuditEntry, type Delivery } from "@lectern/protocol";
import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { appSigner, inSeconds } from "../testing/app-signer.ts";
import { testReceiver, type TestReceiver } from "../testing/test-receiver.ts";
import { auditRows } from "./store.ts";
import { type RequestOptions, type TestServer, testServer } from "../testing/test-server.ts";

interface Deed {
  readonly run: () => Promise<unknown>;
  /** In the audit: a newer entry with this action, by this kind of caller. */
  readonly action: string;
  readonly by?: "key" | "account" | "session" | "user";
  /** Webhooks hear of it. */
  readonly topics?: readonly string[];
}
/** Why it leaves no trace. */
type Traceless = string;

let service: TestServer;
let there: TestReceiver;
let cookie = "";
/** What one deed leaves for those after it. */
const made: Record<string, string> = {};

beforeAll(async () => {
  service = await testServer({ env: { LECTERN_ALLOW_PRIVATE_ADDRESSES: "true" } });
  there = await testReceiver();
  const hook = await service.json<{ data: { id: string } }>("/viewer/webhooks", { json: { url: there.url } });
  made["listener"] = hook.data.id;
  for (const name of ["document", "doomed", "other"]) made[name] = (await service.upload(pagesPdf(2), `title=${name}`)).id;
});
afterAll(async () => {
  await service.close();
  await there.close();
});

const send = (path: string, method: string, json?: unknown, more: RequestOptions = {}) =>
  service.json<Record<string, any>>(`/viewer${path}`, { method, ...(json === undefined ? {} : { json }), ...more });
const at = (rest: string): string => `/documents/${made["document"]}${rest}`;
async function admin(path: string, method: string, json?: unknown): Promise<Record<string, any>> {
  const response = await service.request(`/admin${path}`, {
    method,
    credential: null,
    ...(json === undefined ? {} : { json }),
    headers: { origin: service.url, ...(cookie === "" ? {} : { cookie }) },
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  cookie = response.headers.get("set-cookie")?.split(";")[0] ?? cookie;
  return (await response.json()) as Record<string, any>;
}
const note = { type: "pspdfkit/note", pageIndex: 0, bbox: [0, 0, 9, 9], text: { format: "plain", value: "x" } };
const text = (value: string) => ({ format: "plain", value });
const person = { email: "ann@example.com", name: "Ann", password: "correct horse battery" };

const field = { v: 1, type: "pspdfkit/form-field/text", name: "name", label: "name", annotationIds: [] };
const widget = { v: 2, type: "pspdfkit/widget", pageIndex: 0, bbox: [9, 9, 80, 20], formFieldName: "name" };
const mark = { v: 1, type: "pspdfkit/bookmark", action: { type: "goTo", pageIndex: 0 } };

/** In the log of the layer; no topic. */
const written = (run: Deed["run"]): Deed => ({ run, action: "layer.changed", by: "user" });
const changed = (topic: string, run: Deed["run"]): Deed => ({ run, action: "layer.changed", by: "user", topics: [topic] });

/** In the order in which they are done. */
const DEEDS: Readonly<Record<string, Deed | Traceless>> = {
  "documents.upload": {
    run: async () => (made["uploaded"] = (await service.upload(pagesPdf(1))).id),
    action: "document.created",
    by: "key",
    topics: ["document.created", "document.ready"],
  },
  "uploads.create": "nothing but a place for bytes, until the last of them has come",
  "uploads.append": {
    async run() {
      const bytes = Buffer.from(pagesPdf(1));
      const tus = { "tus-resumable": "1.0.0" };
      const begun = await service.request("/viewer/uploads", {
        method: "POST",
        headers: { ...tus, "upload-length": String(bytes.length) },
      });
      const part = { ...tus, "upload-offset": "0", "content-type": "application/offset+octet-stream" };
      const sent = await service.request(begun.headers.get("location")!, { method: "PATCH", headers: part, body: bytes });
      if (sent.status !== 204) throw new Error(await sent.text());
    },
    action: "document.created",
    by: "key",
    topics: ["document.created", "document.ready"],
  },
  "uploads.end": "bytes of no document are thrown away",
  "documents.update": {
    run: () => send(at(""), "PATCH", { title: "Plan" }),
    action: "document.updated",
    by: "key",
    topics: ["document.updated"],
  },
  "documents.copy": {
    run: () => send("/copy_document", "POST", { document_id: made["document"], new_document_id: "copied" }),
    action: "document.created",
    by: "key",
    topics: ["document.created"],
  },
  "documents.delete": {
    run: () => send(`/documents/${made["doomed"]}`, "DELETE"),
    action: "document.deleted",
    by: "key",
    topics: ["document.deleted"],
  },
  "documents.bulkDelete": {
    run: () => send("/documents?document_id=copied", "DELETE"),
    action: "document.deleted",
    by: "key",
    topics: ["document.deleted"],
  },
  "documents.pdfPost": "reads",
  "annotations.create": changed("annotation.created", () => send(at("/annotations"), "POST", { id: "n1", content: note })),
  "annotations.updateMany": changed("annotation.updated", () =>
    send(at("/annotations"), "PUT", { annotations: [{ id: "n1", content: { ...note, opacity: 0.9 } }] }),
  ),
  "annotations.update": changed("annotation.updated", () =>
    send(at("/annotations/n1"), "PUT", { content: { ...note, text: text("two") } }),
  ),
  "annotations.patch": changed("annotation.updated", () => send(at("/annotations/n1"), "PATCH", { content: { opacity: 0.5 } })),
  "annotations.delete": changed("annotation.deleted", () => send(at("/annotations/n1"), "DELETE")),
  "annotations.deleteMany": changed("annotation.deleted", async () => {
    await send(at("/annotations"), "POST", { id: "n2", content: note });
    await send(at("/annotations"), "DELETE", { annotationIds: ["n2"] });
  }),
  "comments.create": changed("comment.created", () =>
    send(at("/comments"), "POST", {
      annotation: { id: "root", content: { type: "pspdfkit/comment-marker", pageIndex: 0, bbox: [0, 0, 9, 9] } },
      comments: [{ id: "c1", content: { type: "pspdfkit/comment", v: 2, text: { format: "xhtml", value: "<p>one</p>" } } }],
    }),
  ),
  "comments.append": changed("comment.created", () =>
    send(at("/annotations/root/comments"), "POST", {
      comments: [{ id: "c2", content: { type: "pspdfkit/comment", v: 2, text: { format: "xhtml", value: "<p>two</p>" } } }],
    }),
  ),
  "comments.update": changed("comment.updated", () =>
    send(at("/comments/c2"), "PATCH", { content: { text: { format: "xhtml", value: "<p>three</p>" } } }),
  ),
  "comments.resolve": changed("comment.resolved", () => send(at("/annotations/root/comments/resolve"), "POST", {})),
  "comments.reopen": changed("comment.created", () => send(at("/annotations/root/comments/reopen"), "POST", {})),
  "comments.react": { run: () => send(at("/comments/c1/reactions"), "POST", { emoji: "👍", user_id: "mia" }), action: "layer.changed" },
  "comments.unreact": { run: () => send(at("/comments/c1/reactions"), "DELETE", { emoji: "👍", user_id: "mia" }), action: "layer.changed" },
  "comments.delete": changed("comment.deleted", () => send(at("/comments/c2"), "DELETE")),
  "comments.markSeen": "how far somebody has read is his own business",
  "forms.updateValues": changed("form.filled", async () => {
    const { orderForm } = await import("@lectern/pdf/testing");
    const { id } = await service.upload(orderForm());
    const values = await service.json<{ data: { formFieldValues: { name: string; value: unknown }[] } }>(
      `/viewer/documents/${id}/form-field-values`,
    );
    const { name } = values.data.formFieldValues.find(({ value }) => typeof value === "string")!;
    await send(`/documents/${id}/form-field-values`, "POST", { formFieldValues: [{ name, value: "7" }] });
  }),
  "forms.createFields": written(() => send(at("/form-fields"), "POST", { formFields: [{ id: "f1", content: field }] })),
  "forms.createWidgets": written(() => send(at("/form-field-widgets"), "POST", { formFieldWidgets: [{ id: "w1", content: widget }] })),
  "forms.updateFields": written(() => send(at("/form-fields"), "PUT", { formFields: [{ id: "f1", content: { ...field, label: "two" } }] })),
  "forms.updateWidgets": written(() =>
    send(at("/form-field-widgets"), "PUT", { formFieldWidgets: [{ id: "w1", content: { ...widget, bbox: [9, 9, 90, 20] } }] }),
  ),
  "forms.deleteWidgets": written(() => send(at("/form-field-widgets"), "DELETE", { formFieldWidgetIds: ["w1"] })),
  "forms.deleteFields": written(() => send(at("/form-fields"), "DELETE", { formFieldIds: ["f1"] })),
  "layers.create": { run: () => send(at("/layers"), "POST", { name: "draft" }), action: "layer.created", by: "key" },
  "layers.merge": {
    run: async () => {
      await send(at("/layers/draft/annotations"), "POST", { id: "m1", content: note });
      await send(at("/layers/draft/merge"), "POST", { into: "" });
    },
    action: "layer.merged",
    by: "user",
    topics: ["annotation.created"],
  },
  "layers.restore": {
    run: async () => {
      await send(at("/annotations/m1"), "DELETE");
      const { seq } = (await send(at("/changes"), "GET")) as { seq: number };
      await send(at("/restore"), "POST", { seq: seq - 1, ids: ["m1"] });
    },
    action: "layer.restored",
    by: "user",
    topics: ["annotation.created"],
  },
  "layers.delete": { run: () => send(at("/layers/draft"), "DELETE"), action: "layer.deleted", by: "key" },
  "pageOperations.apply": {
    run: () => send(at("/apply_operations"), "POST", { operations: [{ type: "rotatePages", pageIndexes: [0], rotateBy: 90 }] }),
    action: "layer.changed",
  },
  "pageOperations.importFile": {
    run: () => send(at("/pages"), "POST", undefined, { body: pagesPdf(1), headers: { "content-type": "application/pdf" } }),
    action: "layer.changed",
  },
  "attachments.create": "nobody sees the picture until an annotation names it, which is told",
  "documents.setOutline": written(() =>
    send(at("/outline.json"), "PUT", { outline: [{ title: "Start", action: { type: "goTo", pageIndex: 0 } }] }),
  ),
  "bookmarks.create": written(() => send(at("/bookmarks"), "POST", { id: "mark", content: mark })),
  "bookmarks.update": written(() => send(at("/bookmarks/mark"), "PUT", { content: { ...mark, name: "There" } })),
  "bookmarks.patch": written(() => send(at("/bookmarks/mark"), "PATCH", { content: { name: "Here" } })),
  "bookmarks.delete": written(() => send(at("/bookmarks/mark"), "DELETE")),
  "interchange.applyJson": changed("annotation.created", () =>
    send(at("/apply_instant_json"), "POST", { format: "https://pspdfkit.com/instant-json/v1", annotations: [{ v: 2, ...note }] }),
  ),
  "interchange.applyXfdf": changed("annotation.created", () =>
    service.json(`/viewer${at("/apply_xfdf")}`, {
      method: "POST",
      body: '<xfdf xmlns="http://ns.adobe.com/xfdf/"><annots><square page="0" rect="1,1,9,9"/></annots></xfdf>',
    }),
  ),
  "interchange.pdfWithJson": "reads",
  "interchange.copyWithJson": {
    run: () => send(at("/copy_with_instant_json"), "POST"),
    action: "document.created",
    by: "key",
    topics: ["document.created"],
  },
  "pageOperations.pdf": "reads",
  "builds.build": "answers a file, and stores none",
  "inspection.inspectSignatures": "answers about a file, and stores none",
  "jobs.prerender": "makes images of what is there, and changes nothing of it",
  "builds.applyInstructions": {
    run: () => send(at("/apply_instructions"), "POST", { parts: [{ document: { id: "#self" } }, { page: "new" }] }),
    action: "layer.changed",
  },
  "redactions.create": changed("annotation.created", () =>
    send(`/documents/${made["other"]}/redactions`, "POST", { strategy: "regex", strategyOptions: { regex: ".+" } }),
  ),
  "redactions.apply": { run: () => send(`/documents/${made["other"]}/redact`, "POST"), action: "layer.changed" },
  "layers.purge": { run: () => send(`/documents/${made["other"]}/purge`, "POST"), action: "document.purged", by: "key" },
  "sessions.create": {
    run: async () => {
      const session = await service.session(made["document"]!, { user_id: "mia" });
      [made["session"], made["token"]] = [session.session_id, session.jwt];
    },
    action: "session.minted",
    by: "key",
  },
  "open.open": {
    run: async () => {
      const signer = appSigner();
      const key = await send("/public_keys", "POST", { name: "Backend", pem: signer.pem });
      const token = await signer.sign({ document_id: made["document"], permissions: ["read-document"], exp: inSeconds(600) });
      made["key"] = (key["data"] as { id: string }).id;
      const open = () => service.json("/viewer/open", { credential: null, body: JSON.stringify({ token }) });
      await open();
      await open();
    },
    action: "session.first_used",
    by: "session",
    topics: ["session.opened"],
  },
  "sessions.explain": "reads",
  "sessions.revoke": { run: () => send(`/sessions/${made["session"]}`, "DELETE"), action: "session.revoked", by: "key" },
  "publicKeys.create": {
    run: () => send("/public_keys", "POST", { name: "Second", pem: appSigner("EdDSA").pem }),
    action: "public_key.created",
    by: "key",
  },
  "publicKeys.delete": { run: () => send(`/public_keys/${made["key"]}`, "DELETE"), action: "public_key.removed", by: "key" },
  "tokens.create": {
    run: async () => {
      const one = await send("/tokens", "POST", { expires_in: 600 });
      const two = await send("/tokens", "POST", { expires_in: 600 });
      [made["access"], made["secret"]] = [one["id"] as string, two["access_token"] as string];
    },
    action: "token.created",
    by: "key",
  },
  "tokens.delete": { run: () => send(`/tokens/${made["access"]}`, "DELETE"), action: "key.revoked", by: "key" },
  "tokens.revoke": { run: () => send("/revoke", "POST", { jwts: [made["secret"]] }), action: "key.revoked", by: "key" },
  "webhooks.create": {
    run: async () => {
      const hook = await send("/webhooks", "POST", { url: there.url, topics: ["document.failed"] });
      made["hook"] = (hook["data"] as { id: string }).id;
    },
    action: "webhook.created",
    by: "key",
  },
  "webhooks.update": {
    run: () => send(`/webhooks/${made["hook"]}`, "PATCH", { description: "failures" }),
    action: "webhook.updated",
    by: "key",
  },
  "webhooks.rotateSecret": {
    run: () => send(`/webhooks/${made["hook"]}/rotate_secret`, "POST", {}),
    action: "webhook.secret_rotated",
    by: "key",
  },
  "webhooks.test": {
    run: async () => {
      const delivery = await send(`/webhooks/${made["hook"]}/test`, "POST");
      made["delivery"] = (delivery["data"] as { id: string }).id;
    },
    action: "webhook.tested",
    by: "key",
  },
  "webhooks.replay": {
    run: async () => {
      const delivery = `/webhooks/${made["hook"]}/deliveries/${made["delivery"]}`;
      await expect.poll(async () => (await send(delivery, "GET"))["data"].status, { timeout: 20_000 }).toBe("delivered");
      await send(`${delivery}/replay`, "POST");
    },
    action: "webhook.replayed",
    by: "key",
  },
  "webhooks.delete": { run: () => send(`/webhooks/${made["hook"]}`, "DELETE"), action: "webhook.deleted", by: "key" },
  "accounts.useLink": {
    run: async () => admin("/link", "POST", { token: await service.server.accounts.createLink(), ...person }),
    action: "account.signed_in",
    by: "account",
  },
  "accounts.signOut": { run: () => admin("/sign-out", "POST"), action: "account.signed_out", by: "account" },
  "accounts.signIn": {
    run: () => admin("/sign-in", "POST", { email: person.email, password: person.password }),
    action: "account.signed_in",
    by: "account",
  },
  "accounts.createApplication": {
    run: async () => (made["application"] = (await admin("/applications", "POST", { name: "Second" }))["data"].id as string),
    action: "application.created",
    by: "account",
  },
  "accounts.updateApplication": {
    run: () => admin(`/applications/${made["application"]}`, "PATCH", { name: "Renamed" }),
    action: "application.updated",
    by: "account",
  },
  "accounts.createKey": {
    run: async () => {
      const { data } = await admin(`/applications/${made["application"]}/keys`, "POST", { name: "k" });
      made["apiKey"] = data.id as string;
    },
    action: "key.created",
    by: "account",
  },
  "accounts.revokeKey": {
    run: () => admin(`/applications/${made["application"]}/keys/${made["apiKey"]}`, "DELETE"),
    action: "key.revoked",
    by: "account",
  },
};

/** Of this action, newest first: over HTTP, but for what only somebody signed in may read. */
async function entries({ action, by }: Deed): Promise<readonly { readonly id: string; readonly kind: string }[]> {
  if (by !== "account") {
    const { data } = await service.json<{ data: AuditEntry[] }>(`/viewer/audit?action=${action}&limit=500`);
    return data.map(({ id, actor }) => ({ id, kind: actor.kind }));
  }
  const filter = { withAccounts: true, actor: null, documentId: null, action, from: null, to: null };
  const rows = await auditRows(
    service.server.documents.database,
    { applicationId: made["application"] ?? "default", ...filter },
    { after: null, order: "newest", limit: 500 },
  );
  return rows.map(({ id, by: actor }) => ({ id, kind: actor.kind }));
}

async function delivered(): Promise<string[]> {
  const { data } = await service.json<{ data: Delivery[] }>(`/viewer/webhooks/${made["listener"]}/deliveries?limit=200`);
  return data.map(({ topic }) => topic);
}

it("covers the registry", () => {
  const changing = Object.entries(api).flatMap(([group, operations]) =>
    Object.entries(operations).flatMap(([verb, { method }]) => (method === "GET" ? [] : [`${group}.${verb}`])),
  );
  expect(Object.keys(DEEDS).toSorted()).toEqual(changing.toSorted());
});

const done = Object.entries(DEEDS).flatMap(([name, deed]) => (typeof deed === "string" ? [] : [[name, deed] as const]));

it.each(done)("%s tells of itself", async (_name, deed) => {
  const [before, heard] = [await entries(deed), await delivered()];
  await deed.run();
  const after = await entries(deed);
  expect(after.length, "entries in the audit").toBeGreaterThan(before.length);
  if (deed.by !== undefined) expect(after[0]!.kind).toBe(deed.by);
  for (const topic of deed.topics ?? []) {
    const count = (all: readonly string[]): number => all.filter((one) => one === topic).length;
    await expect.poll(async () => count(await delivered()), { timeout: 20_000, message: topic }).toBeGreaterThan(count(heard));
  }
});

it("writes no row twice for a session that is used again", async () => {
  expect(await entries({ run: () => Promise.resolve(), action: "session.first_used" })).toHaveLength(1);
});
