import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Field, RecordOf, Value, Widget } from "@lectern/protocol";
import { checkData } from "@lectern/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PdfEngine } from "../engine.ts";
import { exportDocument, type ExportOptions, type RecordChange } from "../export.ts";
import { openPdfiumNode } from "../host/node.ts";
import { importRecords } from "../import.ts";
import { encryptedPdf, ENCRYPTED_PASSWORD, formPdf, ORDER_FIELDS, orderForm, pagesPdf, xfaPdf } from "../testing/index.ts";
import type { FormRecord } from "./form-records.ts";

let engine: PdfEngine;
beforeAll(async () => {
  engine = await openPdfiumNode();
});
afterAll(() => engine.close());

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

interface Form {
  readonly records: readonly FormRecord[];
  field(name: string): RecordOf<"field">;
  value(name: string): RecordOf<"value">;
  widgets(name: string): RecordOf<"widget">[];
}

function read(file: Uint8Array, password?: string): Form {
  const document = engine.open(file, password === undefined ? {} : { password });
  const records = [...importRecords(document, { revision: 1, sourceSha256: "00", sha256 }).records]
    .flatMap((page) => page.records)
    .filter((record): record is FormRecord => record.kind !== "annotation");
  document.close();
  const field = (name: string) => records.find((record) => record.kind === "field" && record.data.name === name) as RecordOf<"field">;
  return {
    records,
    field,
    value: (name) => records.find(({ id }) => id === `${field(name).id}:v`) as RecordOf<"value">,
    widgets: (name) => records.filter((record) => record.kind === "widget" && record.data.field === field(name).id) as RecordOf<"widget">[],
  };
}

function filled(form: Form, values: Readonly<Record<string, Value["value"] | Pick<Value, "value" | "optionIndexes">>>): RecordChange[] {
  return Object.entries(values).map(([name, given]) => {
    const base = form.value(name);
    const data = typeof given === "object" && given !== null && !Array.isArray(given) ? given : { value: given as Value["value"] };
    return { base, current: { ...base, seq: 1, data: { field: base.data.field, ...data } } };
  });
}

const write = (source: Uint8Array, changes: readonly RecordChange[], options: Partial<ExportOptions> = {}): Uint8Array =>
  exportDocument(engine, source, changes, { annotations: true, ...options });

/** Dark pixels of a box, in points of a page of 595 points. */
function ink(file: Uint8Array, [left, top, width, height]: readonly number[], annotations: "none" | "others" | "all" = "all"): number {
  const document = engine.open(file);
  const bitmap = document.render(0, { width: 595, annotations });
  document.close();
  let dark = 0;
  for (let y = Math.round(top!); y < top! + height!; y++)
    for (let x = Math.round(left!); x < left! + width!; x++) if (bitmap.data[(y * bitmap.width + x) * 4]! < 128) dark++;
  return dark;
}

const created = <K extends "field" | "widget" | "value">(id: string, kind: K, data: RecordOf<K>["data"]): RecordChange =>
  ({
    base: null,
    current: { id, kind, seq: 1, createdBy: null, createdAt: 0, updatedBy: null, updatedAt: 0, grp: null, data },
  }) as unknown as RecordChange;

