import { expect, test } from "vitest";
import { parseDefaultAppearance } from "./default-appearance.ts";

test("font, size and colours come from the operators", () => {
  expect(parseDefaultAppearance("0 0 1 rg 1 0 0 RG /HeBo 12.5 Tf", "")).toEqual({
    font: "Helvetica",
    fontSize: 12.5,
    fontStyle: ["bold"],
    fontColor: "#0000ff",
    strokeColor: "#ff0000",
  });
  expect(parseDefaultAppearance("/TiRo 9 Tf 0.5 g", "")).toMatchObject({ font: "Times", fontSize: 9, fontStyle: [], fontColor: "#808080" });
  expect(parseDefaultAppearance("0 1 1 0 k/Cour 8 Tf", "")).toMatchObject({ font: "Courier", fontColor: "#ff0000" });
  expect(parseDefaultAppearance("/ABCDEF+Arial-BoldItalicMT 10 Tf", "")).toMatchObject({ font: "Arial", fontStyle: ["bold", "italic"] });
});

test("the style says what the operators leave open", () => {
  expect(parseDefaultAppearance("", "font: italic bold 14pt 'Open Sans'; color:#12Ab34")).toMatchObject({
    font: "Open Sans",
    fontSize: 14,
    fontStyle: ["bold", "italic"],
    fontColor: "#12ab34",
  });
  expect(parseDefaultAppearance("0 g /Helv 0 Tf", "font-size: 11.5pt")).toMatchObject({
    font: "Helvetica",
    fontSize: 11.5,
    fontColor: "#000000",
  });
});

test("nonsense says nothing", () => {
  expect(parseDefaultAppearance("rg Tf /x Tf (((", ";;;color:red")).toEqual({
    font: null,
    fontSize: null,
    fontStyle: [],
    fontColor: null,
    strokeColor: null,
  });
});
