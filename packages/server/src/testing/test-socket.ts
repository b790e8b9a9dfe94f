/** A client of the sync socket for tests: frames in order, and waiting for one of them. */
import type { Op, ServerMessage } from "@lectern/protocol";
import { SUBPROTOCOL } from "@lectern/protocol/plain";
import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";

export type Welcome = Extract<ServerMessage, { type: "welcome" }>;

export interface TestSocket {
  readonly messages: readonly ServerMessage[];
  send(message: object | string | Buffer): void;
  push(n: number, ops: readonly Op[]): void;
  /** The first message, come or to come, that fits. Throws when the socket closes before. */
  until<M extends ServerMessage>(what: string, fits: (message: ServerMessage) => message is M): Promise<M>;
  /** Said hello and was welcomed. */
  hello(token: string, more?: Readonly<Record<string, unknown>>): Promise<Welcome>;
  /** The socket has closed. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  close(): void;
}

export async function testSocket(url: string, options: { readonly origin?: string; readonly path?: string } = {}): Promise<TestSocket> {
  const ws = new WebSocket(
    `${url.replace(/^http/, "ws")}${options.path ?? "/viewer/sync"}`,
    SUBPROTOCOL,
    options.origin === undefined ? {} : { origin: options.origin },
  );
  const messages: ServerMessage[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const each of waiting) each();
  };
  let over = false;
  ws.on("message", (data: Buffer) => {
    messages.push(JSON.parse(data.toString()) as ServerMessage);
    wake();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.on("close", (code, reason) => {
      over = true;
      resolve({ code, reason: reason.toString() });
      wake();
    });
  });
  await new Promise<void>((resolve, reject) => {
    ws.once("open", () => resolve());
    ws.once("error", reject);
  });
  ws.on("error", () => undefined);

  const socket: TestSocket = {
    messages,
    closed,
    send: (message) => ws.send(typeof message === "string" || Buffer.isBuffer(message) ? message : JSON.stringify(message)),
    push: (n, ops) => socket.send({ type: "push", n, ops }),
    async until(what, fits) {
      for (;;) {
        const found = messages.find(fits);
        if (found !== undefined) return found;
        if (over) throw new Error(`the socket closed before ${what}; it had said ${JSON.stringify(messages).slice(0, 2000)}`);
        await new Promise<void>((resolve) => {
          const done = (): void => {
            waiting.delete(done);
            resolve();
          };
          waiting.add(done);
        });
      }
    },
    hello(token, more = {}) {
      socket.send({ type: "hello", sid: randomUUID(), token, since: -1, ...more });
      return socket.until("welcome", (message): message is Welcome => message.type === "welcome");
    },
    close: () => ws.close(),
  };
  return socket;
}

export function isAck(n: number) {
  return (message: ServerMessage): message is Extract<ServerMessage, { type: "batch" }> =>
    message.type === "batch" && (message.acks ?? []).some(([acked]) => acked === n);
}
export function isReject(n: number) {
  return (message: ServerMessage): message is Extract<ServerMessage, { type: "batch" }> =>
    message.type === "batch" && (message.rejects ?? []).some((reject) => reject.n === n);
}
export function isBye(message: ServerMessage): message is Extract<ServerMessage, { type: "bye" }> {
  return message.type === "bye";
}
export function hasChange(id: string) {
  return (message: ServerMessage): message is Extract<ServerMessage, { type: "batch" }> =>
    message.type === "batch" && message.changes.some(({ ops }) => ops.some((op) => (op[0] === "p" ? op[1].id : op[1]) === id));
}
