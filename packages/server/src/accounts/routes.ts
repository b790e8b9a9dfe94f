/** What the dashboard alone may do: signing in, applications, API keys. */
import type { Account, ApiKey as ShownKey, Application as ShownApplication } from "@lectern/protocol";
import { actorOf, audit as auditOf } from "../audit/audit.ts";
import { createApplication, getApplication, listApplications, updateApplication, type Application } from "../applications/store.ts";
import type { ApiKeys } from "../api-keys/api-keys.ts";
import type { ApiKey } from "../api-keys/store.ts";
import { type Handlers, type Reply, reply } from "../handlers.ts";
import type { Clock, Database, Random } from "../ports.ts";
import type { Once } from "../requests/once.ts";
import { parseOrigin } from "../sessions/origins.ts";
import { type Accounts, cookieHeader, type SignedIn } from "./sign-in.ts";

export interface AccountRoutesDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly accounts: Accounts;
  readonly keys: ApiKeys;
  readonly once: Once;
  /** Name of the cookie that signs in. */
  readonly cookie: string;
  readonly publicUrl: () => string;
  /** The secret in a `Cookie` header. */
  readonly readCookie: (header: string | null) => string | null;
}

export function accountRoutes(deps: AccountRoutesDeps): Handlers["accounts"] {
  const { database, accounts, keys } = deps;
  const audit = auditOf(deps);
  const cookie = (secret: string | null): string => cookieHeader(deps.cookie, secret, { secure: deps.publicUrl().startsWith("https:") });
  const signedIn = ({ account, secret }: SignedIn): Reply =>
    reply(JSON.stringify({ account: shownAccount(account) }), { headers: { "set-cookie": cookie(secret) } });

  return {
    async me(_input, context) {
      const secret = deps.readCookie(context.header("cookie"));
      const account = secret === null ? null : await accounts.whoIs(secret);
      const body = JSON.stringify({
        account: account === null ? null : shownAccount(account),
        needsSetup: account === null && (await accounts.needsSetup()),
      });
      // Sent again, so that the browser keeps it as long as we do.
      return reply(body, account === null ? {} : { headers: { "set-cookie": cookie(secret) } });
    },
    async signIn({ email, password }, { address }) {
      return signedIn(await accounts.signIn({ email, password, address }));
    },
    async useLink({ token, email, name, password }, { address }) {
      return signedIn(await accounts.useLink({ token, email, name, password, address }));
    },
    async signOut(_input, context) {
      await accounts.signOut(context.caller.secret, actorOf(context));
      return reply("{}", { headers: { "set-cookie": cookie(null) } });
    },
    async applications() {
      return { data: (await listApplications(database)).map(shownApplication) };
    },
    async createApplication({ name }, context) {
      const made = await createApplication(database, name, {
        ...deps,
        also: (id) => [audit(actorOf(context), { applicationId: id, action: "application.created", target: id, details: { name } })],
      });
      return { data: shownApplication(made) };
    },
    async updateApplication({ applicationId, name, allowed_origins: origins }, context) {
      const allowedOrigins = origins?.map((text, index) => parseOrigin(text, `$.allowed_origins[${index}]`));
      const change = { ...(name === undefined ? {} : { name }), ...(allowedOrigins === undefined ? {} : { allowedOrigins }) };
      const details = {
        ...(name === undefined ? {} : { name }),
        ...(allowedOrigins === undefined ? {} : { allowed_origins: allowedOrigins }),
      };
      const deed = audit(actorOf(context), { applicationId, action: "application.updated", target: applicationId, details });
      return { data: shownApplication(await updateApplication(database, applicationId, change, [deed])) };
    },
    async keys({ applicationId }) {
      await getApplication(database, applicationId);
      return { data: (await keys.list(applicationId)).map(shownKey) };
    },
    async createKey({ applicationId, name, scope = "all", test = false }, context) {
      await getApplication(database, applicationId);
      const mode = test ? "test" : "live";
      const { apiKey, key } = await deps.once(context, {
        applicationId,
        what: ["API key", applicationId, name, scope, mode],
        find: (id, making) => keys.made(id, mode, making),
        make: (making) => keys.create(applicationId, { name, scope, mode, making }, actorOf(context)),
      });
      return { data: shownKey(apiKey), key };
    },
    async revokeKey({ applicationId, keyId }, context) {
      return { data: shownKey(await keys.revoke(applicationId, keyId, actorOf(context))) };
    },
  };
}

function shownAccount({ id, email, name }: Account): Account {
  return { id, email, name };
}

function shownApplication({ id, name, allowedOrigins, createdAt }: Application): ShownApplication {
  return { id, name, allowed_origins: [...allowedOrigins], created_at: iso(createdAt) };
}

function shownKey({ id, name, hint, scope, createdAt, lastUsedAt, revokedAt }: ApiKey): ShownKey {
  return {
    id,
    name,
    hint,
    scope,
    created_at: iso(createdAt),
    last_used_at: lastUsedAt === null ? null : iso(lastUsedAt),
    revoked_at: revokedAt === null ? null : iso(revokedAt),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
