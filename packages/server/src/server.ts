/**
 * The service put together from its adapters: features, routes, sockets. Who calls `createServer` owns the adapters it passes in and closes them
 * after the server.
 */
import type { AddressInfo } from "node:net";
import { ApiError, SYNC_LIMITS, type SyncLimits } from "@lectern/protocol/plain";
import { attempts } from "./accounts/attempts.ts";
import type { Cost } from "./accounts/password.ts";
import { accountRoutes } from "./accounts/routes.ts";
import { type Accounts, accounts } from "./accounts/sign-in.ts";
import { type ApiKeys, apiKeys } from "./api-keys/api-keys.ts";
import { findApplication } from "./applications/store.ts";
import { type Config, publicUrlOf } from "./config.ts";
import { closeDocuments, type DocumentDeps, documentDeps } from "./documents/deps.ts";
import { provePassword } from "./documents/password.ts";
import { documentRoutes } from "./documents/routes.ts";
import { waitForReady } from "./documents/status.ts";
import { type DocumentKey, findDocument } from "./documents/store.ts";
import type { Handlers } from "./handlers.ts";
import { createApp } from "./http/app.ts";
import { ACCOUNT_COOKIE, accessOfSession, type Identities, kindOf, readCookie } from "./http/auth.ts";
import { connectionsOf } from "./http/connections.ts";
import type { Logger } from "./http/log.ts";
import { attachSockets } from "./http/socket.ts";
import { serveStatic } from "./http/static.ts";
import { annotationRoutes } from "./layers/annotation-routes.ts";
import type { ReadingDeps } from "./layers/reading.ts";
import { rooms } from "./layers/rooms.ts";
import { layerRoutes, openRoutes } from "./layers/routes.ts";
import type { BlobStore, Bus, Clock, Database, Random, Renderer } from "./ports.ts";
import { rateLimiter } from "./rate.ts";
import type { ServerSecret } from "./secret.ts";
import { imageGrants } from "./sessions/grants.ts";
import { originPolicy } from "./sessions/origins.ts";
import { sessionRoutes } from "./sessions/routes.ts";
import type { Session } from "./sessions/session.ts";
import { type Sessions, sessions as sessionsOf } from "./sessions/sessions.ts";
import { sessionTokens } from "./sessions/token.ts";
import { healthRoutes } from "./health.ts";
import { usageRoutes } from "./usage/routes.ts";
import { usageOfSession, usageOfUpload } from "./usage/usage.ts";

export interface ServerOptions {
  readonly config: Pick<Config, "host" | "port" | "publicUrl" | "limitOpsPerSecond" | "limitRequestsPerSecond" | "maxUploadBytes">;
  /** Migrated. */
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly bus: Bus;
  readonly renderer: Renderer;
  readonly clock: Clock;
  readonly random: Random;
  readonly secret: ServerSecret;
  /** Caches and files in the making live below it. */
  readonly dataDir: string;
  readonly log: Logger;
  readonly version: string;
  /** Folders with what was built of the viewer and the dashboard. */
  readonly folders: { readonly sdk: string; readonly dashboard: string };
  /** Of new password hashes. */
  readonly passwordCost?: Cost;
  /** Check every answer against the registry: for tests. */
  readonly checkResponses?: boolean;
}

export interface Server {
  /** Begins to answer; jobs that an earlier process left are taken up. The URL is the public one. */
  listen(): Promise<{ readonly url: string; readonly port: number }>;
  /** Takes nothing new, ends what was begun, says bye to sockets. */
  close(): Promise<void>;
  /** For what is done without HTTP: the first start, commands. */
  readonly accounts: Accounts;
  readonly keys: ApiKeys;
  readonly sessions: Sessions;
  readonly documents: DocumentDeps;
}

/** Origins of applications are believed for so long. */
const BELIEVED_MS = 3000;
/** On the bus: a document was deleted on another node. */
const DELETED = "document deleted";
/** Requests under way may take so long once the server is told to end. */
const DRAIN_MS = 20_000;

