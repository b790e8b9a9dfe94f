/** The look of free text from its /DA (content stream operators) and, where that is silent, its /DS (CSS-like). ISO 32000-2, 12.7.4.3 */

export interface DefaultAppearance {
  /** Name of the font's family, e.g. `Helvetica`. */
  readonly font: string | null;
  readonly fontSize: number | null;
  readonly fontStyle: readonly ("bold" | "italic")[];
  /** `#rrggbb` */
  readonly fontColor: string | null;
  /** The stroke colour, which the border has. */
  readonly strokeColor: string | null;
}

/** Names of font resources that producers commonly use for the standard fonts. */
const RESOURCE_NAMES: Readonly<Record<string, string>> = {
  helv: "Helvetica",
  hebo: "Helvetica-Bold",
  heob: "Helvetica-Oblique",
  hebi: "Helvetica-BoldOblique",
  arial: "Helvetica",
  tiro: "Times-Roman",
  tibo: "Times-Bold",
  tiit: "Times-Italic",
  tibi: "Times-BoldItalic",
  cour: "Courier",
  cobo: "Courier-Bold",
  coob: "Courier-Oblique",
  cobi: "Courier-BoldOblique",
};

export function parseDefaultAppearance(operators: string, style: string): DefaultAppearance {
  const tokens = operators.match(/\/[^\s/[\](){}<>]*|[^\s/[\](){}<>]+/g) ?? [];
  let font: string | null = null;
  let fontSize: number | null = null;
  let fontColor: string | null = null;
  let strokeColor: string | null = null;
  tokens.forEach((token, at) => {
    const operands = (count: number): number[] => tokens.slice(Math.max(0, at - count), at).map(Number);
    if (token === "Tf" && tokens[at - 2]?.startsWith("/") === true) {
      font = tokens[at - 2]!.slice(1);
      fontSize = Number(tokens[at - 1]);
    } else if (token === "g" || token === "rg" || token === "k") fontColor = hexColor(operands(OPERANDS[token])) ?? fontColor;
    else if (token === "G" || token === "RG" || token === "K") strokeColor = hexColor(operands(OPERANDS[token])) ?? strokeColor;
  });
  const css = parseStyle(style);
  const family = font === null ? null : (RESOURCE_NAMES[(font as string).toLowerCase()] ?? font);
  const name = family ?? css.font;
  return {
    font: name === null ? null : familyOf(name),
    fontSize: fontSize !== null && fontSize > 0 ? fontSize : css.fontSize,
    fontStyle: name === null ? css.fontStyle : [...new Set([...stylesOf(name), ...css.fontStyle])],
    fontColor: fontColor ?? css.fontColor,
    strokeColor,
  };
}

const OPERANDS = { g: 1, G: 1, rg: 3, RG: 3, k: 4, K: 4 } as const;

/** `#rrggbb` of grey, RGB or CMYK by how many there are, each 0…1; null for anything else. */
export function hexColor(parts: readonly number[]): string | null {
  if (parts.some((part) => !Number.isFinite(part))) return null;
  const [a = 0, b = 0, c = 0, d = 0] = parts;
  const rgb =
    parts.length === 1
      ? [a, a, a]
      : parts.length === 3
        ? [a, b, c]
        : parts.length === 4
          ? [a, b, c].map((ink) => 1 - Math.min(1, ink + d))
          : null;
  return rgb === null
    ? null
    : `#${rgb
        .map((part) =>
          Math.round(Math.max(0, Math.min(1, part)) * 255)
            .toString(16)
            .padStart(2, "0"),
        )
        .join("")}`;
}

function familyOf(name: string): string {
  const family = name
    .replace(/^[A-Z]{6}\+/, "")
    .replace(/[-,]?(?:Bold|Italic|Oblique|Roman|Regular|MT|PS)+$/i, "")
    .replace(/[-,]$/, "");
  return (family === "" ? name : family).slice(0, 128);
}

function stylesOf(name: string): ("bold" | "italic")[] {
  return [...(/bold/i.test(name) ? (["bold"] as const) : []), ...(/italic|oblique/i.test(name) ? (["italic"] as const) : [])];
}

function parseStyle(style: string): Omit<DefaultAppearance, "strokeColor"> {
  const size = /(?:font-size\s*:|font\s*:[^;]*?)\s*([\d.]+)\s*pt/i.exec(style);
  const family = /(?:font-family\s*:|font\s*:(?:[^;]*?pt)?)\s*['"]?([A-Za-z][^;,'"]*)/i.exec(style);
  const hex = /(?:^|[;\s])color\s*:\s*(#[0-9a-f]{6})/i.exec(style);
  const points = size === null ? Number.NaN : Number(size[1]);
  return {
    font: family === null ? null : family[1]!.replace(/\s*[\d.]+\s*pt.*$/, "").trim() || null,
    fontSize: points > 0 ? points : null,
    fontStyle: [
      ...(/font[^;:]*:[^;]*bold/i.test(style) ? (["bold"] as const) : []),
      ...(/font[^;:]*:[^;]*italic/i.test(style) ? (["italic"] as const) : []),
    ],
    fontColor: hex === null ? null : hex[1]!.toLowerCase(),
  };
}
