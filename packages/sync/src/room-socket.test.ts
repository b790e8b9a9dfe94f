import type { ServerMessage } from "@lectern/protocol";
import { ApiError, type ErrorCode } from "@lectern/protocol/plain";
import { describe, expect, it } from "vitest";
import { type Admission, localSocket, roomSocket } from "./room-socket.ts";
import { grantsOf, rectangle } from "./testing/fixtures.ts";
import { testRoom } from "./testing/test-room.ts";
import { settled } from "./testing/virtual-clock.ts";

const hello = { type: "hello", sid: "sid-of-ann", token: "good", since: -1 };

async function opened(options: { admit?: () => Promise<never> } = {}) {
  const { room, clock } = await testRoom();
  const frames: ServerMessage[] = [];
  const closed: (ErrorCode | null)[] = [];
  const errors: unknown[] = [];
  const socket = roomSocket({
    connection: {
      send: (text) => void frames.push(JSON.parse(text) as ServerMessage),
      bufferedBytes: () => 0,
      close: (reason) => void closed.push(reason),
    },
    clock,
    admit:
      options.admit ??
      ((message) =>
        message.token === "good"
          ? Promise.resolve<Admission>({ room, grants: grantsOf("ann"), name: "Ann" })
          : Promise.reject(new ApiError("invalid_token"))),
    renew: (token) => (token === "good" ? Promise.resolve(grantsOf("ann")) : Promise.reject(new ApiError("token_expired"))),
    onError: (error) => errors.push(error),
  });
  const send = async (message: unknown) => {
    socket.receive(typeof message === "string" ? message : JSON.stringify(message));
    await settled();
  };
  return { room, clock, socket, frames, closed, errors, send };
}

describe("roomSocket", () => {
  it("a hello with a good token joins", async () => {
    const { send, frames, room } = await opened();
    await send(hello);
    await send({ type: "push", n: 1, ops: [["c", "a", "annotation", rectangle()]] });
    await send({ type: "ping" });
    expect(frames.map((frame) => frame.type)).toEqual(["welcome", "batch", "pong"]);
    expect(room.memberCount).toBe(1);
  });

  it.each([
    ["not JSON", "{"],
    ["not a message", { type: "shout" }],
    ["a push before hello", { type: "push", n: 1, ops: [["d", "a"]] }],
    ["a bad sid", { ...hello, sid: "x" }],
  ])("%s ends the connection", async (_, message) => {
    const { send, frames, closed, room } = await opened();
    await send(message);
    expect([frames, closed, room.memberCount]).toEqual([[{ type: "bye", code: "bad_request" }], ["bad_request"], 0]);
  });

  it("a second hello, and garbage after the first, end the connection", async () => {
    for (const message of [hello, { type: "push", n: 0, ops: [] }]) {
      const { send, frames, closed, room } = await opened();
      await send(hello);
      await send(message);
      expect([frames.at(-1), closed, room.memberCount]).toEqual([{ type: "bye", code: "bad_request" }, ["bad_request"], 0]);
    }
  });

  it("a connection that does not say hello in time is closed", async () => {
    const { clock, frames, closed } = await opened();
    await clock.advance(5_000);
    expect([frames, closed]).toEqual([[{ type: "bye", code: "request_timeout" }], ["request_timeout"]]);
    const joined = await opened();
    await joined.send(hello);
    await joined.clock.advance(60_000);
    expect(joined.closed).toEqual([]);
  });

  it("a bad token is told what is wrong with it; a fault of ours is told as such and reported", async () => {
    const refused = await opened();
    await refused.send({ ...hello, token: "bad" });
    expect(refused.frames).toEqual([{ type: "bye", code: "invalid_token" }]);
    const failure = new Error("bug");
    const broken = await opened({ admit: () => Promise.reject(failure) });
    await broken.send(hello);
    expect([broken.frames, broken.errors]).toEqual([[{ type: "bye", code: "internal" }], [failure]]);
  });

  it("a renewed token goes unnoticed, an expired one ends it", async () => {
    const { send, frames, closed } = await opened();
    await send(hello);
    await send({ type: "auth", token: "good" });
    expect(closed).toEqual([]);
    await send({ type: "auth", token: "bad" });
    expect([frames.at(-1), closed]).toEqual([{ type: "bye", code: "token_expired" }, ["token_expired"]]);
  });

  it("a connection that ends while the room is still looking does not join", async () => {
    const { socket, room, frames } = await opened();
    socket.receive(JSON.stringify(hello));
    socket.closed();
    await settled();
    expect([room.memberCount, frames]).toEqual([0, []]);
  });

  it("says bye when asked to, once", async () => {
    const { socket, send, frames, closed, room } = await opened();
    await send(hello);
    socket.bye("session_revoked");
    socket.bye("unavailable");
    await send({ type: "ping" });
    expect([frames.slice(1), closed, room.memberCount]).toEqual([[{ type: "bye", code: "session_revoked" }], ["session_revoked"], 0]);
  });
});

describe("localSocket", () => {
  it("joins a room in the same process", async () => {
    const { room, clock } = await testRoom();
    const events: string[] = [];
    const socket = localSocket(room, { grants: grantsOf("ann"), name: "Ann", clock })({
      open: () => events.push("open"),
      message: (text) => events.push((JSON.parse(text) as ServerMessage).type),
      closed: () => events.push("closed"),
    });
    expect(events).toEqual([]);
    socket.send(JSON.stringify(hello));
    socket.send(JSON.stringify({ type: "ping" }));
    await settled();
    socket.send(JSON.stringify({ type: "ping" }));
    await settled();
    socket.close();
    await settled();
    expect(events).toEqual(["open", "welcome", "pong", "closed"]);
    expect(room.memberCount).toBe(0);
  });
});