describe("import", () => {
  test("every type of field is found under its full name, with what it says of itself", () => {
    const form = read(orderForm());
    const names = form.records.flatMap((record) => (record.kind === "field" ? [record.data.name] : []));
    expect(names.toSorted()).toEqual([...ORDER_FIELDS].toSorted());
    expect(form.field("order.quantity").data).toMatchObject({ type: "text", label: "How many", flags: ["required"] });
    expect(form.field("order.total").data).toMatchObject({
      flags: ["readOnly"],
      order: "000000",
      actions: { onCalculate: { type: "javascript" } },
    });
    expect(form.field("code").data).toMatchObject({ comb: true, maxLength: 6 });
    expect(form.field("notes").data).toMatchObject({ multiLine: true, defaults: ["Dear …"] });
    expect(form.field("pin").data).toMatchObject({ password: true });
    expect(form.field("colour").data).toMatchObject({ type: "radio", noToggleToOff: true, options: [{ value: "red" }, { value: "blue" }] });
    expect(form.field("country").data).toMatchObject({
      type: "combobox",
      edit: true,
      options: [
        { label: "Germany", value: "de" },
        { label: "France", value: "fr" },
      ],
    });
    expect(form.field("extras").data).toMatchObject({ type: "listbox", multiSelect: true });
    expect(form.field("send").data).toMatchObject({ type: "button", buttonLabel: "Send" });
    expect(form.field("signature").data.type).toBe("signature");
  });

  test("values are what the fields hold, in every encoding of text", () => {
    const form = read(orderForm());
    const values = Object.fromEntries(ORDER_FIELDS.map((name) => [name, form.value(name).data.value]));
    expect(values).toMatchObject({
      "order.quantity": "2",
      "order.price": "10.50",
      notes: "Grüße\nзавтра",
      agree: [],
      colour: "blue",
      size: null,
      country: ["de"],
      extras: ["Gift", "Insured"],
      nobody: "here",
      lonely: "alone",
      twice: "both",
    });
  });

  test("widgets know their place, their looks and what they stand for", () => {
    const form = read(orderForm());
    expect(form.widgets("order.quantity")[0]!.data).toMatchObject({
      page: "1.0",
      geometry: { bbox: [50, 42, 140, 20] },
      appearance: { borderColor: "#334d66", backgroundColor: "#f2f7ff", font: "Helvetica", fontSize: 11, fontColor: "#000080" },
    });
    expect(form.widgets("order.total")[0]!.data.appearance.horizontalAlign).toBe("right");
    expect(form.widgets("twice")).toHaveLength(2);
    expect(form.widgets("nobody")).toHaveLength(0);
    expect(form.widgets("size").map(({ data }) => [data.export, data.optionIndex])).toEqual([
      ["Small", 0],
      ["Large", 1],
      ["Large", 2],
    ]);
    expect(form.widgets("send")[0]!.data.action).toEqual({ type: "resetForm", include: true });
  });

  test("the records are of their schemas, and the same whenever the file is read", () => {
    for (const file of [orderForm(), formPdf()]) {
      const form = read(file);
      expect(form.records.length).toBeGreaterThan(5);
      for (const { kind, data } of form.records) expect(checkData(kind, data)).toEqual({ ok: true, value: data });
      expect(new Set(form.records.map(({ id }) => id)).size).toBe(form.records.length);
      expect(read(file).records).toEqual(form.records);
    }
  });

  test("a file without a form has no records of one; an XFA form is named in the warnings", () => {
    expect(read(pagesPdf(2)).records).toEqual([]);
    const document = engine.open(xfaPdf());
    const imported = importRecords(document, { revision: 1, sourceSha256: "00", sha256 });
    expect([...imported.records].length).toBeGreaterThanOrEqual(0);
    expect(imported.warnings).toEqual([expect.stringContaining("XFA")]);
    document.close();
  });

  test("page images leave out fields that are records, but for buttons and signatures, whose looks only the file has", () => {
    const file = orderForm();
    const form = read(file);
    expect(ink(file, form.widgets("order.quantity")[0]!.data.geometry.bbox, "others")).toBe(0);
    expect(ink(file, form.widgets("colour")[0]!.data.geometry.bbox, "others")).toBe(0);
    expect(ink(file, form.widgets("send")[0]!.data.geometry.bbox, "others")).toBeGreaterThan(0);
  });
});

const VALUES = {
  "order.quantity": "7",
  "order.price": "1234.5",
  code: "ZX9",
  notes: "Zwei\nZeilen – 東京",
  agree: ["Yes"],
  colour: "red",
  size: { value: "Large", optionIndexes: [2] },
  country: ["Österreich"],
  extras: ["Express"],
  nobody: "",
  twice: "same",
} as const;

