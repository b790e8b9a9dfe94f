/**
 * What each operation's example sends, where its schema alone does not show it well, and the example in curl and TypeScript. All of them run, in one
 * story: `scripts/examples.test.ts`.
 */
import type { JsonSchema } from "./client-types.ts";
import { jsonSchema } from "./openapi.ts";
import type { Operation } from "./operation.ts";

/** What an earlier answer gave: `$WEBHOOK_ID` in a shell, `webhookId` in TypeScript. */
class Earlier {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  /** The size of a file that the example reads. */
  static readonly fileSize = new Earlier("file.size");
}
const earlier = (name: string): Earlier => new Earlier(name);

interface Example {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string | Earlier>>;
  /** JSON; also where any body would do. */
  readonly body?: unknown;
  /** Of operations that take any body, instead of JSON; default: a PDF. null: none. */
  readonly file?: { readonly name: string; readonly type: string } | null;
  readonly text?: { readonly content: string; readonly type: string };
}

/** What stands in examples, by the name of a parameter or member. */
const VALUES: Readonly<Record<string, unknown>> = {
  documentId: "contract-7",
  document_id: "contract-7",
  annotationId: "annotation-1",
  commentId: "comment-1",
  bookmarkId: "bookmark-1",
  formFieldId: "quantity-field",
  formFieldWidgetId: "quantity-widget",
  layerName: "review",
  pageIndex: 0,
  width: 800,
  q: "rent",
  email: "ana@example.com",
  index: 0,
  variant: "_",
  file: "960.webp",
  ...Object.fromEntries(
    ["applicationId", "attachmentId", "blob", "deliveryId", "grant", "jobId", "keyId", "sessionId", "tokenId", "uploadId", "webhookId"].map(
      (name) => [name, earlier(name)],
    ),
  ),
};

const text = (value: string): object => ({ format: "plain", value });
const NOTE = { v: 2, type: "pspdfkit/note", pageIndex: 0, bbox: [72, 72, 24, 24], text: text("Please check") };
const COMMENT = { pageIndex: 0, text: text("Please check") };
const BOOKMARK = { v: 1, type: "pspdfkit/bookmark", name: "Signature", action: { type: "goTo", pageIndex: 0 } };
const FIELD = { v: 1, type: "pspdfkit/form-field/text", name: "quantity", label: "Quantity", annotationIds: ["quantity-widget"] };
const WIDGET = { v: 2, type: "pspdfkit/widget", pageIndex: 0, bbox: [72, 200, 120, 24], formFieldName: "quantity", fontSize: "auto" };
const ROTATION = { operations: [{ type: "rotatePages", pageIndexes: [0], rotateBy: 90 }] };
const CHANGES = { format: "https://pspdfkit.com/instant-json/v1", annotations: [{ ...NOTE, id: "annotation-2" }] };
const XFDF =
  '<xfdf xmlns="http://ns.adobe.com/xfdf/"><annots><text page="0" rect="72,700,96,724" name="annotation-3"><contents>Please check</contents></text></annots></xfdf>';
const PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----";
const TUS = { "Tus-Resumable": "1.0.0" };

