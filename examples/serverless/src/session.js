// One function for any platform that speaks Request and Response: mints a session token for a document that the caller may see.
// Deploy it as it is; set LECTERN_URL and LECTERN_API_KEY in the platform's secrets.
import { ApiError, createClient } from "@lectern/client";

/**
 * `POST {"documentId": "…"}` → `{"session": "<token>"}`.
 * @param {Request} request
 * @param {{ LECTERN_URL: string, LECTERN_API_KEY: string, mayRead: (request: Request, documentId: string) => Promise<{ id: string, name: string } | null> }} environment
 *   `mayRead`: your own check: who is asking, and may they see this document? null refuses.
 */
export async function session(request, environment) {
  if (request.method !== "POST") return Response.json({ error: "POST only" }, { status: 405, headers: { allow: "POST" } });
  const { documentId } = await request.json().catch(() => ({}));
  if (typeof documentId !== "string") return Response.json({ error: "documentId is missing" }, { status: 400 });
  const user = await environment.mayRead(request, documentId);
  if (user === null) return Response.json({ error: "Not allowed" }, { status: 403 });
  const lectern = createClient({ baseUrl: environment.LECTERN_URL, apiKey: environment.LECTERN_API_KEY });
  try {
    const { jwt } = await lectern.sessions.create({
      allowed_documents: [{ document_id: documentId, document_permissions: ["read", "write"] }],
      user_id: user.id,
      creator_name: user.name,
      expires_in: 900,
    });
    return Response.json({ session: jwt });
  } catch (error) {
    if (error instanceof ApiError && error.code === "not_found")
      return Response.json({ error: "There is no such document" }, { status: 404 });
    throw error;
  }
}
