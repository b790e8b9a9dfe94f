/** Every kind of security: opened by the passwords of reader and owner, edited, and as secure afterwards. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PdfEngine } from "../engine.ts";
import { exportDocument } from "../export.ts";
import { openPdfiumNode } from "../host/node.ts";
import { annotationRecord } from "../testing/annotation-record.ts";
import { ENCRYPTED_KINDS } from "../testing/index.ts";

let engine: PdfEngine;
beforeAll(async () => {
  engine = await openPdfiumNode();
});
afterAll(() => engine.close());

function textOf(bytes: Uint8Array, password: string): string {
  const document = engine.open(bytes, { password });
  const { runs } = document.text(0);
  document.close();
  return runs.map(({ text }) => text).join("");
}

describe.each(ENCRYPTED_KINDS)("$name", ({ bytes, user, owner }) => {
  test("asks for a password, refuses a wrong one, and opens with both", () => {
    expect(() => engine.open(bytes())).toThrow(expect.objectContaining({ code: "password_required" }));
    expect(() => engine.open(bytes(), { password: `${user}x` })).toThrow(expect.objectContaining({ code: "wrong_password" }));
    for (const password of [user, owner]) expect(textOf(bytes(), password)).toContain("A secret page");
  });

  test("stays as secure when it is edited", () => {
    const mark = annotationRecord("mark-1234", {
      type: "rectangle",
      page: "1.0",
      geometry: { bbox: [10, 10, 50, 20] },
      appearance: { strokeColor: "#ff0000" },
      note: "found in the clear",
    });
    const file = exportDocument(engine, bytes(), [{ base: null, current: mark }], { annotations: true, password: user });
    expect(Buffer.from(file).includes("found in the clear")).toBe(false);
    expect(() => engine.open(file)).toThrow(expect.objectContaining({ code: "password_required" }));
    for (const password of [user, owner]) {
      const document = engine.open(file, { password });
      expect(document.annotations(0).map(({ contents }) => contents)).toEqual(["found in the clear"]);
      document.close();
      expect(textOf(file, password)).toContain("A secret page");
    }
  });
});
