/** Access tokens over HTTP, and revoking tokens of all kinds. */
import type { AccessToken } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import { type Actor, actorOf } from "../audit/audit.ts";
import { isAccessToken, kindOf } from "../credential.ts";
import { type Context, type Handlers, type Reply, reply } from "../handlers.ts";
import type { Clock } from "../ports.ts";
import type { Once } from "../requests/once.ts";
import { expiry } from "../sessions/expiry.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { ApiKeys } from "./api-keys.ts";
import type { ApiKey } from "./store.ts";

export interface TokenRoutesDeps {
  readonly keys: ApiKeys;
  readonly sessions: Pick<Sessions, "revokeToken">;
  readonly hasDocument: (applicationId: string, documentId: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly once: Once;
}

export function tokenRoutes({ keys, sessions, hasDocument, clock, once }: TokenRoutesDeps): Handlers["tokens"] {
  async function revoke(applicationId: string, token: string, by: Actor): Promise<void> {
    if (isAccessToken(token)) return void (await keys.revokeSecret(applicationId, token, by));
    const kind = kindOf(token);
    if (kind === "key") throw new ApiError("wrong_credential", "This is an API key; keys are revoked in the dashboard");
    if (kind === null) throw new ApiError("invalid_token", "This is no token");
    await sessions.revokeToken(applicationId, token, by);
  }

  return {
    async create({ name = "access token", scope = "documents", documents = null, exp, expires_in }, context) {
      const { applicationId } = context.caller;
      const { apiKey, key } = await once(context, {
        applicationId,
        what: ["access token", name, scope, documents, exp, expires_in],
        find: async (id, making) => {
          const found = await keys.made(id, "access", making);
          return found === null || found.apiKey.expiresAt! <= clock.now() ? null : found;
        },
        async make(making) {
          const expiresAt = expiry({ exp, expires_in }, clock.now(), "an access token");
          for (const [index, documentId] of (documents ?? []).entries())
            if (!(await hasDocument(applicationId, documentId))) throw missing(`$.documents[${index}]`, documentId);
          return keys.createToken(applicationId, { name, scope, documents, expiresAt, making }, actorOf(context));
        },
      });
      return { id: apiKey.id, access_token: key, exp: Math.floor(apiKey.expiresAt! / 1000), data: shown(apiKey) };
    },
    async list(_input, { caller }) {
      return { data: (await keys.listTokens(caller.applicationId)).map(shown) };
    },
    async delete({ tokenId }, context) {
      return { data: shown(await keys.revokeToken(context.caller.applicationId, tokenId, actorOf(context))) };
    },
    async revoke({ jwts = [] }, context) {
      const revoked: string[] = [];
      const failures: { path: string; details: string; error: string }[] = [];
      for (const [index, token] of jwts.entries()) {
        try {
          await revoke(context.caller.applicationId, token, actorOf(context));
          revoked.push(token);
        } catch (error) {
          if (!(error instanceof ApiError) || error.status >= 500) throw error;
          failures.push({ path: `$.jwts[${index}]`, details: error.message, error: error.code });
        }
      }
      return batch(revoked, failures, context);
    },
  };
}

function batch(
  data: readonly string[],
  failing_paths: readonly { readonly path: string; readonly details: string; readonly error: string }[],
  { requestId }: Pick<Context, "requestId">,
): Reply {
  const failingPaths = failing_paths.map(({ path, details }) => ({ path, details }));
  const first = failing_paths[0];
  if (data.length === 0 && first !== undefined) {
    const extra = { details: first.details, result: "failure", data: [], failing_paths };
    throw new ApiError("invalid_parameters", `${first.path}: ${first.details}`, { failingPaths, extra });
  }
  const result = first === undefined ? "success" : "partial_failure";
  const details =
    first === undefined ? "all revoked" : `${failingPaths.length} of ${failingPaths.length + data.length} could not be revoked`;
  return reply(JSON.stringify({ details, status: 200, result, data, failingPaths, failing_paths, requestId, request_id: requestId }));
}

function missing(path: string, documentId: string): ApiError {
  return new ApiError("not_found", `There is no document ${documentId}`, {
    failingPaths: [{ path, details: "there is no such document" }],
  });
}

function shown({ id, name, hint, scope, documents, createdAt, expiresAt, lastUsedAt, revokedAt }: ApiKey): AccessToken {
  return {
    id,
    name,
    hint,
    scope,
    documents: documents === null ? null : [...documents],
    created_at: iso(createdAt),
    expires_at: iso(expiresAt!),
    last_used_at: lastUsedAt === null ? null : iso(lastUsedAt),
    revoked_at: revokedAt === null ? null : iso(revokedAt),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
