/** Tables of bad input over the wire: each is answered with a clear 4xx that tells nothing of the inside, and the next request is answered. */
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { TEST_KEY, type TestServer, testServer } from "../testing/test-server.ts";

let api: TestServer;
let document: string;
const pdf = Buffer.from(pagesPdf(1));
beforeAll(async () => {
  api = await testServer();
  document = (await api.upload(pdf)).id;
});
afterAll(() => api.close());
/** The control: whatever was sent before, an ordinary request is answered. */
afterEach(async () => {
  expect((await api.request(`/viewer/documents/${document}`)).status).toBe(200);
  expect(api.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});

const LEAKS = /node_modules|\.ts:\d|at \w+ \(|\/tmp\/|SQLITE|stack|lectern-test-/;

async function refusal(response: Response, what: string): Promise<{ status: number; code: string }> {
  const text = await response.text();
  expect(text, what).not.toMatch(LEAKS);
  expect(response.headers.get("content-type"), `${what}: ${response.status} ${text}`).toMatch(/^application\/problem\+json/);
  const { code, detail } = JSON.parse(text) as { code: string; detail: string };
  expect(detail.length, what).toBeGreaterThan(5);
  return { status: response.status, code };
}

/** Bytes as they are, for what `fetch` would not send; what came back until the other side closed, or `enough` of it. */
function raw(text: string | Buffer, { enough = /\r\n\r\n[^]*\}$/, end = false }: { enough?: RegExp; end?: boolean } = {}): Promise<string> {
  const { hostname, port } = new URL(api.url);
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(Number(port), hostname, () => (end ? socket.end(text) : socket.write(text)));
    const done = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("data", (data) => {
      answer += data.toString("latin1");
      if (enough.test(answer)) done();
    });
    socket.on("close", done).on("error", done);
  });
}

const AUTH = `Authorization: Bearer ${TEST_KEY}\r\n`;
const HOST = "Host: localhost\r\n";

