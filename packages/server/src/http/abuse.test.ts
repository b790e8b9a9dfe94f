/**
 * Who does not keep to the protocol, over real sockets: each of them is refused or ended, and beside them an honest peer goes on being acknowledged.
 * The same under load, with times: `npm run bench abuse`. What a room does with a reader's full buffer: room.test.ts, room-presence.test.ts.
 */
import { connect } from "node:net";
import { pagesPdf } from "@lectern/pdf/testing";
import { SUBPROTOCOL } from "@lectern/protocol/plain";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type TestServer, testServer } from "../testing/test-server.ts";
import { hasChange, isAck, isBye, type TestSocket, testSocket } from "../testing/test-socket.ts";

let api: TestServer;
let document: string;
let token: string;
let honest: TestSocket;
let honestPushes = 0;
const opened: { close(): void }[] = [];

beforeAll(async () => {
  api = await testServer({ env: { LECTERN_LIMIT_REQUESTS_PER_SECOND: "0", LECTERN_LIMIT_SOCKETS_PER_SESSION: "0" } });
  document = (await api.upload(pagesPdf(1))).id;
  token = (await api.session(document, { user_id: "honest" })).jwt;
  honest = await testSocket(api.url);
  await honest.hello(token);
});
afterEach(async () => {
  for (const each of opened.splice(0)) each.close();
  // Whatever they did: nobody else has noticed.
  await honestEdits(5);
});
afterAll(async () => {
  honest.close();
  await api.close();
});

const square = (id: string, more = ""): object[] => [
  ["c", id, "annotation", { type: "rectangle", page: "1.0", geometry: { bbox: [1, 1, 9, 9] }, appearance: {}, custom: { more } }],
];
const pushOf = (n: number, ops: unknown): string => JSON.stringify({ type: "push", n, ops });

/** Made and acknowledged one by one. */
async function honestEdits(count: number, more = ""): Promise<void> {
  for (let i = 0; i < count; i++) {
    const n = ++honestPushes;
    honest.send(pushOf(n, square(`honest-${n}`, more)));
    await honest.until(`ack ${n}`, isAck(n));
  }
}

async function socket(): Promise<TestSocket> {
  const made = await testSocket(api.url);
  opened.push(made);
  return made;
}

async function joined(): Promise<TestSocket> {
  const made = await socket();
  await made.hello(token);
  return made;
}

const HELLO = `{"type":"hello","sid":"12345678","since":-1,"token":`;
const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

it.each<readonly [name: string, frame: string]>([
  ["nothing", ""],
  ["null", "null"],
  ["a number", "1e999"],
  ["half a message", '{"type":"push","n":1,"ops":['],
  ["two messages in one", '{"type":"ping"}{"type":"ping"}'],
  ["a list", '[{"type":"ping"}]'],
  ["a type that is no text", '{"type":{"ping":1}}'],
  ["a type of the prototype", '{"type":"constructor"}'],
  ["a second hello", `${HELLO}"x"}`],
  ["an answer", '{"type":"welcome"}'],
  ["a push without a number", '{"type":"push","ops":[]}'],
  ["a push with the number 0", pushOf(0, square("x"))],
  ["a push with a negative number", pushOf(-1, square("x"))],
  ["a push with half a number", pushOf(1.5, square("x"))],
  ["a push with a number that is none", '{"type":"push","n":"1","ops":[]}'],
  ["a push with a number beyond all numbers", `{"type":"push","n":${"9".repeat(400)},"ops":[]}`],
  ["a push without ops", '{"type":"push","n":1}'],
  ["a push whose ops are no list", '{"type":"push","n":1,"ops":{"0":["d","x"]}}'],
  ["an op that is none", pushOf(1, ["d"])],
  ["an op of an unknown kind", pushOf(1, [["z", "x"]])],
  ["an op without an id", pushOf(1, [["d"]])],
  ["an op whose id is a list", pushOf(1, [["d", ["x"]]])],
  ["an id with a line break", pushOf(1, [["d", "x\ny"]])],
  ["a patch that is a list", pushOf(1, [["u", "x", [1]]])],
  ["auth without a token", '{"type":"auth"}'],
  ["presence that is a text", '{"type":"presence","presence":"here"}'],
  ["presence with a selection that is no list", '{"type":"presence","presence":{"selection":"all"}}'],
  ["nesting", deep(50_000)],
  ["lists in lists", "[".repeat(200_000)],
  ["data that is nested", `{"type":"push","n":1,"ops":[["c","x","annotation",{"type":"rectangle","custom":${deep(3_000)}}]]}`],
  ["presence that is nested", `{"type":"presence","presence":{"preview":${deep(20_000)}}}`],
])("like %s after the welcome is told that it is no message, and ended", async (_, frame) => {
  const each = await joined();
  each.send(frame);
  expect(await each.until("bye", isBye)).toMatchObject({ code: "bad_request" });
  await each.closed;
});

it.each<readonly [name: string, ops: unknown, code: string]>([
  ["the prototype's keys", [["c", "proto", "annotation", JSON.parse('{"__proto__":{"x":1},"type":"rectangle"}')]], "invalid_parameters"],
  ["a record that is too large", square("large", "x".repeat(300_000)), "too_large"],
  ["more ops than allowed", Array.from({ length: 220 }, (_, i) => ["d", `x-${i}`]), "limit_exceeded"],
])("with %s in a push is refused that push, and may go on", async (_, ops, code) => {
  const each = await joined();
  each.send(pushOf(1, ops));
  const answer = await each.until(
    "an answer",
    (message): message is Extract<typeof message, { type: "batch" | "bye" }> =>
      message.type === "bye" || (message.type === "batch" && (message.rejects ?? []).length > 0),
  );
  expect(answer.type === "batch" ? answer.rejects![0]!.code : answer.code).toBe(code);
});

