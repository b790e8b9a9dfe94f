import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { ApiError } from "@lectern/protocol/plain";
import { expect, onTestFinished, test } from "vitest";
import { download } from "./download.ts";
import { type Outgoing, type OutgoingRequest, outgoing } from "./request.ts";

async function listening(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function site(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; port: number; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const port = await listening(
    createServer((request, response) => {
      asked.push(request);
      answer(request, response);
    }),
  );
  return { url: `http://127.0.0.1:${port}`, port, asked };
}

/** May ask these addresses only, as if they were public ones: what else the rules say stays as it is. */
function onlyTo(addresses: readonly string[]): Outgoing {
  const strict = outgoing({ allowPrivate: false });
  const open = outgoing({ allowPrivate: true });
  const through = (url: string): Outgoing => (addresses.includes(URL.canParse(url) ? new URL(url).hostname : "") ? open : strict);
  return { check: (url) => through(url).check(url), send: (url, options) => through(url).send(url, options) };
}
const onLoopback = onlyTo(["127.0.0.1"]);

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => "it was sent",
    (thrown: unknown) => thrown,
  );
  return error instanceof ApiError ? error.code : String(error);
}

async function read(
  from: Outgoing,
  url: string,
  options: { maxBytes?: number; redirects?: number; timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<string> {
  const { bytes } = await download(from, url, { maxBytes: 1000, ...options });
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Each leads, in its own way, to a place inside. `PORT` stands for that of a server that would answer. */
const INSIDE = [
  "http://127.0.0.1:PORT/",
  "http://127.0.0.1.:PORT/",
  "http://127.1:PORT/",
  "http://127.0.1:PORT/",
  "http://2130706433:PORT/",
  "http://017700000001:PORT/",
  "http://0177.0.0.1:PORT/",
  "http://0177.0.0.01:PORT/",
  "http://0x7f.0.0.1:PORT/",
  "http://0x7f000001:PORT/",
  "http://0x7f.1:PORT/",
  "http://%31%32%37.0.0.1:PORT/",
  "http://①②⑦.⓪.⓪.①:PORT/",
  "http://127。0。0。1:PORT/",
  "http://127.0.0.1:PORT",
  "http:\\\\127.0.0.1:PORT/",
  "http:127.0.0.1:PORT/",
  "http:////127.0.0.1:PORT/",
  " http://127.0.0.1:PORT/",
  "http://127.0.0.1\t:PORT/",
  "hTTp://127.0.0.1:PORT/",
  "http://127.255.255.254:PORT/",
  "http://0:PORT/",
  "http://0.0.0.0:PORT/",
  "http://localhost:PORT/",
  "http://LOCALHOST.:PORT/",
  "http://ｌｏｃａｌｈｏｓｔ:PORT/",
  "http://user@127.0.0.1:PORT/",
  "http://user:password@example.com:PORT/",
  "http://example.com@127.0.0.1:PORT/",
  "http://example.com#@127.0.0.1:PORT/",
  "http://[::1]:PORT/",
  "http://[0:0:0:0:0:0:0:1]:PORT/",
  "http://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT/",
  "http://[::]:PORT/",
  "http://[::ffff:127.0.0.1]:PORT/",
  "http://[::ffff:7f00:1]:PORT/",
  "http://[0:0:0:0:0:ffff:7f00:0001]:PORT/",
  "http://[::127.0.0.1]:PORT/",
  "http://[64:ff9b::7f00:1]:PORT/",
  "http://[64:ff9b::169.254.169.254]/",
  "http://[64:ff9b:1::a00:1]/",
  "http://[2002:7f00:1::]:PORT/",
  "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
  "http://[fe80::1]:PORT/",
  "http://[fe80::1%25lo]:PORT/",
  "http://[fc00::1]/",
  "http://[fd00:ec2::254]/latest/meta-data/",
  "http://[ff02::1]/",
  "http://[2001:db8::1]/",
  "http://10.0.0.1/",
  "http://172.16.0.1/",
  "http://172.31.255.255/",
  "http://192.168.1.1/",
  "http://3232235777/",
  "http://169.254.169.254/latest/meta-data/",
  "http://0xa9fea9fe/",
  "http://0251.0376.0251.0376/",
  "http://[::ffff:169.254.169.254]/",
  "http://168.63.129.16/",
  "http://100.64.0.1/",
  "http://100.100.100.200/latest/meta-data/",
  "http://192.0.0.192/",
  "http://198.18.0.1/",
  "http://224.0.0.1/",
  "http://255.255.255.255/",
  "http://240.0.0.1/",
  "file:///etc/passwd",
  "ftp://127.0.0.1:PORT/",
  "gopher://127.0.0.1:PORT/_GET",
  "data:application/pdf,%25PDF-",
  "javascript:alert(1)",
  "//127.0.0.1:PORT/",
  "http://",
  "http://[::1",
  "http://1.2.3.4.5/",
  "http://256.256.256.256/",
  `http://example.com/${"a".repeat(10_000)}`,
];

/** Names lead inside, whatever they are. */
const insideNames = async (name: string) => [{ address: name.startsWith("example.com") ? "192.168.0.1" : "127.0.0.1", family: 4 }];

test(`${INSIDE.length} ways to write an address inside are refused before anything is sent`, async () => {
  const { port, asked } = await site((_request, response) => response.end("secret"));
  const strict = outgoing({ allowPrivate: false, resolve: insideNames });
  const results = await Promise.all(INSIDE.map(async (url) => [url, await codeOf(read(strict, url.replace("PORT", String(port))))]));
  expect(results.filter(([, code]) => code !== "invalid_parameters")).toEqual([]);
  expect(asked).toHaveLength(0);
});

test("a name that changes its address after it was checked is still called at the checked one", async () => {
  const { port, asked } = await site((_request, response) => response.end("the right one"));
  let asks = 0;
  const rebinding = outgoing({
    allowPrivate: true,
    resolve: async () => [{ address: asks++ === 0 ? "127.0.0.1" : "127.0.0.2", family: 4 }],
  });
  expect(await read(rebinding, `http://rebind.example:${port}/`)).toBe("the right one");
  expect(asks).toBe(1);
  expect(asked[0]!.headers.host).toBe(`rebind.example:${port}`);
});

test("a redirect from https to http is not followed", async () => {
  const { port, asked } = await site((request, response) =>
    request.url === "/file"
      ? response.end("readable by others")
      : response.writeHead(302, { location: `http://127.0.0.1:${port}/file` }).end(),
  );
  // The site without its certificate.
  const secure = {
    ...onLoopback,
    send: (url: string, options: OutgoingRequest) => onLoopback.send(url.replace("https:", "http:"), options),
  };
  expect(await codeOf(read(secure, `https://127.0.0.1:${port}/`))).toBe("unprocessable");
  expect(asked).toHaveLength(1);
  expect(await read(secure, `http://127.0.0.1:${port}/`)).toBe("readable by others");
});

test("each redirect is checked like the first URL", async () => {
  const inside = [
    "http://127.0.0.2:1/",
    "http://[::1]/",
    "//10.0.0.1/x",
    "file:///etc/passwd",
    "http://a:b@127.0.0.1/",
    "http://2130706434/",
  ];
  for (const to of inside) {
    const { url } = await site((_request, response) => response.writeHead(302, { location: to }).end());
    expect([to, await codeOf(read(onLoopback, url))]).toEqual([to, "invalid_parameters"]);
  }
  const chain = await site(({ url: path }, response) =>
    path === "/3" ? response.end("arrived") : response.writeHead(307, { location: `/${Number(path!.slice(1)) + 1}` }).end(),
  );
  expect(await read(onLoopback, `${chain.url}/0`)).toBe("arrived");
  expect(await codeOf(read(onLoopback, `${chain.url}/0`, { redirects: 2 }))).toBe("unprocessable");
  const nowhere = await site((_request, response) => response.writeHead(302, { location: "http://[" }).end());
  expect(await codeOf(read(onLoopback, nowhere.url))).toBe("unprocessable");
});

test("nothing of ours travels along a chain of redirects", async () => {
  const { url, asked } = await site((_request, response) => response.writeHead(302, { location: "/again", "set-cookie": "a=b" }).end());
  expect(await codeOf(read(onLoopback, url))).toBe("unprocessable");
  expect(asked).toHaveLength(6);
  for (const { headers } of asked) expect(Object.keys(headers).sort()).toEqual(["accept-encoding", "connection", "host"]);
});

test("an answer that is too large, compressed, no success, or breaks off, is an error", async () => {
  const announced = await site((_request, response) => response.writeHead(200, { "content-length": "1001" }).end("x".repeat(1001)));
  expect(await codeOf(read(onLoopback, announced.url))).toBe("too_large");
  const endless = await site((_request, response) => {
    const more = (): void => void (response.destroyed || response.write("x".repeat(400), () => setImmediate(more)));
    more();
  });
  expect(await codeOf(read(onLoopback, endless.url))).toBe("too_large");
  const packed = await site((_request, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("x"));
  expect(await codeOf(read(onLoopback, packed.url))).toBe("unprocessable");
  const missing = await site((_request, response) => response.writeHead(404).end("x"));
  expect(await codeOf(read(onLoopback, missing.url))).toBe("unprocessable");
  const broken = await site((_request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("x", () => response.destroy());
  });
  expect(await codeOf(read(onLoopback, broken.url))).toBe("unprocessable");
  const gone = await site((request) => request.socket.destroy());
  expect(await codeOf(read(onLoopback, gone.url))).toBe("unprocessable");
});

test("a resolver, a handshake or an answer that never comes ends in time", async () => {
  const silent = outgoing({ allowPrivate: false, resolve: () => new Promise(() => undefined) });
  expect(await codeOf(silent.send("https://slow.example/", { method: "GET", timeoutMs: 60_000, connectMs: 20 }))).toBe("unprocessable");
  const deaf = await listening(createTcpServer());
  expect(await codeOf(onLoopback.send(`https://127.0.0.1:${deaf}/`, { method: "GET", timeoutMs: 60_000, connectMs: 20 }))).toBe(
    "unprocessable",
  );
  const { url } = await site(() => undefined);
  expect(await codeOf(read(onLoopback, url, { timeoutMs: 20 }))).toBe("unprocessable");
});
