import type { Field } from "@lectern/protocol";
import { describe, expect, test } from "vitest";
import { calculate, displayText, type FilledField, inputHint, isOn, refusal } from "./fill.ts";
import { formatDate, formatNumber, parseDate, parseNumber } from "./formats.ts";
import { parseScript } from "./script.ts";
import { runScript } from "./run-script.ts";

const js = (script: string) => ({ type: "javascript" as const, script });
const text = (name: string, extra: Partial<Field> = {}): Field => ({ name, type: "text", ...extra });
const run = (code: string, value = "", fields: Record<string, string> = {}) =>
  runScript(parseScript(code)!, { value, textsOf: (name) => (fields[name] === undefined ? [] : [fields[name]]) });

describe("what a field takes", () => {
  test("a text field takes one text of its length, and lines only when it has several", () => {
    expect(refusal(text("a", { maxLength: 3 }), { value: "abc" })).toBeNull();
    expect(refusal(text("a", { maxLength: 3 }), { value: "abcd" })).toBe("takes at most 3 characters");
    expect(refusal(text("a"), { value: "a\nb" })).toBe("takes one line");
    expect(refusal(text("a", { multiLine: true }), { value: "a\nb" })).toBeNull();
    expect(refusal(text("a"), { value: ["a"] })).toBe("takes one text");
  });

  test("choices are those that the field lists, unless it may be written into", () => {
    const options = [
      { label: "Germany", value: "de" },
      { label: "France", value: "fr" },
    ];
    expect(refusal({ name: "c", type: "combobox", options }, { value: ["de"] })).toBeNull();
    expect(refusal({ name: "c", type: "combobox", options }, { value: ["at"] })).toBe("has no such option");
    expect(refusal({ name: "c", type: "combobox", options, edit: true }, { value: ["at"] })).toBeNull();
    expect(refusal({ name: "c", type: "combobox", options, edit: true }, { value: ["de", "fr"] })).toBe("takes one value");
    expect(refusal({ name: "l", type: "listbox", options }, { value: ["de", "fr"] })).toBe("takes one value");
    expect(refusal({ name: "l", type: "listbox", options, multiSelect: true }, { value: ["de", "fr"] })).toBeNull();
    expect(refusal({ name: "l", type: "listbox", options, multiSelect: true }, { value: ["de", "de"] })).toBe("takes each option once");
  });

  test("radio buttons that cannot be switched off stay on; buttons and signatures cannot be filled", () => {
    const options = [{ label: "a", value: "a" }];
    expect(refusal({ name: "r", type: "radio", options, noToggleToOff: true }, { value: null })).toBe("cannot be switched off");
    expect(refusal({ name: "r", type: "radio", options }, { value: null })).toBeNull();
    expect(refusal({ name: "r", type: "radio" }, { value: "b" }, ["b"])).toBeNull();
    expect(refusal({ name: "b", type: "button" }, { value: "x" })).toBe("cannot be filled");
    expect(refusal({ name: "s", type: "signature" }, { value: null })).toBe("cannot be filled");
  });

  test("key strokes and ranges of the standard functions are rules", () => {
    const number = text("n", {
      actions: { onInput: js('AFNumber_Keystroke(2, 0, 0, 0, "", true);'), onChange: js("AFRange_Validate(true, 1, true, 100);") },
    });
    expect(refusal(number, { value: "1,000.5" })).toBe("must be from 1 to 100");
    expect(refusal(number, { value: "99.5" })).toBeNull();
    expect(refusal(number, { value: "ten" })).toBe("is not a number");
    expect(refusal(number, { value: "" })).toBeNull();
    const date = text("d", { actions: { onInput: js('AFDate_KeystrokeEx("dd/mm/yyyy")') } });
    expect(refusal(date, { value: "31/12/2026" })).toBeNull();
    expect(refusal(date, { value: "31/02/2026" })).toBe("is not written as dd/mm/yyyy");
    expect(refusal(text("m", { actions: { onInput: js('AFSpecial_KeystrokeEx("99-AA")') } }), { value: "12-3B" })).toBe(
      "is not written as 99-AA",
    );
  });

  test("radio buttons of one value are told apart by their place unless they are in unison", () => {
    const options = ["S", "L", "L"].map((value) => ({ label: value, value }));
    const field: Field = { name: "r", type: "radio", options };
    const second = { export: "L", optionIndex: 1 };
    const third = { export: "L", optionIndex: 2 };
    const value = { value: "L", optionIndexes: [2] };
    expect([isOn(field, second, value), isOn(field, third, value)]).toEqual([false, true]);
    expect([isOn({ ...field, radiosInUnison: true }, second, value), isOn({ ...field, radiosInUnison: true }, third, value)]).toEqual([
      true,
      true,
    ]);
    expect(isOn(field, second, { value: null })).toBe(false);
  });
});