export async function createServer(options: ServerOptions): Promise<Server> {
  const { config, database, bus, renderer, clock, random, secret, log } = options;
  let port = config.port;
  let draining = false;
  const publicUrl = (): string => publicUrlOf(config, port);
  const limits: SyncLimits = { ...SYNC_LIMITS, opsPerSecond: config.limitOpsPerSecond, opsBurst: config.limitOpsPerSecond * 10 };
  const onError = (what: string, error: unknown): void => log.error({ err: error }, what);

  const documents = await documentDeps({
    database,
    blobs: options.blobs,
    renderer,
    secret,
    clock,
    random,
    maxUploadBytes: config.maxUploadBytes,
    usageOfUpload,
    onError,
    dataDir: options.dataDir,
    bus,
    onDeleted: (document) => {
      open.documentDeleted(document);
      const { applicationId, documentId } = document;
      bus.publish(DELETED, JSON.stringify({ applicationId, documentId } satisfies DocumentKey));
    },
  });
  const open = rooms({ database, bases: documents.bases, bus, clock, random, limits, onError });
  bus.subscribe(DELETED, (message) => {
    const key = JSON.parse(message) as DocumentKey;
    documents.uses.forget(key);
    open.documentDeleted(key);
  });
  const reading: ReadingDeps = { documents, rooms: open, passwordAttempts: attempts({ burst: 5, everySeconds: 12, clock }) };

  const tokens = await sessionTokens({ database, clock, random, issuer: publicUrl });
  const sessions = sessionsOf({
    database,
    clock,
    random,
    secret,
    tokens,
    checkDocument: (document) => checkDocument(documents, document),
    countOpened: async ({ applicationId, id, createdAt }) => {
      // Under the day on which it was minted, so that a session is counted once however often and late it is opened.
      await database.transaction(usageOfSession({ applicationId, loadId: id, now: createdAt }));
    },
  });
  const grants = imageGrants({ secret, sessions });
  const origins = originPolicy({ publicUrl, originsOfApplication: originsOfApplication(database, clock) });
  const keys = apiKeys({ database, clock, random, onError: (error) => onError("noting the use of an API key", error) });
  const people = accounts({ database, clock, random, ...(options.passwordCost === undefined ? {} : { cost: options.passwordCost }) });

  const accessOf = (session: Session, documentId: string, layer: string | null) => accessOfSession(session, documentId, layer, secret);
  const identities: Identities = {
    apiKey: (key) => keys.find(key),
    session: (token) => sessions.authenticate(token),
    account: (cookie) => people.whoIs(cookie),
    hasApplication: async (id) => (await findApplication(database, id)) !== null,
    grant: async (grant) => {
      const { session, document } = await grants.verify(grant);
      return { session, access: accessOf(session, document.documentId, document.layer) };
    },
  };

  const requests = rateLimiter({ perSecond: config.limitRequestsPerSecond, clock });
  const handlers: Handlers = {
    documents: documentRoutes(reading),
    annotations: annotationRoutes({
      reading,
      opsPerPush: limits.opsPerPush,
      ops: rateLimiter({ perSecond: config.limitOpsPerSecond, clock }),
      clock,
      random,
    }),
    layers: layerRoutes({ reading }),
    sessions: sessionRoutes({ sessions, publicUrl }),
    open: openRoutes({ reading, sessions, grants, origins, limits, checkKind, accessOf }),
    usage: usageRoutes({ database, clock }),
    accounts: accountRoutes({
      database,
      clock,
      random,
      accounts: people,
      keys,
      cookie: ACCOUNT_COOKIE,
      publicUrl,
      readCookie: (header) => readCookie(header, ACCOUNT_COOKIE),
    }),
    health: healthRoutes({ database, renderer, clock, isDraining: () => draining }),
  };
  const app = await createApp({
    handlers,
    identities,
    origins,
    secret,
    publicUrl,
    requests,
    clock,
    random,
    log,
    ...(options.checkResponses === undefined ? {} : { checkResponses: options.checkResponses }),
  });
  const connections = connectionsOf(app.server);
  serveStatic(app, { ...options.folders, version: options.version });
  const sockets = attachSockets({ server: app.server, reading, sessions, origins, accessOf, checkKind, limits, requests, clock, log });

  return {
    accounts: people,
    keys,
    sessions,
    documents,
    async listen() {
      await app.listen({ host: config.host, port: config.port });
      port = (app.server.address() as AddressInfo).port;
      await documents.jobs.start();
      return { url: publicUrl(), port };
    },
    async close() {
      draining = true;
      await sockets.close();
      const cancel = clock.setTimeout(() => connections.cut(), DRAIN_MS);
      const closed = app.close();
      connections.drain();
      await closed;
      cancel();
      await open.close();
      await closeDocuments(documents);
      await keys.close();
    },
  };
}

/** Is it there, and does the password open it when one is needed? */
async function checkDocument(
  deps: DocumentDeps,
  {
    applicationId,
    documentId,
    password,
  }: { readonly applicationId: string; readonly documentId: string; readonly password: string | null },
): Promise<boolean> {
  const key = { applicationId, documentId };
  const row = await findDocument(deps.database, key);
  if (row === null) return false;
  if (password === null) return true;
  // Whether it needs one is known once it has been looked at.
  const known = row.status === "preparing" ? await waitForReady(deps, key, { seconds: 10 }) : row;
  await provePassword(deps, known, password);
  return true;
}

function originsOfApplication(database: Database, clock: Clock): (applicationId: string) => Promise<readonly string[]> {
  const known = new Map<string, { readonly origins: readonly string[]; readonly at: number }>();
  return async (applicationId) => {
    const entry = known.get(applicationId);
    if (entry !== undefined && Math.abs(clock.now() - entry.at) < BELIEVED_MS) return entry.origins;
    const origins = (await findApplication(database, applicationId))?.allowedOrigins ?? [];
    known.set(applicationId, { origins, at: clock.now() });
    return origins;
  };
}

/** For routes and sockets that take a token in a body or message. */
function checkKind(token: string): void {
  const kind = kindOf(token);
  if (kind === "key")
    throw new ApiError("wrong_credential", "This is an API key; a session token is needed here. Keep API keys out of browsers.");
  if (kind === null) throw new ApiError("invalid_token", "This is not a session token");
}
