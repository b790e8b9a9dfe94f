import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { ApiError } from "@lectern/protocol/plain";
import { expect, it, onTestFinished } from "vitest";
import { isPublicAddress } from "./addresses.ts";
import { isAllowedEntry } from "./allowed.ts";
import { outgoing } from "./request.ts";

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
  });
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

it.each(["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8", "64:ff9b::808:808"])(
  "%s is public",
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

it.each([
  ..."0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1 198.18.0.1 224.0.0.1 255.255.255.255".split(
    " ",
  ),
  ..."::1 :: fe80::1 fe80::1%eth0 fc00::1 fd12:3456::1 ff02::1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:0:127.0.0.1 ::127.0.0.1 64:ff9b::7f00:1".split(
    " ",
  ),
  ..."2002:7f00:1:: 2002:a9fe:a9fe:: 2001:db8::1 2001::1 not-an-address".split(" "),
])("%s is not public", (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

it.each([
  "http://127.0.0.1/",
  "http://127.1/",
  "http://2130706433/",
  "http://0x7f000001/",
  "http://0177.0.0.1/",
  "http://[::1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://localhost:4600/",
  "http://a.localhost/",
  "http://169.254.169.254/latest/meta-data/",
  "http://user:secret@example.com/",
  "ftp://example.com/",
  "file:///etc/passwd",
  "nonsense",
])("refuses to ask %s", (url) => {
  const { check } = outgoing({ allowPrivate: false });
  expect(() => check(url)).toThrow(expect.objectContaining({ code: "invalid_parameters" }) as Error);
});

it("refuses a name that means a private address, also beside a public one", async () => {
  let asked = 0;
  const port = await listening(createServer((_request, response) => (asked++, response.end("secret"))));
  for (const addresses of [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"]]) {
    const { send } = outgoing({ allowPrivate: false, resolve: async () => addresses.map((address) => ({ address, family: 4 })) });
    await expect(send(`http://rebound.example:${port}/`, { method: "GET", timeoutMs: 5000 })).rejects.toMatchObject({
      code: "invalid_parameters",
    });
  }
  expect(asked).toBe(0);
});

it("asks of the own network what was listed, and nothing else", async () => {
  const port = await listening(createServer((_request, response) => response.end("inside")));
  const resolve = async (name: string) => [{ address: name === "other.internal" ? "127.0.0.9" : "127.0.0.1", family: 4 }];
  const ask = async (allowPrivate: readonly string[], host: string): Promise<string> => {
    const { send } = outgoing({ allowPrivate, resolve });
    try {
      return await text((await send(`http://${host}:${port}/`, { method: "GET", timeoutMs: 5000 })).body);
    } catch (error) {
      return (error as ApiError).code;
    }
  };
  expect(await ask(["10.0.0.0/8", "127.0.0.0/29"], "127.0.0.1")).toBe("inside");
  expect(await ask(["127.0.0.1"], "some.internal")).toBe("inside");
  expect(await ask(["files.internal"], "FILES.internal")).toBe("inside");
  expect(await ask(["files.internal"], "other.internal")).toBe("invalid_parameters");
  expect(await ask(["files.internal"], "x.files.internal")).toBe("invalid_parameters");
  expect(await ask(["files.internal"], "127.0.0.1")).toBe("invalid_parameters");
  expect(await ask(["127.0.0.0/29"], "other.internal")).toBe("invalid_parameters");
  expect(await ask(["fd00::/8"], "127.0.0.1")).toBe("invalid_parameters");
});

it("knows what may be listed", () => {
  for (const entry of ["10.0.0.0/8", "10.1.2.3", "fd00::/8", "::1", "files.internal", "nas"])
    expect([entry, isAllowedEntry(entry)]).toEqual([entry, true]);
  for (const entry of [
    "",
    "10.0.0.0/33",
    "10.0.0/8",
    "300.1.1.1",
    "fd00::/129",
    "a/8",
    "*.internal",
    "http://nas",
    "nas:80",
    "10.0.0.0/8/8",
    "10.0.0.0/",
  ])
    expect([entry, isAllowedEntry(entry)]).toEqual([entry, false]);
});

it("connects to the address that was checked, and names the host", async () => {
  const port = await listening(createServer((request, response) => response.end(request.headers.host)));
  const { send } = outgoing({ allowPrivate: true, resolve: async () => [{ address: "127.0.0.1", family: 4 }] });
  const answer = await send(`http://docs.example:${port}/`, { method: "POST", body: "hello", timeoutMs: 5000 });
  expect([answer.status, await text(answer.body)]).toEqual([200, `docs.example:${port}`]);
});

it("gives up on who does not answer, or does not end", async () => {
  const silent = await listening(createServer(() => undefined));
  const endless = await listening(createServer((_request, response) => void response.write("a")));
  const { send } = outgoing({ allowPrivate: true });
  await expect(send(`http://127.0.0.1:${silent}/`, { method: "GET", timeoutMs: 50 })).rejects.toMatchObject({ code: "unprocessable" });
  const answer = await send(`http://127.0.0.1:${endless}/`, { method: "GET", timeoutMs: 300 });
  await expect(text(answer.body)).rejects.toThrow();
});