describe("formats", () => {
  test("numbers are read and written in all five styles", () => {
    expect(["1,234.5", "1234.5", "1.234,5", "1234,5", "1'234.5"].map((each, style) => parseNumber(each, style))).toEqual(
      Array(5).fill(1234.5),
    );
    const styled = (separators: number) =>
      formatNumber(1234.5, { decimals: 2, separators, negative: 0, currency: "", currencyFirst: true });
    expect([0, 1, 2, 3, 4].map(styled)).toEqual(["1,234.50", "1234.50", "1.234,50", "1234,50", "1'234.50"]);
    expect(formatNumber(-1.005, { decimals: 2, separators: 0, negative: 2, currency: "$", currencyFirst: true })).toBe("($1.01)");
    expect(formatNumber(-0.001, { decimals: 2, separators: 0, negative: 0, currency: " €", currencyFirst: false })).toBe("0.00 €");
    expect([parseNumber("(12)"), parseNumber("0,5"), parseNumber("1e3"), parseNumber("--1"), parseNumber("")]).toEqual([
      -12,
      0.5,
      1000,
      null,
      null,
    ]);
  });

  test("dates are read in the form's own order or as ISO, and only when there is such a day", () => {
    const written = (text: string, from: string, to: string) => formatDate(parseDate(text, from)!, to);
    expect(written("1/2/26", "m/d/yy", "dddd, mmmm d, yyyy")).toBe("Friday, January 2, 2026");
    expect(written("2026-02-28", "dd.mm.yyyy", "dd.mm.yyyy")).toBe("28.02.2026");
    expect(written("5 Mar 99", "d-mmm-yy", "yyyy-mm-dd")).toBe("1999-03-05");
    expect(written("3:07 pm", "h:MM tt", "HH:MM")).toBe("15:07");
    expect(written("12:30 am", "h:MM tt", "HH:MM:ss")).toBe("00:30:00");
    expect([
      parseDate("29/02/2025", "dd/mm/yyyy"),
      parseDate("13/13/2025", "dd/mm/yyyy"),
      parseDate("soon", "m/d"),
      parseDate("1/2/3/4", "m/d/yy"),
    ]).toEqual([null, null, null, null]);
  });

  test("a value is shown as its format says, and as it is when the format cannot", () => {
    const money = text("m", { actions: { onFormat: js('AFNumber_Format(2, 2, 0, 0, "€ ", true)') } });
    expect(displayText(money, "1234.5")).toBe("€ 1.234,50");
    expect(displayText(money, "much")).toBe("much");
    expect(displayText(text("p", { actions: { onFormat: js("AFPercent_Format(1, 0)") } }), "0.125")).toBe("12.5%");
    expect(displayText(text("z", { actions: { onFormat: js("AFSpecial_Format(2)") } }), "5551234567")).toBe("(555) 123-4567");
    expect(displayText(text("x", { actions: { onFormat: js("app.launchURL('http://x')") } }), "as it is")).toBe("as it is");
    expect(displayText({ name: "c", type: "combobox", options: [{ label: "Germany", value: "de" }] }, ["de"])).toBe("Germany");
  });

  test("a field says what kind of text it takes", () => {
    expect(inputHint(text("d", { actions: { onFormat: js('AFDate_FormatEx("yyyy-mm-dd");') } }))).toEqual({
      kind: "date",
      pattern: "yyyy-mm-dd",
    });
    expect(inputHint(text("n", { actions: { onInput: js("AFNumber_Keystroke(2,0,0,0,'',false);") } }))).toEqual({ kind: "number" });
    expect(inputHint(text("s", { actions: { onInput: js("AFSpecial_Keystroke(3);") } }))).toEqual({ kind: "mask", pattern: "999-99-9999" });
    expect(inputHint(text("t"))).toBeNull();
  });
});

