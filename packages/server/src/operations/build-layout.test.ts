import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pdfFile } from "@lectern/pdf/testing";
import { docx } from "../testing/zip.ts";
import { type TestServer, testServer } from "../testing/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const POINTS_A_MM = 72 / 25.4;

function build(instructions: object, files: Readonly<Record<string, Uint8Array>>): Promise<Response> {
  const body = new FormData();
  for (const [name, content] of Object.entries(files)) body.append(name, new Blob([new Uint8Array(content)]), name);
  body.append("instructions", JSON.stringify(instructions));
  return server.request("/viewer/build", { method: "POST", body });
}

interface Seen {
  readonly sizes: (readonly [number, number])[];
  readonly lines: { readonly contents: string; readonly left: number; readonly top: number }[][];
  /** What of page 1 is coloured, in points: left, top, right, bottom. */
  readonly ink: () => Promise<number[]>;
}

async function seen(response: Response): Promise<Seen> {
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  const { id } = await server.upload(new Uint8Array(await response.arrayBuffer()));
  const info = await server.json<{ data: { pages: { width: number; height: number }[] } }>(`/viewer/documents/${id}/document_info`);
  const text = await server.json<{ textLines: Seen["lines"][number] }[]>(`/viewer/documents/${id}/pages/text`);
  return {
    sizes: info.data.pages.map(({ width, height }) => [Math.round(width), Math.round(height)] as const),
    lines: text.map(({ textLines }) => textLines),
    async ink() {
      const image = await server.request(`/viewer/documents/${id}/pages/0/image?width=${Math.round(info.data.pages[0]!.width)}&format=png`);
      const { data, info: shape } = await sharp(await image.arrayBuffer())
        .greyscale()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const at = Array.from(data.keys()).filter((n) => data[n]! < 250);
      const [xs, ys] = [at.map((n) => n % shape.width), at.map((n) => Math.floor(n / shape.width))];
      return [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1];
    },
  };
}

const near = (value: number, wanted: number, by = 1.5): void => expect(Math.abs(value - wanted), `${value} for ${wanted}`).toBeLessThan(by);

test("HTML and text are laid out on the size that is asked for, within its margins", async () => {
  const html = bytes(`<!doctype html><body>${"<p>Many words that fill the lines of a page</p>".repeat(30)}`);
  const a5 = { size: "A5", orientation: "landscape", margin: { left: 20, top: 30, right: 10, bottom: 5 } };
  const made = await seen(await build({ parts: [{ html: "page", layout: a5 }] }, { page: html }));
  expect(made.sizes.length).toBeGreaterThan(1);
  for (const size of made.sizes) expect(size).toEqual([595, 420]);
  const first = made.lines[0]![0]!;
  near(first.left, 20 * POINTS_A_MM);
  near(first.top, 30 * POINTS_A_MM, 6);
  for (const line of made.lines.flat()) expect(line.top).toBeLessThan(420 - 5 * POINTS_A_MM);

  // Numbers are millimetres; a margin that is not named is none.
  const own = { size: { width: 100, height: 150 }, margin: { left: 7 } };
  const text = await seen(await build({ parts: [{ file: "notes.txt", layout: own }] }, { "notes.txt": bytes("one line") }));
  expect(text.sizes).toEqual([[283, 425]]);
  near(text.lines[0]![0]!.left, 7 * POINTS_A_MM);
  expect(text.lines[0]![0]!.top).toBeLessThan(8);

  const plain = await seen(await build({ parts: [{ html: "page", layout: {} }] }, { page: html }));
  expect(plain.sizes[0]).toEqual([595, 842]);
  near(plain.lines[0]![0]!.left, 56);
});

