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

interface Connection {
  /** Requests that are not answered yet. */
  underWay: number;
  /** One more is. Made once for a connection, not for each request. */
  readonly answered: () => void;
}

export function connectionsOf(server: Server): Connections {
  const connections = new Map<Socket, Connection>();
  let draining = false;

  server.on("connection", (socket: Socket) => {
    if (draining) return void socket.destroy();
    const connection: Connection = {
      underWay: 0,
      answered() {
        // Written out, then closed: a client that does not read is not waited for.
        if (--connection.underWay === 0 && draining) socket.destroySoon();
      },
    };
    connections.set(socket, connection);
    socket.once("close", () => connections.delete(socket));
  });
  server.on("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    const connection = connections.get(socket);
    if (connection === undefined) return;
    connection.underWay++;
    response.on("close", connection.answered);
  });
  // From now on it is a WebSocket's.
  server.on("upgrade", ({ socket }: IncomingMessage) => connections.delete(socket as Socket));
  return {
    drain() {
      draining = true;
      for (const [socket, { underWay }] of connections) if (underWay === 0) socket.destroy();
    },
    cut() {
      for (const [socket, { underWay }] of connections) if (underWay > 0) socket.destroy();
    },
  };
}
