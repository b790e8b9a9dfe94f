/**
 * `node pdfjs.mjs <file> <pages> <width> [password]`: what pdf.js makes of the first pages of a file, as one line of JSON: text, and grey values of the page
 * as it is drawn without annotations. A page that it cannot draw is null.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCanvas } from "@napi-rs/canvas";
import { AnnotationMode, getDocument, VerbosityLevel } from "pdfjs-dist/legacy/build/pdf.mjs";

const [path, pages, width, password] = process.argv.slice(2);
const assets = join(dirname(fileURLToPath(import.meta.resolve("pdfjs-dist/package.json"))), "/");
const document = await getDocument({
  data: new Uint8Array(readFileSync(path)),
  ...(password === undefined ? {} : { password }),
  verbosity: VerbosityLevel.ERRORS,
  cMapUrl: join(assets, "cmaps/"),
  standardFontDataUrl: join(assets, "standard_fonts/"),
  wasmUrl: join(assets, "wasm/"),
  iccUrl: join(assets, "iccs/"),
}).promise;
const found = [];
for (let n = 1; n <= Math.min(document.numPages, Number(pages)); n++) {
  try {
    const page = await document.getPage(n);
    const { width: points } = page.getViewport({ scale: 1 });
    const viewport = page.getViewport({ scale: Number(width) / points });
    const canvas = createCanvas(Number(width), Math.max(1, Math.round(viewport.height)));
    const context = canvas.getContext("2d");
    await page.render({ canvas, viewport, annotationMode: AnnotationMode.DISABLE, background: "#ffffff" }).promise;
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const grey = Buffer.alloc(data.length / 4);
    for (let at = 0; at < grey.length; at++) grey[at] = (data[at * 4] * 77 + data[at * 4 + 1] * 151 + data[at * 4 + 2] * 28) >> 8;
    const { items } = await page.getTextContent();
    found.push({ height: canvas.height, grey: grey.toString("base64"), text: items.map((item) => item.str ?? "").join(" ") });
  } catch (error) {
    console.error(String(error));
    found.push(null);
  }
}
process.stdout.write(`${JSON.stringify({ pageCount: document.numPages, pages: found })}\n`, () => process.exit(0));