it.each<readonly [name: string, send: (ws: WebSocket) => void, code: number]>([
  ["bytes that are no UTF-8", (ws) => ws.send(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), { binary: false }), 1007],
  ["half a character", (ws) => ws.send(Buffer.from('{"type":"\u00fc'.slice(0, -1) + "\u00c3", "latin1"), { binary: false }), 1007],
  ["a frame of more than 1 MB", (ws) => ws.send("x".repeat(1_000_001)), 1009],
  [
    "1 MB in pieces",
    (ws) => {
      for (let i = 0; i < 11; i++) ws.send("x".repeat(100_000), { fin: i === 10 });
    },
    1009,
  ],
  ["bytes", (ws) => ws.send(Buffer.from("{}")), 1008],
])("with %s is cut off", async (_, send, code) => {
  const ws = new WebSocket(`${api.url.replace("http", "ws")}/viewer/sync`, SUBPROTOCOL);
  opened.push({ close: () => ws.terminate() });
  await new Promise((resolve) => ws.once("open", resolve));
  const closed = new Promise<number>((resolve) => ws.once("close", resolve));
  ws.on("error", () => undefined);
  ws.send(JSON.stringify({ type: "hello", sid: "12345678", token, since: -1 }));
  await new Promise((resolve) => ws.once("message", resolve));
  send(ws);
  expect(await closed).toBe(code);
});

it("that floods with pushes is ended, and what it was told is true", async () => {
  const flood = await joined();
  for (let n = 1; n <= 900; n++) flood.send(pushOf(n, square(`flood-${n}`)));
  expect(await flood.until("bye", isBye)).toMatchObject({ code: "rate_limited" });
  await flood.closed;
  const acked = flood.messages.flatMap((message) => (message.type === "batch" ? (message.acks ?? []).map(([n]) => n) : []));
  const { records } = await api.json<{ records: { id: string }[] }>(`/viewer/documents/${document}/records`);
  const there = new Set(records.map(({ id }) => id));
  expect(new Set(acked).size).toBe(acked.length);
  expect(acked.filter((n) => !there.has(`flood-${n}`))).toEqual([]);
});

it("that does not read is sent nothing more once its buffer is full, is told to begin anew, and then has everything", async () => {
  const reader = new WebSocket(`${api.url.replace("http", "ws")}/viewer/sync`, SUBPROTOCOL);
  opened.push({ close: () => reader.terminate() });
  await new Promise((resolve) => reader.once("open", resolve));
  const frames: { type: string; from: number; to: number; seq: number; epoch: number; viewKey: string }[] = [];
  let bytes = 0;
  reader.on("message", (data: Buffer) => {
    bytes += data.length;
    frames.push(JSON.parse(data.toString()) as (typeof frames)[number]);
  });
  const closed = new Promise<void>((resolve) => reader.once("close", () => resolve()));
  reader.send(JSON.stringify({ type: "hello", sid: "reads-slowly", token, since: -1 }));
  // Who came and went before is told of, too.
  await expect.poll(() => frames[0]?.type).toBe("welcome");
  const { seq, epoch, viewKey } = frames[0]!;
  reader.pause();
  const [WRITTEN, SIZE] = [90, 200_000];
  await honestEdits(WRITTEN, "x".repeat(SIZE));
  reader.resume();
  await closed;
  const batches = frames.filter(({ type }) => type === "batch");
  expect(frames.at(-1)?.type).toBe("reset");
  // In order up to where it stood still; what a system buffers on both sides is less than half of it.
  expect(batches.map(({ from }) => from)).toEqual([seq, ...batches.slice(0, -1).map(({ to }) => to)]);
  expect(bytes).toBeLessThan(WRITTEN * SIZE * 0.8);
  const again = await socket();
  const welcome = await again.hello(token, { sid: "reads-slowly", since: batches.at(-1)!.to, epoch, viewKey });
  expect(welcome.seq).toBe(seq + WRITTEN);
  expect(JSON.stringify(welcome.records ?? welcome.changes ?? welcome.snapshotUrl)).toMatch(new RegExp(`honest-${honestPushes}|records`));
}, 60_000);

it("that never says hello, or half of a request, takes nobody's place", async () => {
  const { hostname, port } = new URL(api.url);
  const halves = Array.from({ length: 50 }, () => {
    const half = connect(Number(port), hostname);
    half.on("error", () => undefined);
    half.write("GET /viewer/sync HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Up");
    opened.push({ close: () => half.destroy() });
    return new Promise<void>((resolve) => half.once("connect", () => resolve()));
  });
  await Promise.all(halves);
  const silent = await Promise.all(Array.from({ length: 50 }, () => socket()));
  await honestEdits(5);
  api.advance(6_000);
  for (const each of silent) expect(await each.until("bye", isBye)).toMatchObject({ code: "request_timeout" });
});

it("that is idle in hundreds costs the others nothing but its place", async () => {
  const idle = await Promise.all(Array.from({ length: 300 }, () => joined()));
  await honestEdits(20);
  // They are served like everybody.
  await Promise.all(idle.map((each) => each.until("the last edit", hasChange(`honest-${honestPushes}`))));
  expect(idle.every(({ messages }) => messages.every(({ type }) => type !== "bye"))).toBe(true);
});
