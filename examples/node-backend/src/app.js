// A small app of the usual kind: people sign in, upload contracts, and review them together.
// What concerns Lectern is three calls: upload (POST /contracts), delete, and minting a session token (GET /contracts/:id).
import { Readable } from "node:stream";
import express from "express";
import { escapeHtml, page } from "./html.js";

export function createApp({ lectern, lecternUrl, database }) {
  const app = express();
  app.disable("x-powered-by");
  app.use(express.urlencoded({ extended: false, limit: "10kb" }));

  app.use(express.static(new URL("../public", import.meta.url).pathname));

  // Who is asking? A real app has its own sign-in; here a cookie with a name will do.
  app.use((request, _response, next) => {
    const cookie = /(?:^|; )user=([^;]+)/.exec(request.headers.cookie ?? "");
    request.user = cookie ? decodeURIComponent(cookie[1]) : null;
    next();
  });
  app.post("/sign-in", (request, response) => {
    const name = String(request.body?.name ?? "")
      .trim()
      .slice(0, 60);
    if (name !== "") response.cookie("user", name, { httpOnly: true, sameSite: "strict" });
    response.redirect("/");
  });
  app.use((request, response, next) => {
    if (request.user !== null) return next();
    response
      .status(401)
      .send(
        page(
          "Sign in",
          `<form method="post" action="/sign-in" class="card"><h1>Contracts</h1><label>Your name <input name="name" required autofocus maxlength="60"></label><button>Sign in</button></form>`,
        ),
      );
  });

  app.get("/", (request, response) => {
    const rows = database
      .all()
      .map(
        (contract) =>
          `<li><a href="/contracts/${contract.id}">${escapeHtml(contract.title)}</a> <small>by ${escapeHtml(contract.owner)}</small></li>`,
      )
      .join("");
    response.send(
      page(
        "Contracts",
        `<main class="card"><h1>Contracts</h1><p>Signed in as ${escapeHtml(request.user)}</p><ul id="contracts">${rows || "<li>None yet</li>"}</ul>
        <form id="upload"><label>Add a PDF <input type="file" name="file" accept="application/pdf" required></label><button>Upload</button><p role="status"></p></form>
        <script src="/upload.js"></script></main>`,
      ),
    );
  });

  // 1. Upload: the browser's bytes are passed on as they come; the id is stored with the app's own data.
  app.post("/contracts", async (request, response) => {
    const title = String(request.query.title ?? "Contract").slice(0, 200);
    const { data } = await lectern.documents.upload({ title }, { body: Readable.toWeb(request), type: request.headers["content-type"] });
    response.status(201).json({ id: database.add(title, request.user, data.id), status: data.status });
  });

  // 2. View: this backend decides who may see what, and asks for a token for exactly that.
  app.get("/contracts/:id", async (request, response) => {
    const contract = database.find(Number(request.params.id));
    if (contract === null) return response.status(404).send(page("Not found", "<main class=card>There is no such contract.</main>"));
    const { jwt } = await lectern.sessions.create({
      allowed_documents: [{ document_id: contract.document_id, document_permissions: ["read", "write", "download"] }],
      user_id: request.user,
      creator_name: request.user,
      expires_in: 3600,
    });
    response.set("cache-control", "no-store").send(
      page(
        contract.title,
        `<header><a href="/">← Contracts</a> <strong>${escapeHtml(contract.title)}</strong></header><div id="viewer" data-session="${escapeHtml(jwt)}"></div>
        <script src="${escapeHtml(lecternUrl)}/sdk/lectern.js"></script><script src="/viewer.js"></script>`,
      ),
    );
  });

  // 3. Delete: from both.
  app.post("/contracts/:id/delete", async (request, response) => {
    const contract = database.find(Number(request.params.id));
    if (contract !== null && contract.owner === request.user) {
      await lectern.documents.delete({ documentId: contract.document_id });
      database.remove(contract.id);
    }
    response.redirect("/");
  });

  // What Lectern refuses (not a PDF, too large, …) is told to the user in its words.
  app.use((error, _request, response, _next) => {
    const status = error?.name === "ApiError" ? error.status : 500;
    if (status === 500) console.error(error);
    response.status(status).json({ error: status === 500 ? "Something went wrong" : error.message });
  });
  return app;
}