const EXAMPLES: Readonly<Record<string, Example>> = {
  "documents.upload": { query: { document_id: "contract-7" } },
  "documents.update": { body: { title: "Contract 7" } },
  "documents.setOutline": { body: { outline: [{ title: "Start", action: { type: "goTo", pageIndex: 0 } }] } },
  "documents.copy": { body: { document_id: "contract-7", new_document_id: "contract-8" } },
  "documents.bulkDelete": { query: { title: "Contract 7" } },
  "documents.pdfPost": { body: { flatten: true } },
  "uploads.create": { headers: { ...TUS, "Upload-Length": Earlier.fileSize }, file: null },
  "uploads.append": {
    headers: { ...TUS, "Upload-Offset": "0" },
    file: { name: "contract.pdf", type: "application/offset+octet-stream" },
  },
  "uploads.end": { headers: TUS },
  "annotations.create": { body: { id: "annotation-1", content: NOTE, user_id: "ana" } },
  "annotations.updateMany": { body: { annotations: [{ id: "annotation-1", content: NOTE }] } },
  "annotations.update": { body: { content: NOTE } },
  "annotations.patch": { body: { content: { text: text("Checked") } } },
  "annotations.deleteMany": { body: { annotationIds: ["annotation-2"] } },
  "attachments.create": { file: { name: "stamp.png", type: "image/png" } },
  "comments.create": {
    body: {
      annotation: { content: { v: 2, type: "pspdfkit/comment-marker", pageIndex: 0, bbox: [72, 72, 24, 24] } },
      comments: [{ content: COMMENT, user_id: "ana" }],
    },
  },
  "comments.append": { body: { comments: [{ id: "comment-1", content: COMMENT, user_id: "ben" }] } },
  "comments.update": { body: { content: { text: text("Checked") } } },
  "comments.resolve": { body: { user_id: "ana" } },
  "comments.reopen": { body: { user_id: "ana" } },
  "comments.react": { body: { emoji: "👍", user_id: "ana" } },
  "comments.unreact": { body: { emoji: "👍", user_id: "ana" } },
  "forms.createFields": { body: { formFields: [{ id: "quantity-field", content: FIELD }] } },
  "forms.updateFields": { body: { formFields: [{ id: "quantity-field", content: { ...FIELD, label: "How many" } }] } },
  "forms.deleteFields": { body: { formFieldIds: ["quantity-field"] } },
  "forms.createWidgets": { body: { formFieldWidgets: [{ id: "quantity-widget", content: WIDGET }] } },
  "forms.updateWidgets": { body: { formFieldWidgets: [{ id: "quantity-widget", content: { ...WIDGET, bbox: [72, 240, 120, 24] } }] } },
  "forms.deleteWidgets": { body: { formFieldWidgetIds: ["quantity-widget"] } },
  "forms.updateValues": { body: { formFieldValues: [{ name: "quantity", value: "7" }] } },
  "bookmarks.create": { body: { id: "bookmark-1", content: BOOKMARK } },
  "bookmarks.update": { body: { content: BOOKMARK } },
  "bookmarks.patch": { body: { content: { name: "Signatures" } } },
  "interchange.applyJson": { body: CHANGES },
  "interchange.pdfWithJson": { body: CHANGES },
  "interchange.copyWithJson": { body: CHANGES },
  "interchange.applyXfdf": { text: { content: XFDF, type: "application/vnd.adobe.xfdf" } },
  "layers.create": { body: { name: "review" } },
  "layers.merge": { params: { layerName: "review" }, body: { into: "" } },
  "pageOperations.apply": { body: ROTATION },
  "pageOperations.pdf": { body: ROTATION },
  "builds.build": { body: { parts: [{ document: { id: "contract-7" } }, { page: "new", layout: { size: "A4" } }] } },
  "builds.applyInstructions": { body: { parts: [{ document: { id: "#self" } }, { page: "new", layout: { size: "A4" } }] } },
  "redactions.create": { body: { strategy: "preset", strategyOptions: { preset: "email-address" } } },
  "redactions.apply": { body: {} },
  "jobs.prerender": { body: {} },
  "sessions.create": {
    body: {
      allowed_documents: [{ document_id: "contract-7", document_permissions: ["read", "write"] }],
      user_id: "ana",
      creator_name: "Ana Ruiz",
      expires_in: 3600,
    },
  },
  "sessions.explain": { body: { session: earlier("sessionId"), action: "edit", record: "annotation-1" } },
  "publicKeys.create": { body: { name: "backend", pem: PUBLIC_KEY, max_ttl: 3600 } },
  "tokens.create": { body: { name: "nightly export", scope: "read", expires_in: 3600 } },
  "tokens.revoke": { body: { jwts: [earlier("sessionToken")] } },
  "open.open": { body: { token: earlier("sessionToken"), width: 960 } },
  "open.imageAttachment": { params: { blob: earlier("attachmentId") } },
  "webhooks.create": { body: { url: "https://app.example.com/hooks/lectern", topics: ["document.*"] } },
  "webhooks.update": { body: { topics: ["document.*", "comment.created"] } },
  "webhooks.rotateSecret": { body: { overlap_hours: 24 } },
  "accounts.signIn": { body: { email: "ana@example.com", password: "correct horse battery" } },
  "accounts.useLink": {
    body: { token: earlier("linkToken"), email: "ana@example.com", name: "Ana Ruiz", password: "correct horse battery" },
  },
  "accounts.createApplication": { body: { name: "Tenancy" } },
  "accounts.updateApplication": { body: { allowed_origins: ["https://app.example.com"] } },
  "accounts.createKey": { body: { name: "backend", scope: "all" } },
};