test("an image is fitted into the page that is asked for; margins alone go around it", async () => {
  const image = await sharp({ create: { width: 192, height: 96, channels: 3, background: "#c81e1e" } })
    .png()
    .toBuffer();
  const part = (layout: object) => build({ parts: [{ file: "a.png", layout }] }, { "a.png": image });
  const square = await seen(await part({ size: { width: 100, height: 100 }, margin: { left: 10, right: 10, top: 0, bottom: 20 } }));
  expect(square.sizes).toEqual([[283, 283]]);
  const [left, top, right, bottom] = (await square.ink()) as [number, number, number, number];
  near(left, 10 * POINTS_A_MM);
  near(right, 90 * POINTS_A_MM);
  near(bottom - top, 40 * POINTS_A_MM);
  near((top + bottom) / 2, 40 * POINTS_A_MM);

  const around = await seen(await part({ margin: { left: 10, top: 5 } }));
  const natural = (await seen(await part({}))).sizes[0]!;
  near(around.sizes[0]![0], natural[0] + 10 * POINTS_A_MM);
  near(around.sizes[0]![1], natural[1] + 5 * POINTS_A_MM);
  expect((await around.ink()).slice(0, 2)).toEqual([Math.round(10 * POINTS_A_MM), Math.round(5 * POINTS_A_MM)]);
  expect((await seen(await part({ orientation: "landscape" }))).sizes).toEqual([[842, 595]]);
});

test("a new page has its size in millimetres, turned as asked", async () => {
  const layouts = [
    { size: { width: 50, height: 100 } },
    { size: { width: 50, height: 100 }, orientation: "landscape" },
    { size: "Letter" },
  ];
  const made = await seen(await build({ parts: layouts.map((layout) => ({ page: "new", layout, pageCount: 1 })) }, {}));
  expect(made.sizes).toEqual([
    [142, 283],
    [283, 142],
    [612, 792],
  ]);
});

test("pictures beside an HTML page are in it", async () => {
  const image = await sharp({ create: { width: 192, height: 96, channels: 3, background: "#0000ff" } })
    .png()
    .toBuffer();
  const html = bytes('<!doctype html><img src="./my%20logo.png" alt="missing" width="128"><img src="other.png" alt="far away">');
  const made = await seen(await build({ parts: [{ html: "page", assets: ["my logo.png"] }] }, { page: html, "my logo.png": image }));
  const words = made.lines[0]!.map(({ contents }) => contents).join(" ");
  expect(words).toContain("[far away]");
  expect(words).not.toContain("missing");
  const [left, top, right, bottom] = (await made.ink()) as [number, number, number, number];
  near(left, 56);
  near(right - left, 96, 3);
  expect(bottom - top).toBeGreaterThan(47);
});

test("what cannot be done is refused by its name", async () => {
  const files = {
    a: pdfFile({ pages: [{ size: [300, 200], content: "BT /F0 20 Tf 20 100 Td (a) Tj ET" }] }),
    page: bytes("<!doctype html><p>Hello"),
    "style.css": bytes("p { color: red }"),
    "letter.docx": docx(["Hello"]),
  };
  const wide = { size: "A8", margin: { left: 40, right: 40 } };
  for (const [part, status, path] of [
    [{ file: "a", layout: { size: "A4" } }, 422, "$.parts[0].layout"],
    [{ file: "letter.docx", layout: { size: "A4" } }, 422, "$.parts[0].layout"],
    [{ html: "page", layout: wide }, 422, "$.parts[0].layout"],
    [{ html: "page", layout: { margin: { left: -1 } } }, 400, "$.parts[0].layout.margin.left"],
    [{ html: "page", assets: ["style.css"] }, 422, "$.parts[0].assets[0]"],
    [{ html: "page", assets: ["logo.png"] }, 422, "$.parts[0].assets[0]"],
    [{ page: "new", layout: { margin: { top: 3 } } }, 422, "$.parts[0].layout.margin"],
  ] as const) {
    const response = await build({ parts: [part] }, files);
    const problem = (await response.json()) as { failingPaths: { path: string }[] };
    expect([part, response.status, problem.failingPaths[0]!.path]).toEqual([part, status, path]);
  }
  expect((await build({ parts: [{ file: "a", layout: {} }] }, files)).status).toBe(200);
  const { id } = await server.upload(files.a);
  const insets = (given: number[]): Promise<Response> =>
    server.request(`/viewer/documents/${id}/apply_operations`, {
      json: { operations: [{ type: "addPage", afterPageIndex: 0, backgroundColor: "#ffffff", insets: given }] },
    });
  const refused = await insets([0, 0, 5, 0]);
  expect(refused.status).toBe(422);
  expect(((await refused.json()) as { failingPaths: { path: string }[] }).failingPaths[0]!.path).toBe("$.operations[0].insets");
  expect((await insets([0, 0, 0, 0])).status).toBe(200);
});
