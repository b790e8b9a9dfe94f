/** Over real sockets: what is refused before a route is known, and bodies that come too slowly. */
import { readdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { TEST_KEY, type TestServer, testServer } from "../testing/test-server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer({
    env: { LECTERN_LIMIT_REQUESTS_PER_SECOND: "1000" },
    bodyLimits: { jsonBytes: 1000, jsonTimeout: 200, pace: { bytes: 100, ms: 200 }, headTimeout: 500 },
  });
});
afterAll(() => api.close());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

function open(onOpen: (socket: Socket) => void): Promise<string> {
  const { hostname, port } = new URL(api.url);
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(Number(port), hostname, () => onOpen(socket));
    socket.on("data", (data) => (answer += data.toString("latin1")));
    // A reset after the answer is an end, too.
    socket.on("error", () => undefined).on("close", () => resolve(answer));
  });
}

/** The first answer of a connection that the service ends. */
function parsed(answer: string): Answer {
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]),
  );
  return { status: Number(first.split(" ")[1]), headers, body: JSON.parse(body) as Record<string, unknown> };
}

const HEAD = `Host: localhost\r\nAuthorization: Bearer ${TEST_KEY}\r\n`;
const CLOSE = "Connection: close\r\n";
const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

describe("a refusal", () => {
  it.each<[what: string, request: string, status: number, code: string]>([
    ["of what is no HTTP", "nonsense\r\n\r\n", 400, "bad_request"],
    ["of headers without end", `GET /livez HTTP/1.1\r\n${HEAD}X: ${"y".repeat(70_000)}\r\n\r\n`, 431, "too_large"],
    ["of an address that cannot be read", `GET /viewer/%zz HTTP/1.1\r\n${HEAD}${CLOSE}\r\n`, 400, "bad_request"],
    ["of an unknown address", `GET /nothing HTTP/1.1\r\n${HEAD}${CLOSE}\r\n`, 404, "not_found"],
    ["of a method", `PUT /viewer/sessions HTTP/1.1\r\n${HEAD}${CLOSE}\r\n`, 405, "method_not_allowed"],
    ["of what is not offered", `POST /api/sign HTTP/1.1\r\n${HEAD}${CLOSE}\r\n`, 501, "not_implemented"],
    ["of a stranger", `GET /viewer/documents HTTP/1.1\r\nHost: localhost\r\n${CLOSE}\r\n`, 401, "unauthorized"],
    [
      "of a body that is too large",
      `POST /viewer/sessions HTTP/1.1\r\n${HEAD}${CLOSE}Content-Type: application/json\r\nContent-Length: 1001\r\n\r\n${" ".repeat(1001)}`,
      413,
      "too_large",
    ],
    [
      "of JSON that is none",
      `POST /viewer/sessions HTTP/1.1\r\n${HEAD}${CLOSE}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{]`,
      400,
      "bad_request",
    ],
    ["of headers in a flood", `GET /livez HTTP/1.1\r\n${HEAD}${"a:b\r\n".repeat(20_000)}\r\n`, 431, "too_large"],
    ["of a WebSocket anywhere", `GET /nothing HTTP/1.1\r\n${HEAD}${UPGRADE}\r\n`, 404, "not_found"],
    ["of a WebSocket without our protocol", `GET /viewer/sync HTTP/1.1\r\n${HEAD}${UPGRADE}\r\n`, 400, "bad_request"],
  ])("%s has an id, a code and where it is explained, and is counted", async (_what, request, status, code) => {
    const answer = parsed(await open((socket) => void socket.write(request)));
    expect(answer).toMatchObject({
      status,
      headers: { "content-type": "application/problem+json; charset=utf-8", "x-request-id": answer.body["requestId"] },
      body: {
        status,
        code,
        type: `/docs/errors#${code}`,
        requestId: expect.stringMatching(/^[\w.:@~-]+$/) as string,
      },
    });
    expect(answer.headers).toMatchObject({
      ratelimit: expect.stringMatching(/^"requests";r=\d+;t=\d+$/) as string,
      "ratelimit-limit": "10000",
    });
  });

  it("of what is no request can be found in the log by its id", async () => {
    const { body } = parsed(await open((socket) => void socket.write("nonsense\r\n\r\n")));
    expect(api.logs.some((line) => line.includes(`"requestId":"${String(body["requestId"])}"`))).toBe(true);
  });

  it("keeps the id of whoever asks for a WebSocket", async () => {
    const request = `GET /nothing HTTP/1.1\r\nX-Request-Id: mine-7\r\n${HEAD}${UPGRADE}\r\n`;
    expect(parsed(await open((socket) => void socket.write(request))).headers["x-request-id"]).toBe("mine-7");
  });
});

