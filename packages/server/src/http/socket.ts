/**
 * The sync socket: WebSocket frames for `roomSocket`, which speaks the protocol. Here are the transport and its limits (frame size, messages a
 * second, sockets without a hello, silent peers), who is admitted, and the end of sockets whose session has ended.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { ApiError, COMPACT, type ErrorCode, SUBPROTOCOL, type SyncLimits } from "@lectern/protocol/plain";
import { type Admission, type Hello, roomSocket, type RoomSocket } from "@lectern/sync/room";
import { type WebSocket, WebSocketServer } from "ws";
import type { Access } from "../handlers.ts";
import { requireRead } from "../layers/open.ts";
import { layerFor, type ReadingDeps } from "../layers/reading.ts";
import type { Clock } from "../ports.ts";
import type { OriginPolicy } from "../sessions/origins.ts";
import { findDocument, type Session, shownName } from "../sessions/session.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { single } from "./auth.ts";
import { problemBytes } from "./error.ts";
import { prepareShared, writeShared } from "./frame.ts";
import type { Logger } from "./log.ts";
import { type RateLimiter, rateHeaders } from "../rate.ts";
import type { RequestIds } from "./request-id.ts";

export interface SocketsOptions {
  readonly server: Server;
  readonly reading: ReadingDeps;
  readonly sessions: Sessions;
  readonly origins: OriginPolicy;
  readonly accessOf: (session: Session, documentId: string, layer: string | null) => Access;
  /** Throws ApiError for what is no session token, saying what it is. */
  readonly checkKind: (token: string) => void;
  readonly limits: SyncLimits;
  /** Open connections that one session may have to this process; 0: no limit. */
  readonly mostPerSession: number;
  /** Connections of an address count as requests. */
  readonly requests: RateLimiter;
  readonly clock: Clock;
  readonly ids: RequestIds;
  readonly log: Logger;
}

export interface Sockets {
  readonly size: number;
  /** Says bye to all, and takes no more. */
  close(): Promise<void>;
}

const PATHS = /^\/(viewer|api)\/sync\/?$/;
const MOST_WAITING = 500;
const MESSAGES_PER_SECOND = 100;
const MESSAGES_BURST = 1000;
/** Sessions of open sockets are looked at this often. */
export const SWEEP_MS = 1500;
const PING_MS = 20_000;
/** A peer that has not been heard of for so long is gone. */
const SILENT_MS = 50_000;
/** When to try again, once a session has all the connections it may have. */
const FULL_SECONDS = 30;
/** How long the other side may take to close. */
const CLOSING_MS = 2000;

/** A socket that said who it is. */
interface Live {
  sessionId: string;
  readonly socket: RoomSocket;
}

interface Peer {
  readonly ws: WebSocket;
  heardAt: number;
}

