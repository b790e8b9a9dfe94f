/**
 * The files that browsers load: the Web SDK at /sdk/ for every origin, the dashboard at /dashboard/, and /view, a page that shows the document
 * of the token in its fragment. Hashed files are cached for ever; the others are checked by their ETag. Nothing outside of a build's folder can
 * be named: the list of files is read once at the start.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, sep } from "node:path";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

export interface StaticOptions {
  /** Folder of the built viewer, with `lectern.js`. */
  readonly sdk: string;
  /** Folder of the built dashboard, with `index.html`. */
  readonly dashboard: string;
  /** The OpenAPI document. */
  readonly openapi: object;
}

interface File {
  readonly path: string;
  readonly type: string;
  readonly etag: string;
  /** Its name changes with its content. */
  readonly hashed: boolean;
  /** There is a `.br` beside it. */
  readonly brotli: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
  ".png": "image/png",
};
const HASHED = /-[\w-]{8}\.\w+$/;

/** What pages of our own may do. Style attributes are set through the DOM, so no inline style is needed. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; " +
  "worker-src 'self'; frame-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const VIEW_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lectern</title>
<link rel="stylesheet" href="/view/view.css">
<script src="/sdk/lectern.js"></script>
<script src="/view/view.js" defer></script>
</head>
<body><main id="viewer"></main></body>
</html>
`;
const VIEW_STYLE =
  "html, body { height: 100%; margin: 0 } #viewer { height: 100% } #viewer > p { font: 16px/1.5 system-ui, sans-serif; padding: 2rem }\n";
/** The token stays in the fragment, so that a reload works; browsers do not send it. */
const VIEW_SCRIPT = `const container = document.querySelector("#viewer");
const session = location.hash.slice(1);
const say = (text) => { container.replaceChildren(Object.assign(document.createElement("p"), { textContent: text })); };
if (session === "") say("This address needs a session token after the #.");
else Lectern.load({ container, session }).catch((error) => { if (container.childElementCount === 0) say(error.message); });
addEventListener("hashchange", () => location.reload());
`;

export function mountStatic(app: FastifyInstance, options: StaticOptions): void {
  const sdk = filesOf(options.sdk);
  const dashboard = filesOf(options.dashboard);
  const openapi = JSON.stringify(options.openapi);

  app.get("/", (_request, reply) => reply.redirect("/dashboard/"));
  app.get("/dashboard", (_request, reply) => reply.redirect("/dashboard/"));
  app.get("/openapi.json", (_request, reply) => reply.type("application/json").header("access-control-allow-origin", "*").send(openapi));

  app.get("/sdk/*", (request, reply) => {
    // Any page may load the SDK; what it may open is decided by its session.
    reply.headers({ "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin" });
    return send(request, reply, sdk.get(named(request)));
  });
  app.get("/dashboard/*", (request, reply) => {
    const file = dashboard.get(named(request));
    if (file !== undefined && file.type !== TYPES[".html"]) return send(request, reply, file);
    // Every other address is one of the dashboard's own pages.
    if (file === undefined && extname(named(request)) !== "") return notBuilt(reply, null);
    return page(request, reply, dashboard.get("index.html"), "dashboard");
  });
  app.get("/view", (_request, reply) =>
    reply.headers({ "content-security-policy": PAGE_POLICY, "cache-control": "no-cache" }).type(TYPES[".html"]!).send(VIEW_PAGE),
  );
  app.get("/view/view.js", (_request, reply) => reply.header("cache-control", "no-cache").type(TYPES[".js"]!).send(VIEW_SCRIPT));
  app.get("/view/view.css", (_request, reply) => reply.header("cache-control", "no-cache").type(TYPES[".css"]!).send(VIEW_STYLE));
}

/** Files of a build by their name relative to it; empty when it was not built. */
function filesOf(folder: string): ReadonlyMap<string, File> {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => name.split(sep).join("/"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw error;
  }
  const all = new Set(names);
  return new Map(
    names
      .filter((name) => extname(name) in TYPES && !name.startsWith("types/"))
      .map((name) => {
        const path = join(folder, name);
        const etag = `"${createHash("sha256").update(readFileSync(path)).digest("base64url").slice(0, 22)}"`;
        return [name, { path, type: TYPES[extname(name)]!, etag, hashed: HASHED.test(name), brotli: all.has(`${name}.br`) }];
      }),
  );
}

function named(request: FastifyRequest): string {
  return (request.params as { "*": string })["*"];
}

function send(request: FastifyRequest, reply: FastifyReply, file: File | undefined): FastifyReply {
  if (file === undefined) return notBuilt(reply, null);
  const brotli = file.brotli && /\bbr\b/.test(String(request.headers["accept-encoding"] ?? ""));
  const etag = brotli ? file.etag.replace(/"$/, '-br"') : file.etag;
  reply.headers({ etag, vary: "accept-encoding", "cache-control": file.hashed ? "public, max-age=31536000, immutable" : "no-cache" });
  if (request.headers["if-none-match"] === etag) return reply.code(304).send();
  if (brotli) reply.header("content-encoding", "br");
  return reply.type(file.type).send(readFileSync(brotli ? `${file.path}.br` : file.path));
}

function page(request: FastifyRequest, reply: FastifyReply, file: File | undefined, what: string): FastifyReply {
  reply.header("content-security-policy", PAGE_POLICY);
  return file === undefined ? notBuilt(reply, what) : send(request, reply, file);
}

/** A file that is not there; with `what`, the whole of it was not built. */
function notBuilt(reply: FastifyReply, what: string | null): FastifyReply {
  const text = what === null ? "There is no such file.\n" : `The ${what} has not been built. Run "npm run build" and start again.\n`;
  return reply
    .code(what === null ? 404 : 503)
    .header("cache-control", "no-store")
    .type("text/plain; charset=utf-8")
    .send(text);
}