const PDF = { name: "contract.pdf", type: "application/pdf" };

/** The same call in both languages. */
export function examplesOf(name: string, operation: Operation, path: string): { readonly curl: string; readonly typescript: string } {
  const example = EXAMPLES[name] ?? {};
  const params = { ...inputOf(operation, "params"), ...example.params };
  const query = { ...inputOf(operation, "query"), ...example.query };
  const takesJson = operation.bodyKind === "json" || operation.bodyKind === "text";
  const body = takesJson ? (example.body ?? leastOf("", jsonSchema(operation.body, "input"))) : example.body;
  const call: ExampleCall = { name, operation, path, params, query, body, example };
  return { curl: curlOf(call), typescript: typescriptOf(call) };
}

interface ExampleCall {
  readonly name: string;
  readonly operation: Operation;
  readonly path: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly example: Example;
}

function inputOf(operation: Operation, place: "params" | "query"): Record<string, unknown> {
  const schema = jsonSchema(operation[place], "input") as JsonSchema;
  const wanted = place === "params" ? Object.keys(schema.properties ?? {}) : (schema.required ?? []);
  const input = Object.fromEntries(wanted.map((name) => [name, VALUES[name] ?? leastOf(name, schema.properties?.[name] ?? {})]));
  // Of a page's width and height one is needed.
  return place === "query" && schema.properties?.["width"] !== undefined ? { ...input, width: 800 } : input;
}

/** The least that fits: what is required, of several choices the first. */
function leastOf(name: string, schema: JsonSchema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const choice = schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (choice !== undefined) return leastOf(name, choice);
  const type = typeof schema.type === "string" ? schema.type : schema.type?.[0];
  if (type === "object")
    return Object.fromEntries((schema.required ?? []).map((member) => [member, leastOf(member, schema.properties?.[member] ?? {})]));
  if (VALUES[name] !== undefined) return VALUES[name];
  if (type === "array") return [leastOf(name.replace(/s$/, ""), schema.items ?? {})];
  if (type === "integer" || type === "number") return 1;
  if (type === "boolean") return true;
  return type === "null" ? null : `${name.replace(/_?id$/i, "") || "an"}-1`;
}