it("who asks for what is not there is counted, too", async () => {
  const strict = await testServer({ env: { LECTERN_LIMIT_REQUESTS_PER_SECOND: "1" } });
  onTestFinished(() => strict.close());
  for (const [path, method, status] of [
    ["/nothing", "GET", 404],
    ["/viewer/sessions", "PUT", 405],
    ["/api/sign", "POST", 501],
  ] as const) {
    const seen = new Set<number>();
    // The bucket fills up again while a slow machine asks: until it was empty once.
    while (!seen.has(429)) {
      const some = await Promise.all(Array.from({ length: 20 }, () => strict.request(path, { method })));
      for (const response of some) seen.add(response.status);
    }
    expect([status, 429]).toEqual(expect.arrayContaining([...seen]));
  }
});

/** The beginning at once, then a byte now and then until the service ends the connection. */
async function trickle(beginning: string, byte = " "): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const answer = await open((socket) => {
    socket.write(beginning);
    timer = setInterval(() => socket.write(byte), 20);
    socket.once("close", () => clearInterval(timer)).once("end", () => clearInterval(timer));
  });
  clearInterval(timer);
  return parsed(answer);
}

const FORM = "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 900000\r\n\r\n--x\r\nContent-Disposition: form-data; name=";

describe("a head that comes too slowly", () => {
  it.each([
    ["in its first line", "GET /"],
    ["in its headers", `GET /viewer/documents HTTP/1.1\r\n${HEAD}X-Slow: `],
    ["of a WebSocket", `GET /viewer/sync HTTP/1.1\r\n${HEAD}${UPGRADE}X-Slow: `],
  ])("%s is cut with 408", async (_what, beginning) => {
    expect(await trickle(beginning, "x")).toMatchObject({
      status: 408,
      headers: { connection: "close", "ratelimit-limit": "10000" },
      body: { code: "request_timeout" },
    });
  });

  it("from a hundred at once, and floods of headers beside them, keep nobody waiting", async () => {
    let ended = 0;
    const slow = Array.from({ length: 100 }, async () => {
      const answer = await trickle(`GET /livez HTTP/1.1\r\n${HEAD}X-Slow: `, "x");
      ended++;
      return answer;
    });
    expect((await api.request("/viewer/documents")).status).toBe(200);
    expect(ended).toBeLessThan(100);
    const floods = Array.from({ length: 20 }, () =>
      open((socket) => void socket.write(`GET /livez HTTP/1.1\r\n${HEAD}${"a:b\r\n".repeat(20_000)}\r\n`)),
    );
    expect(new Set((await Promise.all(floods)).map((answer) => parsed(answer).status))).toEqual(new Set([431]));
    expect(new Set((await Promise.all(slow)).map(({ status }) => status))).toEqual(new Set([408]));
    expect((await api.request("/viewer/documents")).status).toBe(200);
    expect(api.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});

describe("a body that comes too slowly", () => {
  it.each([
    ["of JSON", `POST /viewer/sessions HTTP/1.1\r\n${HEAD}Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{`],
    ["of a file", `POST /viewer/documents HTTP/1.1\r\n${HEAD}Content-Type: application/pdf\r\nContent-Length: 900000\r\n\r\n%PDF-1.7\n`],
    ["in a form's file", `POST /api/documents HTTP/1.1\r\n${HEAD}${FORM}"file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n`],
    ["in a form's field", `POST /api/documents HTTP/1.1\r\n${HEAD}${FORM}"title"\r\n\r\nSlow`],
    [
      "of an upload in parts",
      `POST /viewer/uploads HTTP/1.1\r\n${HEAD}Tus-Resumable: 1.0.0\r\nUpload-Length: 900000\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 900000\r\n\r\n%PDF-1.7\n`,
    ],
  ])("%s is cut with 408, and leaves nothing", async (_what, beginning) => {
    expect(await trickle(beginning)).toMatchObject({ status: 408, headers: { connection: "close" }, body: { code: "request_timeout" } });
    expect((await api.request("/livez")).status).toBe(200);
    expect(await api.json("/viewer/documents")).toMatchObject({ data: [] });
    const stored = await readdir(join(api.server.documents.uploadsDir, "../blobs"), { recursive: true, withFileTypes: true });
    expect(stored.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([]);
    expect(api.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });

  it("does not keep others waiting", async () => {
    let answered = 0;
    const slow = Promise.all(
      Array.from({ length: 50 }, () =>
        trickle(`POST /viewer/documents HTTP/1.1\r\n${HEAD}Content-Type: application/pdf\r\nContent-Length: 900000\r\n\r\n%PDF-1.7\n`).then(
          (answer) => {
            answered++;
            return answer;
          },
        ),
      ),
    );
    expect((await api.request("/viewer/documents")).status).toBe(200);
    expect(answered).toBeLessThan(50);
    expect(new Set((await slow).map(({ status }) => status))).toEqual(new Set([408]));
  });
});
