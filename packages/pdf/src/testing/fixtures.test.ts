import { expect, test } from "vitest";
import {
  annotatedPdf,
  brokenPdf,
  emptyFile,
  encryptedPdf,
  formPdf,
  notAPdf,
  pagesPdf,
  restrictedPdf,
  rotatedPdf,
  truncatedPdf,
} from "./index.ts";

const latin1 = (bytes: Uint8Array): string => {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

test("a fixture has the same bytes every time", () => {
  for (const make of [() => pagesPdf(3), annotatedPdf, rotatedPdf, formPdf, brokenPdf, truncatedPdf, encryptedPdf, restrictedPdf]) {
    expect(make()).toEqual(make());
  }
});

test("a thousand pages are a thousand page objects", () => {
  const file = latin1(pagesPdf(1000));
  expect(file.match(/\/Type \/Page /g)).toHaveLength(1000);
  expect(file).toContain("(Page 1000 of 1000)");
  expect(file).toContain("/Count 1000");
});

test("the annotated page has the kinds we edit and some that we do not", () => {
  const subtypes = [...latin1(annotatedPdf()).matchAll(/\/Subtype \/(\w+)/g)].map((match) => match[1]);
  for (const subtype of ["Highlight", "Ink", "Text", "Square", "FreeText", "Popup", "Link", "LecternTest"])
    expect(subtypes).toContain(subtype);
});

test("the odd ones are what they say", () => {
  expect(emptyFile()).toHaveLength(0);
  expect([...notAPdf().subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
  expect(latin1(truncatedPdf())).not.toContain("startxref");
  expect(latin1(encryptedPdf())).toContain("/Encrypt");
  expect(latin1(encryptedPdf())).not.toContain("A secret page");
});