describe("export", () => {
  test("values survive, with everything else of the form as it was", () => {
    const source = orderForm();
    const form = read(source);
    const after = read(write(source, filled(form, VALUES as never)));
    for (const [name, value] of Object.entries(VALUES))
      expect([name, after.value(name).data]).toMatchObject([name, typeof value === "object" && "value" in value ? value : { value }]);
    expect(after.value("lonely").data).toEqual(form.value("lonely").data);
    for (const name of ORDER_FIELDS) expect(after.field(name).data).toEqual({ ...form.field(name).data, pdfObjectId: expect.any(Number) });
    expect(after.records.filter(({ kind }) => kind === "widget").length).toBe(form.records.filter(({ kind }) => kind === "widget").length);
  });

  test("what was filled is seen in the drawn page, as the form formats it", () => {
    const source = orderForm();
    const form = read(source);
    const file = write(source, filled(form, { "order.price": "1234.5", twice: "", agree: ["Yes"], notes: null }));
    const inner = (name: string, index = 0): number[] => {
      const [left, top, width, height] = form.widgets(name)[index]!.data.geometry.bbox;
      return [left + 3, top + 3, width - 6, height - 6];
    };
    expect(ink(file, inner("order.price"))).toBeGreaterThan(30);
    expect(ink(file, inner("twice"))).toBe(0);
    expect(ink(file, inner("notes"))).toBe(0);
  });

  test("the same records give the same bytes, and no change the bytes of the source", () => {
    const source = orderForm();
    const changes = filled(read(source), { code: "A" });
    expect(write(source, changes)).toEqual(write(source, changes));
    expect(write(source, [])).toBe(source);
  });

  test("a field's properties, its place and its looks are written", () => {
    const source = orderForm();
    const form = read(source);
    const field = form.field("order.quantity");
    const [widget] = form.widgets("order.quantity");
    const after = read(
      write(source, [
        { base: field, current: { ...field, data: { ...field.data, flags: ["readOnly"], label: "Menge", maxLength: 4, multiLine: true } } },
        {
          base: widget!,
          current: {
            ...widget!,
            data: {
              ...widget!.data,
              geometry: { bbox: [100, 500, 80, 30] },
              appearance: { borderColor: "#ff0000", borderWidth: 2, borderStyle: "dashed", fontSize: 9, font: "Courier" },
              flags: ["hidden"],
            },
          },
        },
      ] as RecordChange[]),
    );
    expect(after.field("order.quantity").data).toMatchObject({ flags: ["readOnly"], label: "Menge", maxLength: 4, multiLine: true });
    expect(after.widgets("order.quantity")[0]!.data).toMatchObject({
      geometry: { bbox: [100, 500, 80, 30] },
      appearance: { borderColor: "#ff0000", borderWidth: 2, borderStyle: "dashed", fontSize: 9, font: "Courier" },
      flags: ["hidden"],
    });
    expect(after.value("order.quantity").data.value).toBe("2");
  });

  test("new fields are made, below those that their names say, in a file with a form and in one without", () => {
    const appearance: Widget["appearance"] = { borderColor: "#000000", borderWidth: 1, fontSize: 12, fontColor: "#000000" };
    const text: Field = { name: "order.remark", type: "text", label: "Remark" };
    const radio: Field = {
      name: "choice.one",
      type: "radio",
      options: [
        { label: "A", value: "a" },
        { label: "B", value: "b" },
      ],
    };
    const changes = [
      created("newfield1", "field", text),
      created("newfield1:v", "value", { field: "newfield1", value: "fresh" }),
      created("newwidget1", "widget", { field: "newfield1", page: "1.0", geometry: { bbox: [300, 600, 120, 24] }, appearance }),
      created("newfield2", "field", radio),
      created("newfield2:v", "value", { field: "newfield2", value: "b" }),
      created("newwidget2", "widget", { field: "newfield2", page: "1.0", geometry: { bbox: [300, 640, 20, 20] }, appearance, export: "a" }),
      created("newwidget3", "widget", { field: "newfield2", page: "1.0", geometry: { bbox: [330, 640, 20, 20] }, appearance, export: "b" }),
    ];
    for (const source of [orderForm(), pagesPdf(1)]) {
      const file = write(source, changes);
      const after = read(file);
      expect(after.field("order.remark").data).toMatchObject({ type: "text", label: "Remark" });
      expect(after.value("order.remark").data.value).toBe("fresh");
      expect(after.widgets("order.remark")[0]!.data.geometry.bbox).toEqual([300, 600, 120, 24]);
      expect(after.value("choice.one").data.value).toBe("b");
      expect(after.widgets("choice.one").map(({ data }) => data.export)).toEqual(["a", "b"]);
      expect(ink(file, [305, 603, 100, 18])).toBeGreaterThan(20);
      expect(ink(file, [334, 644, 12, 12])).toBeGreaterThan(ink(file, [304, 644, 12, 12]));
    }
  });

  test("a field that gets a second widget has two, and a deleted widget or field is gone", () => {
    const source = orderForm();
    const form = read(source);
    const code = form.field("code");
    const gone = [form.field("colour"), form.value("colour"), ...form.widgets("colour"), form.widgets("twice")[0]!];
    const after = read(
      write(source, [
        created("another", "widget", { field: code.id, page: "1.0", geometry: { bbox: [300, 700, 120, 24] }, appearance: {} }),
        ...gone.map((base) => ({ base, current: null }) as RecordChange),
      ]),
    );
    expect(after.widgets("code").map(({ data }) => data.geometry.bbox)).toEqual([
      form.widgets("code")[0]!.data.geometry.bbox,
      [300, 700, 120, 24],
    ]);
    expect(after.value("code").data.value).toBe("AB12");
    expect(after.field("colour")).toBeUndefined();
    expect(after.widgets("twice")).toHaveLength(1);
  });

  test("flattened, the form is gone and looks the same", () => {
    const source = orderForm();
    const changes = filled(read(source), { "order.quantity": "42", agree: ["Yes"] });
    const file = write(source, changes, { flatten: true });
    expect(read(file).records).toEqual([]);
    const box = read(source).widgets("order.quantity")[0]!.data.geometry.bbox;
    const seen = ink(write(source, changes), box);
    expect(Math.abs(ink(file, box, "none") - seen)).toBeLessThan(seen / 20);
    expect(latin(file)).not.toContain("/AcroForm");
  });

  test("without mark-ups, a flattened form is seen all the same", () => {
    const source = orderForm();
    const box = read(source).widgets("order.quantity")[0]!.data.geometry.bbox;
    expect(ink(write(source, [], { annotations: false, flatten: true }), box, "none")).toBeGreaterThan(0);
  });

  test("fields that are named become content, by record or by object; the others stay a form that can be filled", () => {
    const source = orderForm();
    const form = read(source);
    const [one] = form.widgets("twice");
    const quantity = form.widgets("order.quantity")[0]!;
    const changes = filled(form, { "order.quantity": "42", twice: "same" });
    const flattenOnly = { annotations: [quantity.id, one!.data.pdfObjectId!, form.widgets("signature")[0]!.id] };
    const file = write(source, changes, { flatten: true, flattenOnly });
    const after = read(file);
    const names = after.records.flatMap((record) => (record.kind === "field" ? [record.data.name] : []));
    expect(names).toEqual(ORDER_FIELDS.filter((name) => name !== "order.quantity"));
    expect(after.widgets("twice")).toHaveLength(form.widgets("twice").length - 1);
    expect(after.value("twice").data.value).toBe("same");
    expect(after.value("order.price").data).toEqual(form.value("order.price").data);
    const box = quantity.data.geometry.bbox;
    const seen = ink(write(source, changes), box);
    expect(seen).toBeGreaterThan(0);
    expect(Math.abs(ink(file, box, "none") - seen)).toBeLessThan(seen / 20);
    expect(write(source, changes, { flatten: true, flattenOnly })).toEqual(file);
  });

  test("widgets are known by their objects when others of their field are not there any more", () => {
    const source = orderForm();
    const form = read(source);
    const [first, second] = form.widgets("twice");
    const less = write(source, [{ base: first!, current: null }]);
    expect(read(less).widgets("twice")).toHaveLength(1);
    const number = read(less).widgets("twice")[0]!.data.pdfObjectId!;
    const base = { ...second!, data: { ...second!.data, pdfObjectId: number } };
    const moved = { ...base, seq: 1, data: { ...base.data, geometry: { bbox: [10, 10, 50, 20] as [number, number, number, number] } } };
    const after = read(
      write(less, [
        { base, current: moved },
        { base: first!, current: null },
      ]),
    );
    expect(after.widgets("twice").map(({ data }) => data.geometry.bbox)).toEqual([[10, 10, 50, 20]]);
  });

  test("an encrypted file stays encrypted with its password", () => {
    const file = write(
      encryptedPdf(),
      [
        created("newfield1", "field", { name: "new", type: "text" }),
        created("newfield1:v", "value", { field: "newfield1", value: "geheim" }),
        created("newwidget1", "widget", { field: "newfield1", page: "1.0", geometry: { bbox: [20, 20, 120, 24] }, appearance: {} }),
      ],
      { password: ENCRYPTED_PASSWORD },
    );
    expect(() => engine.open(file)).toThrow("password");
    expect(read(file, ENCRYPTED_PASSWORD).value("new").data.value).toBe("geheim");
    expect(latin(file)).not.toContain("geheim");
  });
});

