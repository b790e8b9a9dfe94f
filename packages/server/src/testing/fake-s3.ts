/** The part of S3's protocol that blobs need, in memory: one bucket, objects whose checksums are checked. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export interface FakeS3 {
  /** As `LECTERN_BLOBS_URL` takes it. */
  readonly url: string;
  readonly objects: ReadonlyMap<string, Buffer>;
  /** Methods and keys in the order they came. */
  readonly requests: readonly string[];
  /** The next so many requests are answered with 503. */
  fail(count: number): void;
  /** Called once, with the next request of this kind, which is answered when it is done. */
  before(request: RegExp, act: () => Promise<void>): void;
  close(): Promise<void>;
}

export async function fakeS3(bucket = "lectern-test"): Promise<FakeS3> {
  const objects = new Map<string, Buffer>();
  const requests: string[] = [];
  let failures = 0;
  let next: { readonly request: RegExp; readonly act: () => Promise<void> } | null = null;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(new URL(request.url!, "http://s3").pathname).slice(1);
    const [name, ...rest] = path.split("/");
    const key = rest.join("/");
    requests.push(`${request.method} ${key}`);
    const body = await buffer(request);
    if (next?.request.test(`${request.method} ${key}`) === true) {
      const { act } = next;
      next = null;
      await act();
    }
    const error = (status: number, code: string): void =>
      void response
        .writeHead(status, { "content-type": "application/xml" })
        .end(request.method === "HEAD" ? "" : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
    if (failures > 0) {
      failures--;
      return error(503, "SlowDown");
    }
    if (!request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 ")) return error(403, "AccessDenied");
    if (name !== bucket) return error(404, "NoSuchBucket");
    if (key === "") return void response.writeHead(200).end();
    const object = objects.get(key);
    switch (request.method) {
      case "PUT": {
        const given = request.headers["x-amz-checksum-sha256"];
        if (given !== createHash("sha256").update(body).digest("base64")) return error(400, "BadDigest");
        objects.set(key, body);
        return void response.writeHead(200, { etag: '"1"' }).end();
      }
      case "DELETE":
        objects.delete(key);
        return void response.writeHead(204).end();
      default: {
        if (object === undefined) return error(404, "NoSuchKey");
        const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
        if (range !== null && Number(range[1]) >= object.length) return error(416, "InvalidRange");
        const part = range === null ? object : object.subarray(Number(range[1]), Number(range[2]) + 1);
        return void response
          .writeHead(range === null ? 200 : 206, { "content-length": part.length })
          .end(request.method === "HEAD" ? "" : part);
      }
    }
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `s3://key:secret@${bucket}/blobs?endpoint=${encodeURIComponent(endpoint)}`,
    objects,
    requests,
    fail: (count) => void (failures = count),
    before: (given, act) => void (next = { request: given, act }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