function curlOf({ name, operation, path, params, query, body, example }: ExampleCall): string {
  const queries = Object.entries(query).map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`);
  const layered = "layerName" in params ? inLayer(operation, path) : path;
  const address = layered.replaceAll(/\{(\w+)\}/g, (_, key: string) => {
    const value = params[key];
    return value instanceof Earlier ? `$${shellName(value)}` : encodeURIComponent(String(value));
  });
  const method = operation.method === "GET" ? "" : `-X ${operation.method} `;
  const lines = [`curl ${method}"$LECTERN_URL${address}${queries.length === 0 ? "" : `?${queries.join("&")}`}"`];
  if (operation.auth === "key" || operation.auth === "either") lines.push(`-H "Authorization: Bearer $LECTERN_API_KEY"`);
  if (operation.auth === "token") lines.push(`-H "Authorization: Bearer $SESSION_TOKEN"`);
  if (operation.auth === "admin" || name === "accounts.me") lines.push("-b cookies.txt");
  // As a browser says it of the dashboard's own pages; others may change nothing.
  if (operation.auth === "admin" && operation.method !== "GET") lines.push(`-H "Origin: $LECTERN_URL"`);
  if (name === "accounts.signIn" || name === "accounts.useLink") lines.push("-c cookies.txt");
  for (const [header, value] of Object.entries(example.headers ?? {}))
    lines.push(value instanceof Earlier ? `-H "${header}: $(wc -c < contract.pdf)"` : `-H '${header}: ${value}'`);
  const sent = sentBy(operation, example, body);
  if (sent.type !== null) lines.push(`-H 'Content-Type: ${sent.type}'`);
  if (sent.kind === "file") lines.push(`--data-binary @${sent.name}`);
  if (sent.kind === "text") lines.push(`-d '${inShell(sent.content)}'`);
  if (sent.kind === "json")
    lines.push(`-d '${inShell(JSON.stringify(body, marked)).replaceAll(MARKED, (_, at: string) => `"'"$${at}"'"`)}'`);
  if (operation.responseType !== "application/json") lines.push("-o answer");
  return lines.join(" \\\n  ");
}

function typescriptOf({ name, operation, params, query, body, example }: ExampleCall): string {
  const sent = sentBy(operation, example, body);
  const isStream = operation.bodyKind === "stream";
  const input = { ...params, ...query, ...(sent.kind === "json" && !isStream ? (body as object | null) : {}) };
  const headers = Object.fromEntries(
    Object.entries(example.headers ?? {}).map(([header, value]) => [
      header,
      value instanceof Earlier ? earlier(`String(${value.name})`) : value,
    ]),
  );
  const options = example.headers === undefined ? "" : `, { headers: ${literal(headers)} }`;
  const type = sent.type === null ? "" : `, type: ${JSON.stringify(sent.type)}`;
  const given = literal(input);
  const argument = isStream
    ? `${given}, { body: ${uploadOf(sent, body)}${type} }${options}`
    : `${given === "{}" && options === "" ? "" : given}${options}`;
  const reads = sent.kind === "file" || Object.values(example.headers ?? {}).some((value) => value instanceof Earlier);
  const file = sent.kind === "file" ? sent.name : PDF.name;
  const client = clientOf(name, operation);
  return [
    ...(reads ? [`const file = await openAsBlob("${file}");`] : []),
    ...client.lines,
    `const answer = await ${client.name}.${name}(${argument});`,
  ].join("\n");
}

function uploadOf(sent: Sent, body: unknown): string {
  switch (sent.kind) {
    case "file":
      return "file";
    case "text":
      return JSON.stringify(sent.content);
    case "json":
      return `JSON.stringify(${literal(body)})`;
    case "none":
      return '""';
  }
}

function clientOf(name: string, { auth }: Operation): { readonly name: string; readonly lines: readonly string[] } {
  if (auth === "token") return { name: "reader", lines: ["const reader = createClient({ baseUrl, apiKey: sessionToken });"] };
  if (name.startsWith("accounts."))
    return { name: "dashboard", lines: ['const dashboard = createClient({ baseUrl, credentials: "include" });'] };
  return { name: "lectern", lines: [] };
}

type Sent =
  | { readonly kind: "file"; readonly name: string; readonly type: string }
  | { readonly kind: "text"; readonly content: string; readonly type: string }
  | { readonly kind: "json"; readonly type: string }
  | { readonly kind: "none"; readonly type: null };

function sentBy(operation: Operation, { file, text: given }: Example, body: unknown): Sent {
  if (operation.bodyKind === "none" || file === null) return { kind: "none", type: null };
  if (operation.bodyKind === "text") return { kind: "json", type: "text/plain" };
  if (operation.bodyKind === "json" || body !== undefined) return { kind: "json", type: "application/json" };
  return given === undefined ? { kind: "file", ...(file ?? PDF) } : { kind: "text", ...given };
}

const inLayer = (operation: Operation, path: string): string =>
  operation.layered ? path.replace("/documents/{documentId}", "/documents/{documentId}/layers/{layerName}") : path;

const shellName = ({ name }: Earlier): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
const inShell = (words: string): string => words.replaceAll("'", "'\\''");

/** Variables in JSON: the quotes of their text end for them. */
const MARKED = /"\u2039(\w+)\u203a"/g;
function marked(_key: string, value: unknown): unknown {
  return value instanceof Earlier ? `\u2039${shellName(value)}\u203a` : value;
}

/** JSON as TypeScript is written. */
function literal(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (inner instanceof Earlier ? `\u2039${inner.name}\u203a` : inner), 2)
    .replaceAll(/"(\w+)":/g, "$1:")
    .replaceAll(/"\u2039(.+?)\u203a"/g, "$1")
    .replaceAll(/^( *)(\w+): \2(,?)$/gm, "$1$2$3");
}
