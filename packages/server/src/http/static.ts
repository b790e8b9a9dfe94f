/** Pages and scripts: the SDK for other people's pages, the dashboard, the page that a `view_url` opens, and the description of the API. */
import { createHash } from "node:crypto";
import { openapi } from "@lectern/protocol/openapi";
import { publishedOpenapi } from "@lectern/protocol/upstream";
import { ApiError, ERRORS_PAGE } from "@lectern/protocol/plain";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { single } from "./auth.ts";
import { errorsPage } from "./errors-page.ts";
import { REFERENCE_SCRIPT, REFERENCE_STYLE, referencePage } from "./reference-page.ts";
import { type FileFolder, fileFolder, type ServedFile } from "./files.ts";

export interface StaticOptions {
  /** Folders with what was built of the viewer and the dashboard. */
  readonly sdk: string;
  readonly dashboard: string;
  readonly version: string;
}

/** A policy for our own pages: nothing from elsewhere, nothing inline. `blob:` and `data:` are images and workers that the viewer makes itself. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "frame-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join("; ");
/** A script that runs as a worker: it may compile the PDF engine, and load it from beside itself. */
const WORKER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' blob: data:";

const VIEW_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Document</title>
<link rel="icon" href="/dashboard/icon.svg">
<link rel="stylesheet" href="/view/view.css">
<script src="/sdk/lectern.js" defer></script>
<script src="/view/view.js" defer></script>
</head>
<body><div id="viewer"></div><noscript>This page shows a document; it needs JavaScript.</noscript></body>
</html>
`;
const VIEW_STYLE = `html, body, #viewer { block-size: 100%; margin: 0 }
.message { font: 1rem/1.5 system-ui, sans-serif; margin: 20vh auto; max-inline-size: 32rem; padding: 1rem; text-align: center }
`;
/** The token stands behind the hash, so that it is in no log; it stays there, so that the page can be loaded again. */
const VIEW_SCRIPT = `"use strict";
const token = location.hash.slice(1);
const viewer = document.getElementById("viewer");
function say(text) {
  const message = document.createElement("p");
  message.className = "message";
  message.textContent = text;
  viewer.replaceChildren(message);
}
addEventListener("hashchange", () => location.reload());
if (token === "") say("This address shows no document: the part behind # is missing.");
else if (window.Lectern === undefined) say("The viewer has not been built on this server.");
else window.Lectern.load({ container: viewer, session: token, serverUrl: location.origin }).catch((error) => {
  if (viewer.childElementCount === 0 && viewer.shadowRoot === null) say(error.message || "The document cannot be shown.");
});
`;

export function serveStatic(app: FastifyInstance, options: StaticOptions): void {
  const sdk = fileFolder(options.sdk);
  const dashboard = fileFolder(options.dashboard);

  app.get("/", async (_request, reply) => reply.redirect("/dashboard/", 302));
  page(app, "/view", text(VIEW_PAGE, "text/html; charset=utf-8"));
  page(app, "/view/view.css", text(VIEW_STYLE, "text/css; charset=utf-8"));
  page(app, "/view/view.js", text(VIEW_SCRIPT, "text/javascript; charset=utf-8"));

  page(app, ERRORS_PAGE, text(errorsPage(options.version), "text/html; charset=utf-8"));
  let docs: ServedFile | null = null;
  page(app, "/docs", () => (docs ??= text(referencePage(options.version), "text/html; charset=utf-8")));
  page(app, "/docs/docs.css", text(REFERENCE_STYLE, "text/css; charset=utf-8"));
  page(app, "/docs/docs.js", text(REFERENCE_SCRIPT, "text/javascript; charset=utf-8"));

  let description: ServedFile | null = null;
  app.get("/openapi.json", async (request, reply) => {
    reply.header("access-control-allow-origin", "*");
    description ??= text(JSON.stringify(openapi(options.version)), "application/json; charset=utf-8");
    return send(request, reply, description);
  });

  let published: ServedFile | null = null;
  // JSON is YAML, too.
  app.get("/api/upstream.yml", async (request, reply) => {
    reply.header("access-control-allow-origin", "*");
    published ??= text(JSON.stringify(publishedOpenapi(options.version)), "application/yaml; charset=utf-8");
    return send(request, reply, published);
  });

  app.get("/sdk/*", async (request, reply) => {
    const file = await find(sdk, request);
    if (file === null) {
      if (await find(sdk, request, "lectern.js")) throw new ApiError("not_found", "The SDK has no such file");
      throw new ApiError("unavailable", "The viewer has not been built on this server: run npm run build");
    }
    reply.headers({
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
      "timing-allow-origin": "*",
      "content-security-policy": WORKER_POLICY,
    });
    return send(request, reply, file);
  });

  const showDashboard = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    reply.headers({ "content-security-policy": PAGE_POLICY, "x-frame-options": "SAMEORIGIN", "cross-origin-opener-policy": "same-origin" });
    const file = await find(dashboard, request);
    if (file !== null) return send(request, reply, file);
    // Addresses within the dashboard are the dashboard's own; a file that is missing is missing.
    if (/\.\w+$/.test(pathOf(request))) throw new ApiError("not_found", "There is no such file");
    const index = await find(dashboard, request, "index.html");
    if (index !== null) return send(request, reply, index);
    return reply.code(503).header("content-type", "text/html; charset=utf-8").send(notBuilt("dashboard"));
  };
  app.get("/dashboard", showDashboard);
  app.get("/dashboard/*", showDashboard);
}

function notBuilt(what: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Lectern</title><h1>The ${what} has not been built</h1><p>Run <code>npm run build</code>, then load this page again. The API answers already.</p></html>\n`;
}

function page(app: FastifyInstance, url: string, file: ServedFile | (() => ServedFile)): void {
  app.get(url, async (request, reply) => {
    reply.headers({ "content-security-policy": PAGE_POLICY, "x-frame-options": "SAMEORIGIN" });
    return send(request, reply, typeof file === "function" ? file() : file);
  });
}

function text(content: string, mediaType: string): ServedFile {
  const bytes = Buffer.from(content);
  const hash = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
  return { bytes, etag: `"${hash}"`, mediaType, encoding: null, immutable: false };
}

function pathOf(request: FastifyRequest): string {
  return (request.params as { "*"?: string })["*"] ?? "";
}

function find(folder: FileFolder, request: FastifyRequest, path = pathOf(request)): Promise<ServedFile | null> {
  return path === "" ? Promise.resolve(null) : folder.read(path, single(request.headers["accept-encoding"]) ?? "");
}

function send(request: FastifyRequest, reply: FastifyReply, file: ServedFile): FastifyReply {
  const { bytes, etag, mediaType, encoding, immutable } = file;
  reply.headers({
    etag,
    "content-type": mediaType,
    "cache-control": immutable ? "public, max-age=31536000, immutable" : "public, no-cache",
    vary: "accept-encoding",
    ...(encoding === null ? {} : { "content-encoding": encoding }),
  });
  const tags =
    single(request.headers["if-none-match"])
      ?.split(",")
      .map((tag) => tag.trim().replace(/^W\//, "")) ?? [];
  return tags.includes(etag) ? reply.code(304).send() : reply.send(bytes);
}
