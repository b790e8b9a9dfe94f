import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { connectionsOf } from "./connections.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A server whose answers wait until they are let go. */
async function serving() {
  const waiting: ServerResponse[] = [];
  const server = createServer((_request, response) => void waiting.push(response));
  const connections = connectionsOf(server);
  server.listen(0, "127.0.0.1");
  ends.push(() => server.close(), connections.cut, connections.drain);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const open = async (): Promise<Socket> => {
    const accepted = once(server, "connection");
    const socket = connect(port, "127.0.0.1");
    ends.push(() => socket.destroy());
    await Promise.all([once(socket, "connect"), accepted]);
    return socket;
  };
  const ask = async (socket: Socket): Promise<ServerResponse> => {
    const asked = once(server, "request");
    socket.write("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
    await asked;
    return waiting.at(-1)!;
  };
  return { connections, open, ask };
}

const closed = (socket: Socket): Promise<unknown> => once(socket.resume(), "close");

it("closes at once what waits for nothing: before a first request, and after an answer", async () => {
  const { connections, open, ask } = await serving();
  const [fresh, used] = [await open(), await open()];
  const answer = await ask(used);
  const answered = once(answer, "close");
  answer.end("done");
  await answered;
  connections.drain();
  await Promise.all([closed(fresh), closed(used)]);
});

it("closes what is under way after its whole answer, and takes nobody new", async () => {
  const { connections, open, ask } = await serving();
  const socket = await open();
  const answer = await ask(socket);
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  connections.drain();
  await closed(await open());
  expect(socket.closed).toBe(false);
  answer.end("all of it");
  await closed(socket);
  expect(text).toContain("all of it");
});

it("cuts what is still under way", async () => {
  const { connections, open, ask } = await serving();
  const socket = await open();
  await ask(socket);
  connections.cut();
  await closed(socket);
});