const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, "utf16le");
const BAD_JSON: readonly (readonly [name: string, body: string | Buffer])[] = [
  ["nothing but an opening brace", "{"],
  ["an object that ends early", '{"allowed_documents":[{"document_id":"a"'],
  ["a string that ends early", '{"user_id":"a'],
  ["an escape that ends early", '{"user_id":"a\\'],
  ["half a unicode escape", '{"user_id":"\\u12"}'],
  ["an unknown escape", '{"user_id":"\\x41"}'],
  ["a raw line break in a string", '{"user_id":"a\nb"}'],
  ["a raw NUL in a string", '{"user_id":"a\0b"}'],
  ["a raw NUL behind", '{"user_id":"a"}\0'],
  ["single quotes", "{'user_id':'a'}"],
  ["names without quotes", '{user_id:"a"}'],
  ["a comma too many", '{"user_id":"a",}'],
  ["a comma too few", '{"user_id":"a" "creator_name":"b"}'],
  ["a colon too few", '{"user_id" "a"}'],
  ["comments", '{"user_id":"a" /* b */}'],
  ["two values", '{"user_id":"a"}{"user_id":"b"}'],
  ["text behind", '{"user_id":"a"} b'],
  ["NaN", '{"exp":NaN}'],
  ["Infinity", '{"exp":Infinity}'],
  ["-Infinity", '{"exp":-Infinity}'],
  ["undefined", '{"exp":undefined}'],
  ["a number beyond all", '{"exp":1e999}'],
  ["hexadecimal", '{"exp":0x10}'],
  ["leading zeros", '{"exp":01}'],
  ["a plus sign", '{"exp":+1}'],
  ["a bare point", '{"exp":.5}'],
  ["a date", '{"exp":"tomorrow"}'],
  ["True", '{"exp":True}'],
  ["arrays 100,000 deep", "[".repeat(100_000)],
  ["closed arrays 10,000 deep", "[".repeat(10_000) + "]".repeat(10_000)],
  ["objects 10,000 deep", '{"a":'.repeat(10_000) + "1" + "}".repeat(10_000)],
  ["__proto__", '{"__proto__":{"admin":true}}'],
  ["__proto__ in escapes", '{"\\u005f_proto__":{"admin":true}}'],
  ["__proto__ far inside", '{"allowed_documents":[{"a":{"b":[{"__proto__":1}]}}]}'],
  ["constructor.prototype", '{"constructor":{"prototype":{"admin":true}}}'],
  ["bytes that are not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
  ["an overlong slash", Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
  ["a surrogate in UTF-8", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ["UTF-16", utf16('{"user_id":"a"}')],
  ["Latin-1", Buffer.from('{"user_id":"J\xfcrgen"}', "latin1")],
  ["gzip that does not say so", gzipSync('{"user_id":"a"}')],
  ["a PDF", pdf],
  ["an array", "[]"],
  ["null in the place of a list", '{"allowed_documents":null}'],
  ["a number for an object", "7"],
  ["a string for an object", '"a"'],
  ["a list of 100,000 nulls", `{"allowed_documents":[${"null,".repeat(99_999)}null]}`],
  ["a name of a megabyte", `{"allowed_documents":[{"${"a".repeat(1_000_000)}":1}]}`],
];

describe("bodies of bad JSON", () => {
  it(`are refused in ${BAD_JSON.length} kinds, on a route of sessions and one of documents`, async () => {
    for (const [path, method] of [
      ["/viewer/sessions", "POST"],
      [`/api/documents/${document}/annotations`, "POST"],
    ] as const) {
      for (const [name, body] of BAD_JSON) {
        const response = await api.request(path, { method, body, headers: { "content-type": "application/json" } });
        expect([400, 413, 422], `${path}: ${name}`).toContain((await refusal(response, name)).status);
      }
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it("of a rename with characters that storage does not hold are refused or kept, never lost", async () => {
    const rename = (body: string) =>
      api.request(`/api/documents/${document}`, { method: "PATCH", body, headers: { "content-type": "application/json" } });
    expect((await refusal(await rename('{"title":"a\\u0000b"}'), "NUL")).status).toBe(400);
    // A byte order mark is no part of the text.
    const marked = await rename('\ufeff{"title":"marked"}');
    expect([marked.status, ((await marked.json()) as { data: { title: string } }).data.title]).toEqual([200, "marked"]);
    expect((await refusal(await rename('{"title":"first","title":"second"}'), "two titles")).status).toBe(400);
    const half = await rename('{"title":"half \\ud83d"}');
    expect([half.status, ((await half.json()) as { data: { title: string } }).data.title]).toEqual([200, "half \ufffd"]);
  });
});

const LONG = "a".repeat(65_536);
const NAMES = [
  "../../../etc/passwd",
  "..\\..\\windows\\win.ini",
  "/etc/passwd",
  "C:\\secret.pdf",
  "\\\\server\\share\\x.pdf",
  "....//....//x.pdf",
  "%2e%2e%2fx.pdf",
  "..%c0%afx.pdf",
  "a\0b.pdf",
  "\0",
  "x.pdf\0.png",
  "a\r\nSet-Cookie: a=b.pdf",
  "a\nb.pdf",
  "a\rb.pdf",
  "\u202efdp.exe",
  "a\u2028b\u2029c.pdf",
  "\ufeffx.pdf",
  "\u200b\u200b.pdf",
  "\ud800.pdf",
  "e\u0301\u0302\u0303.pdf",
  "Z̷̢͛ą̸l̷g̴o.pdf".repeat(20),
  "👩‍👩‍👧‍👦.pdf",
  "契約書.pdf",
  "عقد.pdf",
  'naïve "quoted".pdf',
  "a;b=c.pdf",
  "a'; DROP TABLE documents; --.pdf",
  "<script>alert(1)</script>.pdf",
  "${7*7}.pdf",
  "{{7*7}}.pdf",
  "$(reboot).pdf",
  "`reboot`.pdf",
  "|reboot.pdf",
  "-rf.pdf",
  "*.pdf",
  "?.pdf",
  "CON",
  "NUL.pdf",
  "aux.pdf",
  ".",
  "..",
  ".pdf",
  " ",
  "\t",
  "   x.pdf   ",
  "x.pdf.",
  "x.pdf::$DATA",
  "%00",
  "%",
  "%ZZ.pdf",
  "filename*=UTF-8''x.pdf",
  LONG,
  `${LONG}.pdf`,
  "__proto__",
  "constructor",
];

describe("bad names", () => {
  it(`of files, ${NAMES.length} of them, become harmless titles that downloads can carry`, async () => {
    for (const name of NAMES) {
      const escaped = name.replace(/\r/g, "%0D").replace(/\n/g, "%0A").replace(/"/g, "%22");
      const body = Buffer.concat([
        Buffer.from(`--x\r\nContent-Disposition: form-data; name="file"; filename="${escaped}"\r\nContent-Type: application/pdf\r\n\r\n`),
        pdf,
        Buffer.from("\r\n--x--\r\n"),
      ]);
      const what = JSON.stringify(name.slice(0, 60));
      const response = await api.request("/api/documents?wait=0", { body, headers: { "content-type": "multipart/form-data; boundary=x" } });
      if (response.status !== 200) {
        expect([400, 413, 422], what).toContain((await refusal(response, what)).status);
        continue;
      }
      const { data } = (await response.json()) as { data: { id: string; title: string | null } };
      expect(data.title ?? "", what).not.toMatch(/[\p{Cc}/\\]/u);
      expect((data.title ?? "").length, what).toBeLessThanOrEqual(1024);
      await api.request(`/api/documents/${data.id}`, { method: "DELETE" });
    }
  });

  it("of titles are refused, or come back as they are and travel in one header", async () => {
    const { id } = await api.upload(pdf);
    for (const title of NAMES) {
      const what = JSON.stringify(title.slice(0, 60));
      const response = await api.request(`/api/documents/${id}`, { method: "PATCH", json: { title } });
      if (response.status !== 200) {
        expect((await refusal(response, what)).status, what).toBe(400);
        continue;
      }
      expect(((await response.json()) as { data: { title: string } }).data.title, what).toBe(Buffer.from(title).toString());
      const file = await api.request(`/api/documents/${id}/pdf?source=true`, { method: "HEAD" });
      expect(file.status, what).toBe(200);
      expect(file.headers.get("set-cookie"), what).toBeNull();
      expect(file.headers.get("content-disposition"), what).toMatch(
        /^attachment; filename="[\x20-\x7e]+"; filename\*=UTF-8''[\w.~%!#$&+^`|*-]+$/,
      );
    }
  });

  it("of ids are refused in the query, the form, the JSON and the path", async () => {
    const bad = NAMES.filter((name) => !/^[A-Za-z0-9_.:@~-]{1,128}$/.test(name) && name.trim() !== "");
    for (const name of bad) {
      const what = JSON.stringify(name.slice(0, 60));
      if (name.length < 10_000) {
        const query = await api.request(`/api/documents?document_id=${encodeURIComponent(Buffer.from(name).toString())}`, { body: pdf });
        expect((await refusal(query, what)).status, what).toBe(400);
        const path = await api.request(`/api/documents/${encodeURIComponent(Buffer.from(name).toString())}`);
        expect([400, 404], what).toContain((await refusal(path, what)).status);
      }
      const form = new FormData();
      form.set("document_id", name);
      form.set("file", new Blob([pdf]), "a.pdf");
      expect([400, 413], what).toContain((await refusal(await api.request("/api/documents", { body: form }), what)).status);
      const json = await api.request("/api/documents", { json: { url: "https://example.com/", document_id: name } });
      expect((await refusal(json, what)).status, what).toBe(400);
    }
  });
});

describe("bodies that are not what they say", () => {
  it.each([
    ["text/xml", "<a/>"],
    ["image/png", "\x89PNG"],
    ["multipart/form-data; boundary=x", '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--'],
    ["application/pdf", "{}"],
    ["nonsense", "{}"],
  ])("of type %s are refused where JSON is taken", async (type, body) => {
    expect(await refusal(await api.request("/viewer/sessions", { body, headers: { "content-type": type } }), type)).toMatchObject({
      status: 415,
    });
  });

  it.each([
    ["without a boundary", "multipart/form-data", "--x--"],
    [
      "without an end",
      "multipart/form-data; boundary=x",
      '--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7',
    ],
    ["without parts", "multipart/form-data; boundary=x", "--x--\r\n"],
    ["with another boundary", "multipart/form-data; boundary=y", "--x\r\n\r\n--x--"],
    ["with a part of no name", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--"],
    ["with __proto__", "multipart/form-data; boundary=x", '--x\r\nContent-Disposition: form-data; name="__proto__"\r\n\r\n1\r\n--x--'],
    ["with headers for ever", "multipart/form-data; boundary=x", `--x\r\n${"X: y\r\n".repeat(20_000)}\r\n1\r\n--x--`],
    [
      "with 1,000 fields",
      "multipart/form-data; boundary=x",
      `${'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'.repeat(1000)}--x--`,
    ],
    [
      "with a field of two megabytes",
      "multipart/form-data; boundary=x",
      `--x\r\nContent-Disposition: form-data; name="title"\r\n\r\n${"a".repeat(2_000_000)}\r\n--x--`,
    ],
    ["with a boundary of 1,000 characters", `multipart/form-data; boundary=${"b".repeat(1000)}`, "--x--"],
  ])("as a form %s are refused", async (_what, type, body) => {
    const { status } = await refusal(await api.request("/api/documents", { body, headers: { "content-type": type } }), _what);
    expect([400, 413, 415, 422]).toContain(status);
  });

  it.each(["gzip", "br", "deflate", "zstd", "gzip, gzip"])("compressed with %s are refused unread", async (encoding) => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    for (const [path, type] of [
      ["/viewer/sessions", "application/json"],
      ["/api/documents", "application/pdf"],
    ] as const) {
      const response = await api.request(path, { body: bomb, headers: { "content-type": type, "content-encoding": encoding } });
      expect(await refusal(response, encoding)).toMatchObject({ status: 415, code: "unsupported_media_type" });
    }
  });

  it("with a length that is a lie are cut off", async () => {
    const head = (length: string): string =>
      `POST /viewer/sessions HTTP/1.1\r\n${HOST}${AUTH}Content-Type: application/json\r\n${length}\r\n`;
    expect(await raw(`${head("Content-Length: 100\r\n")}{}`, { end: true })).toMatch(/^(HTTP\/1\.1 400 .*|)$/s);
    // What stands behind the announced length is the next request, which is none.
    const short = await raw(`${head("Content-Length: 2\r\n")}{}garbage\r\n\r\n`, {
      enough: /HTTP\/1\.1 400[^]*HTTP\/1\.1 400[^]*\}$|HTTP\/1\.1 201[^]*HTTP\/1\.1 400[^]*\}$/,
    });
    expect(short.match(/HTTP\/1\.1 \d+/g)!.at(-1)).toBe("HTTP/1.1 400");
    for (const length of ["-1", "abc", "1e3", "0x10", "99999999999999999999999", "2, 3", "+2"])
      expect(await raw(`${head(`Content-Length: ${length}\r\n`)}{}`), length).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(await raw(head("Content-Length: 2\r\nContent-Length: 3\r\n")), "two lengths").toMatch(/^HTTP\/1\.1 400 /);
  });

  it("in chunks that play games are cut off", async () => {
    const head = `POST /viewer/sessions HTTP/1.1\r\n${HOST}${AUTH}Content-Type: application/json\r\nTransfer-Encoding: `;
    for (const [what, rest] of [
      ["both a length and chunks", "chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"],
      ["a coding nobody knows", "chunked, banana\r\n\r\n0\r\n\r\n"],
      ["a size that is none", "chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"],
      ["a size below zero", "chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n"],
      ["a size beyond all", "chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n"],
      ["a chunk longer than its size", "chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n"],
      ["extensions for ever", `chunked\r\n\r\n2;${"a".repeat(100_000)}\r\n{}\r\n0\r\n\r\n`],
    ])
      expect(await raw(`${head}${rest}`), what).toMatch(/^HTTP\/1\.1 4\d\d /);
    // No end at all: nothing is taken for done.
    expect(await raw(`${head}chunked\r\n\r\n2\r\n{}\r\n`, { end: true })).not.toMatch(/^HTTP\/1\.1 2/);
  });

  it("that stop half-way in an upload leave no document", async () => {
    const before = (await api.json<{ document_count: number }>("/api/documents")).document_count;
    await raw(
      `POST /api/documents HTTP/1.1\r\n${HOST}${AUTH}Content-Type: application/pdf\r\nContent-Length: 5000000\r\n\r\n${pdf.toString("latin1")}`,
      { end: true },
    );
    await raw(
      `POST /api/documents HTTP/1.1\r\n${HOST}${AUTH}Content-Type: application/pdf\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n%PDF-1.7\r\n`,
      { end: true },
    );
    expect((await api.json<{ document_count: number }>("/api/documents")).document_count).toBe(before);
  });
});

describe("requests that are hardly HTTP", () => {
  it.each<[string, string, RegExp]>([
    [
      "a flood of headers",
      `GET /livez HTTP/1.1\r\n${HOST}${Array.from({ length: 5000 }, (_, i) => `X-${i}: y`).join("\r\n")}\r\n\r\n`,
      /^HTTP\/1\.1 4(13|31|00)/,
    ],
    ["a header of a megabyte", `GET /livez HTTP/1.1\r\n${HOST}X: ${"y".repeat(1_000_000)}\r\n\r\n`, /^(HTTP\/1\.1 4(13|31|00)|$)/],
    ["a URL of 100,000 characters", `GET /${"a".repeat(100_000)} HTTP/1.1\r\n${HOST}\r\n`, /^HTTP\/1\.1 4/],
    ["an unknown method", `BREW /livez HTTP/1.1\r\n${HOST}\r\n`, /^HTTP\/1\.1 4/],
    ["a method in small letters", `get /livez HTTP/1.1\r\n${HOST}\r\n`, /^HTTP\/1\.1 4/],
    ["TRACE", `TRACE /livez HTTP/1.1\r\n${HOST}\r\n`, /^HTTP\/1\.1 4/],
    ["CONNECT", `CONNECT example.com:443 HTTP/1.1\r\n${HOST}\r\n`, /^(HTTP\/1\.1 4|$)/],
    ["PROPFIND", `PROPFIND / HTTP/1.1\r\n${HOST}\r\n`, /^HTTP\/1\.1 4/],
    ["another version", `GET /livez HTTP/9.9\r\n${HOST}\r\n`, /^HTTP\/1\.1 (4|505)/],
    ["no host", "GET /livez HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400/],
    ["a header with a space in its name", `GET /livez HTTP/1.1\r\n${HOST}X Y: z\r\n\r\n`, /^HTTP\/1\.1 400/],
    ["a NUL in a header", `GET /livez HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`, /^HTTP\/1\.1 400/],
    ["half an escape in the path", `GET /api/documents/%E0%A4%A HTTP/1.1\r\n${HOST}${AUTH}\r\n`, /^HTTP\/1\.1 4/],
    ["dots in the path", `GET /api/documents/../../../etc/passwd HTTP/1.1\r\n${HOST}${AUTH}\r\n`, /^HTTP\/1\.1 40/],
    ["escaped dots in the path", `GET /api/%2e%2e/%2e%2e/package.json HTTP/1.1\r\n${HOST}\r\n`, /^HTTP\/1\.1 40/],
    ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", /^(HTTP\/1\.1 400|$)/],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", /^(HTTP\/1\.1 4|$)/],
  ])("like %s are refused", async (_what, text, expected) => {
    const answer = await raw(Buffer.from(text, "latin1"), { enough: /\r\n\r\n/ });
    expect(answer).toMatch(expected);
    expect(answer).not.toMatch(LEAKS);
  });

  it("with ids of their own keep sane ones only", async () => {
    for (const [given, kept] of [
      ["abc-123", true],
      ["a".repeat(128), true],
      ["a".repeat(129), false],
      ["a b", false],
      ["<script>", false],
      ["a,b", false],
    ] as const) {
      const response = await api.request("/livez", { headers: { "x-request-id": given } });
      expect([given, response.headers.get("x-request-id") === given]).toEqual([given, kept]);
      expect(response.headers.get("x-request-id")).toMatch(/^[\w.:@~-]+$/);
    }
  });
});

describe("conditions and ranges", () => {
  const get = (headers: Record<string, string>, query = "source=true") =>
    api.request(`/api/documents/${document}/pdf?${query}`, { headers });

  it("of an original are answered as RFC 9110 says", async () => {
    const whole = await get({});
    const etag = whole.headers.get("etag")!;
    expect(etag).toMatch(/^"[0-9a-f]{64}"$/);
    expect([whole.headers.get("accept-ranges"), Buffer.from(await whole.arrayBuffer()).equals(pdf)]).toEqual(["bytes", true]);
    const n = pdf.length;
    const cases: readonly (readonly [headers: Record<string, string>, status: number, bytes: Buffer | null, range?: string])[] = [
      [{ range: "bytes=0-9" }, 206, pdf.subarray(0, 10), `bytes 0-9/${n}`],
      [{ range: "bytes=10-" }, 206, pdf.subarray(10), `bytes 10-${n - 1}/${n}`],
      [{ range: "bytes=-7" }, 206, pdf.subarray(-7), `bytes ${n - 7}-${n - 1}/${n}`],
      [{ range: "bytes=-999999999" }, 206, pdf, `bytes 0-${n - 1}/${n}`],
      [{ range: `bytes=5-${n + 100}` }, 206, pdf.subarray(5), `bytes 5-${n - 1}/${n}`],
      [{ range: "bytes=0-0", "if-range": etag }, 206, pdf.subarray(0, 1), `bytes 0-0/${n}`],
      [{ range: "bytes=0-0", "if-range": '"other"' }, 200, pdf],
      [{ range: "bytes=0-0", "if-range": `W/${etag}` }, 200, pdf],
      [{ range: "bytes=0-0", "if-range": "Sat, 29 Oct 1994 19:43:31 GMT" }, 200, pdf],
      [{ range: "bytes=0-1,4-5" }, 200, pdf],
      [{ range: "bytes=9-2" }, 200, pdf],
      [{ range: "bytes=-" }, 200, pdf],
      [{ range: "bytes=a-b" }, 200, pdf],
      [{ range: "pages=0-1" }, 200, pdf],
      [{ range: `bytes=${n}-` }, 416, null, `bytes */${n}`],
      [{ range: "bytes=999999999-" }, 416, null, `bytes */${n}`],
      [{ range: "bytes=-0" }, 416, null, `bytes */${n}`],
      [{ "if-none-match": etag }, 304, Buffer.alloc(0)],
      [{ "if-none-match": `"a", W/${etag}` }, 304, Buffer.alloc(0)],
      [{ "if-none-match": "*" }, 304, Buffer.alloc(0)],
      [{ "if-none-match": '"other"' }, 200, pdf],
      [{ "if-none-match": etag, range: "bytes=0-1" }, 304, Buffer.alloc(0)],
      [{ "if-match": etag }, 200, pdf],
      [{ "if-match": "*" }, 200, pdf],
      [{ "if-match": '"other"' }, 412, null],
      [{ "if-match": `W/${etag}` }, 412, null],
      [{ "if-modified-since": "Sat, 29 Oct 1994 19:43:31 GMT" }, 200, pdf],
      [{ "if-modified-since": "nonsense" }, 200, pdf],
    ];
    for (const [headers, status, bytes, range] of cases) {
      const response = await get(headers);
      const what = JSON.stringify(headers);
      expect(response.status, what).toBe(status);
      expect(response.headers.get("content-range"), what).toBe(range ?? null);
      const body = Buffer.from(await response.arrayBuffer());
      if (bytes !== null) expect(body.equals(bytes), what).toBe(true);
      else expect(JSON.parse(body.toString()), what).toMatchObject({ status, code: expect.any(String) as string });
    }
  });

  it("of a page's image and an export are answered, too", async () => {
    const path = `/api/documents/${document}/pages/0/image?width=50`;
    const whole = await api.request(path);
    const bytes = Buffer.from(await whole.arrayBuffer());
    const part = await api.request(path, { headers: { range: "bytes=0-7", "if-range": whole.headers.get("etag")! } });
    expect([part.status, Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(0, 8))]).toEqual([206, true]);
    expect((await api.request(path, { headers: { "if-none-match": whole.headers.get("etag")! } })).status).toBe(304);
    const exported = await get({ range: "bytes=0-7" }, "annotations=true");
    expect([200, 206]).toContain(exported.status);
    await exported.arrayBuffer();
  });
});

it("whoever asks too much is slowed down alone", async () => {
  const limited = await testServer({ env: { LECTERN_LIMIT_REQUESTS_PER_SECOND: "2" } });
  try {
    const { key } = await limited.server.keys.create("default", { name: "other", scope: "all", mode: "test" });
    const flood = await Promise.all(Array.from({ length: 200 }, () => limited.request("/viewer/documents")));
    expect(new Set(flood.map(({ status }) => status))).toEqual(new Set([200, 429]));
    const refused = flood.find(({ status }) => status === 429)!;
    expect(await refusal(refused, "flood")).toEqual({ status: 429, code: "rate_limited" });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(refused.headers.get("ratelimit-policy")).toBe('"requests";q=20;w=10');
    for (let i = 0; i < 10; i++) expect((await limited.request("/viewer/documents", { credential: key })).status).toBe(200);
  } finally {
    await limited.close();
  }
});
