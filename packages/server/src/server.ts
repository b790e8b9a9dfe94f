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
import { audit as auditOf } from "./audit/audit.ts";
import { auditRoutes } from "./audit/routes.ts";
import { type ApiKeys, apiKeys } from "./api-keys/api-keys.ts";
import { tokenRoutes } from "./api-keys/token-routes.ts";
import { findApplication } from "./applications/store.ts";
import { bookmarkRoutes } from "./bookmarks/routes.ts";
import { commentRoutes } from "./comments/routes.ts";
import { formRoutes } from "./forms/routes.ts";
import { jobRoutes } from "./jobs/routes.ts";
import { inspectionRoutes } from "./inspection/routes.ts";
import { interchangeRoutes } from "./interchange/routes.ts";
import { type Config, inputLimits, publicUrlOf } from "./config.ts";
import { kindOf, whatItIs } from "./credential.ts";
import { closeDocuments, type DocumentDeps, documentDeps } from "./documents/deps.ts";
import { provePassword } from "./documents/password.ts";
import { documentRows } from "./documents/rows-of.ts";
import { documentRoutes } from "./documents/routes.ts";
import { waitForReady } from "./documents/status.ts";
import { type DocumentKey, findDocument } from "./documents/store.ts";
import type { Handlers } from "./handlers.ts";
import { api } from "@lectern/protocol";
import { createApp } from "./http/app.ts";
import { ACCOUNT_COOKIE, accessOfSession, accessTo, type Identities, readCookie } from "./http/auth.ts";
import { BODY_LIMITS, type BodyLimits } from "./http/body.ts";
import { connectionsOf } from "./http/connections.ts";
import type { Logger } from "./http/log.ts";
import { requestIds } from "./http/request-id.ts";
import { attachSockets } from "./http/socket.ts";
import { serveStatic } from "./http/static.ts";
import { attachmentRoutes } from "./attachments/routes.ts";
import { annotationRoutes, type AnnotationRoutesDeps } from "./layers/annotation-routes.ts";
import { buildRoutes, type BuildRoutesDeps, documentBuild } from "./operations/build-routes.ts";
import { operationRoutes } from "./operations/routes.ts";
import type { ReadingDeps } from "./layers/reading.ts";
import { rooms } from "./layers/rooms.ts";
import { layerRoutes, openRoutes } from "./layers/routes.ts";
import { metrics as metricsOf } from "./metrics.ts";
import { outgoing as outgoingOf } from "./outgoing/request.ts";
import type { BlobStore, Bus, Clock, Converter, Database, Random, Recogniser, Renderer } from "./ports.ts";
import { type PublicKeys, publicKeys as publicKeysOf } from "./public-keys/public-keys.ts";
import { publicKeyRoutes } from "./public-keys/routes.ts";
import { rateLimiter } from "./rate.ts";
import { oncePerRequest } from "./requests/once.ts";
import type { ServerSecret } from "./secret.ts";
import { appTokens } from "./sessions/app-token.ts";
import { imageGrants } from "./sessions/grants.ts";
import { originPolicy } from "./sessions/origins.ts";
import { explainRoute } from "./layers/explain-route.ts";
import { sessionRoutes } from "./sessions/routes.ts";
import type { Session } from "./sessions/session.ts";
import { type Sessions, sessions as sessionsOf } from "./sessions/sessions.ts";
import { sessionTokens } from "./sessions/token.ts";
import { healthRoutes } from "./health.ts";
import { delivering } from "./webhooks/deliver.ts";
import { events as eventLog } from "./webhooks/events.ts";
import { webhookRoutes } from "./webhooks/routes.ts";
import { uploadRoutes } from "./uploads/routes.ts";
import { usageRoutes } from "./usage/routes.ts";
import { usageOfSession, usageOfUpload } from "./usage/usage.ts";

