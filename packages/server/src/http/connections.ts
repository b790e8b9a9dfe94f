/**
 * Which connections wait for nothing. Node's own `closeIdleConnections` spares those that never sent a request, and browsers open such ahead of
 * need: without this every restart would wait for them.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export interface Connections {
  /** Closes each connection as soon as it has no request under way. */
  drain(): void;
  /** Closes all. */
  cut(): void;
}

export function connectionsOf(server: Server): Connections {
  const idle = new Set<Socket>();
  const busy = new Map<Socket, number>();
  let draining = false;

  server.on("connection", (socket: Socket) => {
    if (draining) return void socket.destroy();
    idle.add(socket);
    socket.once("close", () => {
      idle.delete(socket);
      busy.delete(socket);
    });
  });
  server.on("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    idle.delete(socket);
    busy.set(socket, (busy.get(socket) ?? 0) + 1);
    response.once("close", () => {
      const left = (busy.get(socket) ?? 1) - 1;
      if (left > 0) return void busy.set(socket, left);
      busy.delete(socket);
      if (socket.destroyed) return;
      // Written out, then closed: a client that does not read is not waited for.
      if (draining) socket.destroySoon();
      else idle.add(socket);
    });
  });
  // From now on it is a WebSocket's.
  server.on("upgrade", ({ socket }: IncomingMessage) => idle.delete(socket as Socket));
  return {
    drain() {
      draining = true;
      for (const socket of idle) socket.destroy();
    },
    cut() {
      for (const socket of busy.keys()) socket.destroy();
    },
  };
}