const has = (command: string): boolean => spawnSync(command, ["--version"]).error === undefined;

describe.skipIf(!has("qpdf") || !has("pdftotext"))("other readers", () => {
  test("find no fault in the file, and the same values", () => {
    const folder = mkdtempSync(join(tmpdir(), "lectern-form-"));
    try {
      const path = join(folder, "form.pdf");
      writeFileSync(path, write(orderForm(), filled(read(orderForm()), VALUES as never)));
      const check = spawnSync("qpdf", ["--check", path], { encoding: "utf8" });
      expect([check.status, check.stderr]).toEqual([0, ""]);
      const drawn = spawnSync("pdftotext", ["-layout", path, "-"], { encoding: "utf8" });
      expect(drawn.stderr).toBe("");
      for (const shown of ["$1,234.50", "Zwei", "Österreich", "same"]) expect(drawn.stdout).toContain(shown);
      spawnSync("qpdf", ["--json", "--json-key=acroform", path, join(folder, "form.json")]);
      const { acroform } = JSON.parse(readFileSync(join(folder, "form.json"), "utf8")) as {
        acroform: { needappearances: boolean; fields: { fullname: string; value: unknown }[] };
      };
      expect(acroform.needappearances).toBe(false);
      const value = (name: string) => acroform.fields.find((field) => field.fullname === name)?.value;
      expect([value("order.price"), value("colour"), value("agree"), value("size")]).toEqual(["u:1234.5", "/red", "/Yes", "/2"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
