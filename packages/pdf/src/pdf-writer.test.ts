import { expect, test } from "vitest";
import { pdfName, pdfNumber, pdfText, pdfWriter } from "./pdf-writer.ts";

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

test("the cross-reference table points at every object", () => {
  const writer = pdfWriter();
  const root = writer.reserve();
  writer.stream({ Kind: pdfName("x") }, "q\xFF Q");
  writer.set(root, { Type: pdfName("Catalog"), Title: "Größe (1)" });
  const file = latin1(writer.finish({ Root: root }));
  const start = Number(/startxref\n(\d+)/.exec(file)![1]);
  expect(file.slice(start, start + 8)).toBe("xref\n0 3");
  const offsets = [...file.slice(start).matchAll(/^(\d{10}) 00000 n $/gm)].map((match) => Number(match[1]));
  expect(offsets.map((offset) => file.slice(offset, offset + 7))).toEqual(["1 0 obj", "2 0 obj"]);
  expect(file).toContain("/Length 4");
});

test("a name or a string cannot break out of its syntax", () => {
  const writer = pdfWriter();
  const root = writer.add({ "A /B": pdfName("x>>endobj"), T: "a)b\\(" });
  const file = latin1(writer.finish({ Root: root }));
  expect(file).toContain("<</A#20#2FB /x#3E#3Eendobj /T (a\\)b\\\\\\()>>");
});

test("text beyond ASCII is UTF-16 with its mark", () => {
  expect(pdfText("a€😀")).toBe("<FEFF006120ACD83DDE00>");
  expect(pdfText("plain\n")).toBe("(plain\\012)");
});

test("numbers have no exponent and no needless digits", () => {
  expect([1e-9, -1e-9, 1.5, 100, 1e21, Number.NaN, Number.POSITIVE_INFINITY, 0.33333].map(pdfNumber)).toEqual([
    "0",
    "0",
    "1.5",
    "100",
    "1000000000",
    "0",
    "0",
    "0.3333",
  ]);
});

test("an object that was reserved and never set is an error", () => {
  const writer = pdfWriter();
  const root = writer.reserve();
  expect(() => writer.finish({ Root: root })).toThrow("never set");
});