describe("scripts", () => {
  test("arithmetic over fields, variables and conditions are understood", () => {
    const code = `
      // the total
      var a = this.getField("net"); var rate = 0.2
      if (a.value > 100 && this.getField("country").value == "de") { rate = 0.19; } else rate += 0.01;
      event.value = Math.round(a.value * (1 + rate) * 100) / 100;`;
    expect(run(code, "", { net: "200", country: "de" }).value).toBe("238");
    expect(run(code, "", { net: "10", country: "fr" }).value).toBe("12.1");
    expect(run('event.value = getField("a").value + getField("b").value', "", { a: "1", b: "2" }).value).toBe("3");
    expect(
      run('event.value = "" + getField("a").valueAsString + " " + (getField("b").value || "none")', "", { a: "01", b: "" }).value,
    ).toBe("01 none");
    expect(run("event.value = 1 / 0").value).toBe("");
    expect(run("event.value = 0.1 + 0.2").value).toBe("0.3");
    expect(run("event.rc = event.value > 5;", "3").problem).toBe("is not accepted by the form");
  });

  test.each([
    "while (true) {}",
    "for (var i = 0; i < 3; i++) event.value = i",
    "app.alert('x')",
    "event.value = eval('1')",
    "event.value = this.constructor",
    "event['value'] = 1",
    "event.target.value = 1",
    "function f() { f() }",
    "event.value = getField('a').__proto__",
    "event.value = Math.constructor('x')",
    "`template`",
    "event.value = (".padEnd(300, "("),
    "var x = ",
    "event.value = 1 2",
    "a".repeat(30_000),
  ])("beyond the subset nothing is understood: %s", (code) => {
    expect(parseScript(code)).toBeNull();
  });

  test("the five simple calculations count an empty field as 0", () => {
    const fields = { a: "1", b: "2.5", c: "" };
    const of = (operation: string, names: string) => run(`AFSimple_Calculate("${operation}", ${names})`, "", fields).value;
    expect(of("SUM", 'new Array("a", "b", "c")')).toBe("3.5");
    expect(of("AVG", '["a", "b"]')).toBe("1.75");
    expect(of("PRD", '"a, b"')).toBe("2.5");
    expect(of("MIN", '["a", "b", "c"]')).toBe("0");
    expect(of("MAX", '["a", "b"]')).toBe("2.5");
    expect(of("SUM", '["nobody"]')).toBe("0");
  });
});

describe("calculation", () => {
  const filled = (id: string, field: Field, value: string | null): FilledField => ({ id, field, value });
  const sum = (names: string) => ({ onCalculate: js(`AFSimple_Calculate("SUM", [${names}]);`) });

  test("follows the form's order, each field seeing those before it", () => {
    const fields = [
      filled("t", text("total", { actions: sum('"sub", "tax"'), order: "000002" }), null),
      filled("x", text("tax", { actions: { onCalculate: js('event.value = this.getField("sub").value * 0.1') }, order: "000001" }), null),
      filled("s", text("sub", { actions: sum('"rows"'), order: "000000" }), "0"),
      filled("1", text("rows.1", { actions: { onFormat: js("AFNumber_Format(2, 0, 0, 0, '', true)") } }), "1,000"),
      filled("2", text("rows.2"), "500"),
    ];
    expect(Object.fromEntries(calculate(fields))).toEqual({ s: "1500", x: "150", t: "1650" });
  });

  test("tells nothing when nothing changes, and leaves alone what it does not understand", () => {
    const fields = [
      filled("t", text("total", { actions: sum('"a"') }), "3"),
      filled("a", text("a"), "3"),
      filled("u", text("odd", { actions: { onCalculate: js("util.printd('x')") } }), "kept"),
    ];
    expect(calculate(fields).size).toBe(0);
  });
});
