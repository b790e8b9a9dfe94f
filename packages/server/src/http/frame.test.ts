import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { writeShared } from "./frame.ts";

/** Around each place where a frame, or the length of it, is written in another way. */
const LENGTHS = [2, 100, 125, 126, 127, 200, 16_384, 16_385, 16_386, 65_500, 65_535, 65_536, 70_000];

it("arrives as the one text that it is, shared as it is or with properties of one's own in front", async () => {
  const server = createServer();
  const wss = new WebSocketServer({ server, perMessageDeflate: false });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  let stream: Duplex | undefined;
  server.on("upgrade", (_request, socket: Duplex) => (stream = socket));
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const received: { text: string; isBinary: boolean }[] = [];
  const own = `"acks":[[1,2]],`;
  const texts = LENGTHS.map((length) => `{"a":"${"ä".repeat(Math.max(0, Math.floor((length - 8) / 2)))}${"x".repeat(length % 2)}"}`);
  try {
    await new Promise((resolve) => client.once("open", resolve));
    const all = new Promise<void>((resolve) => {
      client.on("message", (data: Buffer, isBinary) => {
        received.push({ text: data.toString(), isBinary });
        if (received.length === texts.length * 2) resolve();
      });
    });
    for (const text of texts) {
      const frame = { text };
      writeShared(stream!, frame, own);
      writeShared(stream!, frame, "");
    }
    await all;
  } finally {
    client.terminate();
    wss.close();
    server.close();
  }
  expect(received).toEqual(texts.flatMap((text) => [`{${own}${text.slice(1)}`, text]).map((text) => ({ text, isBinary: false })));
});
