/** Requests over a few connections that stay open, written by hand: a client that costs as little as possible, so that the server is what is measured. */
import { connect } from "node:net";

export interface Target {
  readonly port: number;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the request with this number. */
  readonly body?: (n: number) => string;
}

/** Answered requests in a second; throws when one is not answered with 200. */
export async function requestsPerSecond(
  target: Target,
  options: { readonly connections: number; readonly seconds: number },
): Promise<number> {
  const start = performance.now();
  const end = start + options.seconds * 1000;
  const count = await run(target, options.connections, () => performance.now() < end);
  return (count * 1000) / (performance.now() - start);
}

/** So many requests. */
export async function requests(target: Target, options: { readonly connections: number; readonly count: number }): Promise<void> {
  let left = options.count;
  await run(target, options.connections, () => left-- > 0);
}

let sent = 0;

async function run(target: Target, connections: number, goOn: () => boolean): Promise<number> {
  let count = 0;
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(target.port, "127.0.0.1");
      socket.setNoDelay(true);
      let missing = -1;
      let head: Buffer = Buffer.alloc(0);
      const next = (): void => {
        if (!goOn()) {
          socket.end();
          return resolve();
        }
        socket.write(requestOf(target, sent++));
      };
      socket.on("error", reject);
      socket.on("close", () => resolve());
      socket.on("connect", next);
      socket.on("data", (chunk: Buffer) => {
        let rest: Buffer = chunk;
        if (missing < 0) {
          head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
          const at = head.indexOf("\r\n\r\n");
          if (at < 0) return;
          const lines = head.toString("latin1", 0, at);
          if (!lines.startsWith("HTTP/1.1 200")) return void socket.destroy(new Error(head.toString()));
          missing = Number(/content-length: (\d+)/i.exec(lines)![1]);
          rest = head.subarray(at + 4);
          head = Buffer.alloc(0);
        }
        missing -= rest.length;
        if (missing > 0) return;
        missing = -1;
        count++;
        next();
      });
    });
  await Promise.all(Array.from({ length: connections }, one));
  return count;
}

function requestOf({ method, path, headers, body }: Target, n: number): string {
  const text = body?.(n) ?? "";
  const lines = Object.entries({
    host: "127.0.0.1",
    ...headers,
    ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(text)) }),
  });
  return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${text}`;
}