export function attachSockets(options: SocketsOptions): Sockets {
  const { server, sessions, limits, clock, log } = options;
  const wss = new WebSocketServer({ noServer: true, maxPayload: limits.frameBytes, perMessageDeflate: false, clientTracking: false });
  const peers = new Set<Peer>();
  const live = new Set<Live>();
  const all = new Set<RoomSocket>();
  let waiting = 0;
  let closed = false;

  function accept(ws: WebSocket, request: IncomingMessage, stream: Duplex): void {
    const peer: Peer = { ws, heardAt: clock.now() };
    const from = { origin: single(request.headers.origin), host: single(request.headers.host) };
    const address = addressOf(request);
    let mine: Live | null = null;
    let helloPending = true;
    const helloDone = (): void => {
      if (helloPending) waiting--;
      helloPending = false;
    };
    let allowance = MESSAGES_BURST;
    let allowedAt = clock.now();
    waiting++;

    const enter = async (
      token: string,
      wanted: Pick<Hello, "document" | "layer">,
    ): Promise<{ readonly session: Session; readonly access: Access }> => {
      options.checkKind(token);
      const session = await sessions.authenticate(token);
      await options.origins.check(session, from);
      const documentId = wanted.document ?? session.documents[0]?.documentId;
      const document = documentId === undefined ? null : findDocument(session, documentId, wanted.layer ?? null);
      if (document === null) throw new ApiError("not_found", "There is no such document for this session");
      return { session, access: options.accessOf(session, document.documentId, document.layer) };
    };
    let joined: Pick<Access, "documentId" | "layerName" | "applicationId"> | null = null;
    const admit = async (hello: Hello): Promise<Admission> => {
      const { session, access } = await enter(hello.token, hello);
      requireRead(access.grants);
      const { room, grants } = await layerFor(options.reading, access, { address });
      await sessions.opened(session);
      helloDone();
      joined = access;
      takePlace(session.id);
      mine = { sessionId: session.id, socket };
      // One that has gone meanwhile must not count.
      if (ws.readyState === ws.OPEN) live.add(mine);
      const path = `/viewer/documents/${encodeURIComponent(access.documentId)}${access.layerName === "" ? "" : `/layers/${encodeURIComponent(access.layerName)}`}`;
      const form = hello.caps?.includes(COMPACT) === true ? "&compact=true" : "";
      const snapshotUrl = (seq: number): string => `${path}/records?minSeq=${seq}${form}`;
      return { room, grants, session: session.id, name: shownName(session), snapshotUrl };
    };
    const renew = async (token: string): Promise<Admission["grants"]> => {
      if (joined === null || mine === null) throw new ApiError("bad_request");
      const { session, access } = await enter(token, { document: joined.documentId, layer: joined.layerName });
      if (access.applicationId !== joined.applicationId) throw new ApiError("not_found", "The token belongs to another application");
      requireRead(access.grants);
      const { grants } = await layerFor(options.reading, access, { address });
      mine.sessionId = session.id;
      return grants;
    };
    const socket = roomSocket({
      connection: {
        send: (text) => ws.send(text),
        sendShared: (frame, own) => {
          if (ws.readyState === ws.OPEN) writeShared(stream, frame, own);
        },
        prepareShared,
        bufferedBytes: () => ws.bufferedAmount,
        close: (reason) => end(ws, reason),
      },
      clock,
      admit,
      renew,
      onError: (error) => log.error({ err: error }, "a socket failed"),
    });
    peers.add(peer);
    all.add(socket);

    ws.on("message", (data, isBinary) => {
      const now = clock.now();
      peer.heardAt = now;
      allowance = Math.min(MESSAGES_BURST, allowance + (Math.max(0, now - allowedAt) / 1000) * MESSAGES_PER_SECOND) - 1;
      allowedAt = now;
      if (allowance < 0) socket.bye("rate_limited", 10);
      else if (isBinary) socket.bye("bad_request");
      else socket.receive((data as Buffer).toString("utf8"));
    });
    ws.on("pong", () => (peer.heardAt = clock.now()));
    // A frame that is too large or malformed: ws closes the connection with the right code.
    ws.on("error", (error) => log.debug({ err: error }, "socket error"));
    ws.on("close", () => {
      peers.delete(peer);
      all.delete(socket);
      if (mine !== null) live.delete(mine);
      helloDone();
      socket.closed();
    });
  }

  function takePlace(sessionId: string): void {
    const { mostPerSession: most } = options;
    let open = 0;
    for (const each of live) if (each.sessionId === sessionId) open++;
    if (most > 0 && open >= most) throw new ApiError("too_many_sockets", undefined, { retryAfter: FULL_SECONDS });
  }

  function end(ws: WebSocket, reason: ErrorCode | null): void {
    ws.close(reason === null ? 1000 : reason === "unavailable" ? 1012 : 1008, reason ?? "");
    const cancel = clock.setTimeout(() => ws.terminate(), CLOSING_MS);
    ws.once("close", cancel);
  }

  function upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on("error", (error) => log.debug({ err: error }, "socket error"));
    const taken = options.requests.take(`address ${addressOf(request)}`);
    const refusal = taken.allowed ? refusalOf(request) : new ApiError("rate_limited", undefined, { retryAfter: taken.reset });
    if (refusal !== null) return void stream.end(problemBytes(refusal, options.ids(request.headers), rateHeaders(options.requests, taken)));
    wss.handleUpgrade(request, stream, head, (ws) => accept(ws, request, stream));
  }

  function refusalOf(request: IncomingMessage): ApiError | null {
    if (!PATHS.test((request.url ?? "").split("?")[0]!)) return new ApiError("not_found", "There is no such route");
    if (closed || waiting >= MOST_WAITING) return new ApiError("unavailable", undefined, { retryAfter: 5 });
    const offered = (single(request.headers["sec-websocket-protocol"]) ?? "").split(",").map((name) => name.trim());
    return offered.includes(SUBPROTOCOL) ? null : new ApiError("bad_request", `Offer the subprotocol ${SUBPROTOCOL}`);
  }

  function endSession(id: string, code: ErrorCode): void {
    for (const each of live) if (each.sessionId === id) each.socket.bye(code);
  }

  async function sweep(): Promise<void> {
    for (const id of new Set([...live].map(({ sessionId }) => sessionId))) {
      try {
        await sessions.live(id);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        endSession(id, error.code === "invalid_token" ? "session_revoked" : error.code);
      }
    }
  }

  let cancelSweep: () => void = () => undefined;
  const sweepLater = (): void => {
    cancelSweep = clock.setTimeout(() => {
      sweep()
        .catch((error: unknown) => log.error({ err: error }, "looking at the sessions of open sockets"))
        .finally(() => closed || sweepLater());
    }, SWEEP_MS);
  };
  let cancelPing: () => void = () => undefined;
  const pingLater = (): void => {
    cancelPing = clock.setTimeout(() => {
      const now = clock.now();
      for (const { ws, heardAt } of peers) {
        if (now - heardAt > SILENT_MS) ws.terminate();
        else ws.ping();
      }
      pingLater();
    }, PING_MS);
  };
  sweepLater();
  pingLater();
  const stopListening = sessions.onRevoked((id) => endSession(id, "session_revoked"));
  server.on("upgrade", upgrade);

  return {
    get size() {
      return peers.size;
    },
    async close() {
      closed = true;
      cancelSweep();
      cancelPing();
      stopListening();
      const ended = [...peers].map(({ ws }) => new Promise<void>((resolve) => ws.once("close", () => resolve())));
      for (const socket of all) socket.bye("unavailable", 1);
      await Promise.all(ended);
      wss.close();
    },
  };
}

/** As fastify does it: a proxy on this machine is believed. */
function addressOf({ socket, headers }: IncomingMessage): string {
  const peer = socket.remoteAddress ?? "";
  const forwarded = single(headers["x-forwarded-for"])?.split(",").at(-1)?.trim();
  return forwarded !== undefined && /^(127\.|::1$|::ffff:127\.)/.test(peer) ? forwarded : peer;
}