export interface ServerOptions {
  readonly config: Pick<
    Config,
    | "host"
    | "port"
    | "publicUrl"
    | "limitOpsPerSecond"
    | "limitRequestsPerSecond"
    | "limitSocketsPerSession"
    | "keepChangesDays"
    | "maxUploadBytes"
    | "maxJsonBytes"
    | "maxJsonDepth"
    | "maxPages"
    | "maxInflatedBytes"
    | "maxPixels"
    | "allowPrivateAddresses"
    | "metricsToken"
  >;
  /** Migrated. */
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly bus: Bus;
  readonly renderer: Renderer;
  readonly converter: Converter;
  readonly recogniser: Recogniser;
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
  /** Of requests, where they differ from BODY_LIMITS and the settings. */
  readonly bodyLimits?: Partial<BodyLimits>;
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
  readonly publicKeys: PublicKeys;
  readonly sessions: Sessions;
  readonly documents: DocumentDeps;
  readonly reading: ReadingDeps;
}

/** Origins of applications are believed for so long. */
const BELIEVED_MS = 3000;
/** On the bus: a document was deleted on another node. */
const DELETED = "document deleted";
const DAY_MS = 24 * 3_600_000;
/** Requests under way may take so long once the server is told to end. */
const DRAIN_MS = 20_000;

