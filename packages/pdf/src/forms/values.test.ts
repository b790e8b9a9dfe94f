/** Values of fields → a PDF → values, for every type of field. */
import { createHash } from "node:crypto";
import type { RecordOf, Value } from "@lectern/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PdfEngine } from "../engine.ts";
import { exportDocument } from "../export.ts";
import { openPdfiumNode } from "../host/node.ts";
import { importRecords } from "../import.ts";
import { orderForm } from "../testing/index.ts";

let engine: PdfEngine;
beforeAll(async () => {
  engine = await openPdfiumNode();
});
afterAll(() => engine.close());

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

interface Form {
  readonly fields: ReadonlyMap<string, RecordOf<"field">>;
  readonly values: ReadonlyMap<string, RecordOf<"value">>;
}

function read(file: Uint8Array): Form {
  const document = engine.open(file);
  const records = [...importRecords(document, { revision: 1, sourceSha256: "00", sha256 }).records].flatMap((page) => page.records);
  document.close();
  const fields = new Map(records.flatMap((record) => (record.kind === "field" ? [[record.data.name, record] as const] : [])));
  const values = new Map(records.flatMap((record) => (record.kind === "value" ? [[record.data.field, record] as const] : [])));
  return { fields, values };
}

/** No lone halves of pairs: those are no text. */
const words = fc.string({ unit: "grapheme", maxLength: 40 });
const lines = fc.array(words, { maxLength: 4 }).map((all) => all.join("\n"));

function valueOf({ data }: RecordOf<"field">): fc.Arbitrary<Value["value"]> | null {
  const options = (data.options ?? []).map(({ value }) => value);
  switch (data.type) {
    case "text":
      return data.maxLength === undefined ? (data.multiLine === true ? lines : words) : fc.stringMatching(/^[a-z0-9]{0,3}$/);
    case "combobox":
      return data.edit === true ? fc.oneof(fc.constantFrom(...options), words) : fc.constantFrom(...options);
    case "listbox":
      return fc.subarray(options);
    case "checkbox":
    case "radio":
      return fc.oneof(...options.map((value) => fc.constant(value)), fc.constant(null));
    case "button":
    case "signature":
      return null;
  }
}

test("what is filled in is what the file gives back, in fields of every type, however often", () => {
  const source = orderForm();
  const form = read(source);
  const wanted = [...form.fields.values()].flatMap((field) => {
    const value = form.values.has(field.id) ? valueOf(field) : null;
    return value === null ? [] : [[field, value] as const];
  });
  expect(new Set(wanted.map(([{ data }]) => data.type))).toEqual(new Set(["text", "combobox", "listbox", "checkbox", "radio"]));
  const filling = fc.tuple(...wanted.map(([, value]) => value));
  fc.assert(
    fc.property(filling, filling, (first, second) => {
      let file = source;
      for (const values of [first, second]) {
        const before = read(file);
        const changes = wanted.map(([{ data, id }], at) => {
          const base = before.values.get(before.fields.get(data.name)!.id)!;
          expect(base.data.field).toBe(id);
          return { base, current: { ...base, seq: 1, updatedAt: base.updatedAt + 1, data: { field: id, value: values[at]! } } };
        });
        file = exportDocument(engine, file, changes, { annotations: true });
        const after = read(file);
        expect(wanted.map(([{ id, data }]) => [data.name, said(after.values.get(id)!.data.value)])).toEqual(
          wanted.map(([{ data }], at) => [data.name, said(values[at]!)]),
        );
      }
    }),
    { numRuns: 25, seed: 1 },
  );
});

/** Nothing is nothing, however it is said; a list of one is the one. */
function said(value: Value["value"]): unknown {
  const list = (Array.isArray(value) ? value : [value]).filter((each) => each !== null && each !== "");
  return list.length === 0 ? null : list.length === 1 ? list[0] : list;
}