export async function createServer(options: ServerOptions): Promise<Server> {
  const { config, database, bus, renderer, clock, random, secret, log } = options;
  let port = config.port;
  let draining = false;
  const publicUrl = (): string => publicUrlOf(config, port);
  const limits: SyncLimits = { ...SYNC_LIMITS, opsPerSecond: config.limitOpsPerSecond, opsBurst: config.limitOpsPerSecond * 10 };
  const onError = (what: string, error: unknown): void => log.error({ err: error }, what);

  const audit = auditOf({ clock, random });
  const events = eventLog({ database, bus, clock, random, onEvent: () => webhooks.wake(), onError });
  const outgoing = outgoingOf({ allowPrivate: config.allowPrivateAddresses });
  const onDisabled = (): void => void events.changed().catch((error: unknown) => onError("reading webhooks", error));
  const webhooks = delivering({ database, clock, random, secret, outgoing, audit, version: options.version, onError, onDisabled });
  await events.start();

  const documents = await documentDeps({
    database,
    blobs: options.blobs,
    renderer,
    converter: options.converter,
    recogniser: options.recogniser,
    secret,
    clock,
    random,
    maxUploadBytes: config.maxUploadBytes,
    limits: inputLimits(config),
    keepChangesMs: config.keepChangesDays === null ? null : config.keepChangesDays * DAY_MS,
    usageOfUpload,
    rowsOf: documentRows({ events, audit }),
    onError,
    dataDir: options.dataDir,
    bus,
    onOverwritten: (document) => open.replaced(document, ""),
    onDeleted: (document) => {
      open.documentDeleted(document);
      const { applicationId, documentId } = document;
      bus.publish(DELETED, JSON.stringify({ applicationId, documentId } satisfies DocumentKey));
    },
  });
  const open = rooms({
    database,
    bases: documents.bases,
    bus,
    clock,
    random,
    limits,
    onError,
    eventsOf: (...given) => events.ofChange(...given),
    onCommitted: (count) => metrics.changed(count),
  });
  bus.subscribe(DELETED, (message) => {
    const key = JSON.parse(message) as DocumentKey;
    documents.uses.forget(key);
    open.documentDeleted(key);
  });
  const reading: ReadingDeps = { documents, rooms: open, passwordAttempts: attempts({ burst: 5, everySeconds: 12, clock }) };

  const tokens = await sessionTokens({ database, clock, random, issuer: publicUrl });
  const publicKeys = publicKeysOf({ database, clock, random });
  const sessions = sessionsOf({
    database,
    clock,
    random,
    secret,
    tokens,
    appTokens: appTokens({ keys: publicKeys, clock, publicUrl }),
    checkDocument: (document) => checkDocument(documents, document),
    countOpened: async ({ applicationId, id, createdAt, documents: opened, userId }) => {
      // Under the day on which it was minted, so that a session is counted once however often and late it is opened.
      const data = { session_id: id, user_id: userId, documents: opened.map(({ documentId }) => documentId) };
      await database.transaction([
        ...usageOfSession({ applicationId, loadId: id, now: createdAt }),
        ...events.of(applicationId, "session.opened", data, id),
      ]);
    },
  });
  publicKeys.onRemoved(() => sessions.forget());
  const grants = imageGrants({ secret, sessions });
  const origins = originPolicy({ publicUrl, originsOfApplication: originsOfApplication(database, clock) });
  const once = oncePerRequest({ database, clock, random, secret });
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

  const ids = requestIds({ clock, random });
  const requests = rateLimiter({ perSecond: config.limitRequestsPerSecond, clock });
  const writing: AnnotationRoutesDeps = {
    reading,
    opsPerPush: limits.opsPerPush,
    ops: rateLimiter({ perSecond: config.limitOpsPerSecond, clock }),
    clock,
    random,
  };
  const metrics = metricsOf({
    database,
    clock,
    token: config.metricsToken,
    rooms: () => open.size,
    sockets: () => sockets.size,
    renderer: () => renderer.stats(),
  });
  const building: BuildRoutesDeps = {
    reading,
    outgoing,
    accessTo: (context, documentId, layerName, password) =>
      accessTo(api.documents.pdf, context.caller, { documentId, layerName, password }, secret),
  };
  const handlers: Handlers = {
    documents: documentRoutes({ reading, outgoing, once, buildOf: (context) => documentBuild(building, context) }),
    annotations: annotationRoutes(writing),
    attachments: attachmentRoutes(reading),
    builds: buildRoutes(building),
    ...operationRoutes({
      reading,
      outgoing,
      accessTo: (context, documentId, layerName) =>
        accessTo(api.documents.pdf, context.caller, { documentId, layerName, password: context.password }, secret),
    }),
    comments: commentRoutes(writing),
    forms: formRoutes(writing),
    bookmarks: bookmarkRoutes(writing),
    interchange: interchangeRoutes(reading),
    inspection: inspectionRoutes(reading),
    jobs: jobRoutes(reading),
    layers: layerRoutes({ reading, accessOf, clock, random }),
    sessions: { ...sessionRoutes({ sessions, once, publicUrl }), explain: explainRoute({ reading, sessions }) },
    publicKeys: publicKeyRoutes({ keys: publicKeys, once }),
    tokens: tokenRoutes({
      keys,
      sessions,
      hasDocument: async (applicationId, documentId) => (await findDocument(database, { applicationId, documentId })) !== null,
      clock,
      once,
    }),
    open: openRoutes({ reading, sessions, grants, origins, limits, checkKind, accessOf }),
    webhooks: webhookRoutes({ database, clock, random, secret, outgoing, events, audit, once, wake: () => webhooks.wake() }),
    audit: auditRoutes({ database }),
    uploads: uploadRoutes(documents, publicUrl),
    usage: usageRoutes({ database, clock }),
    accounts: accountRoutes({
      database,
      clock,
      random,
      accounts: people,
      keys,
      once,
      cookie: ACCOUNT_COOKIE,
      publicUrl,
      readCookie: (header) => readCookie(header, ACCOUNT_COOKIE),
    }),
    health: healthRoutes({ database, renderer, clock, isDraining: () => draining, metrics }),
  };
  const app = await createApp({
    handlers,
    identities,
    origins,
    secret,
    publicUrl,
    requests,
    clock,
    ids,
    log,
    onAnswered: (answered) => metrics.request(answered),
    bodyLimits: { ...BODY_LIMITS, ...inputLimits(config), ...options.bodyLimits },
    ...(options.checkResponses === undefined ? {} : { checkResponses: options.checkResponses }),
  });
  const connections = connectionsOf(app.server);
  serveStatic(app, { ...options.folders, version: options.version });
  const sockets = attachSockets({
    server: app.server,
    reading,
    sessions,
    origins,
    accessOf,
    checkKind,
    limits,
    mostPerSession: config.limitSocketsPerSession,
    requests,
    clock,
    ids,
    log,
  });

  return {
    accounts: people,
    keys,
    publicKeys,
    sessions,
    documents,
    reading,
    async listen() {
      await app.listen({ host: config.host, port: config.port });
      port = (app.server.address() as AddressInfo).port;
      await documents.jobs.start();
      await webhooks.start();
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
      events.close();
      await webhooks.close();
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
  const known = row.status === "preparing" ? await waitForReady(deps, key) : row;
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
    throw new ApiError("wrong_credential", `This is ${whatItIs(token)}; a session token is needed here. Keep it out of browsers.`);
  if (kind === null) throw new ApiError("invalid_token", "This is not a session token");
}
