/** What is used of two libraries that come without types. */
declare module "pdfmake" {
  type FontFile = string | readonly [path: string, postscriptName: string];
  export type PdfmakeFonts = Readonly<
    Record<string, { readonly normal: FontFile; readonly bold: FontFile; readonly italics: FontFile; readonly bolditalics: FontFile }>
  >;
  interface Pdfmake {
    setUrlAccessPolicy(allowed: (url: string) => boolean): void;
    setLocalAccessPolicy(allowed: (path: string) => boolean): void;
    setFonts(fonts: PdfmakeFonts): void;
    createPdf(definition: Readonly<Record<string, unknown>>): { getBuffer(): Promise<Uint8Array> };
  }
  const pdfmake: Pdfmake;
  export default pdfmake;
}

declare module "pdfmake/js/ElementWriter.js" {
  interface ElementWriter {
    alignLine(line: object): void;
  }
  const ElementWriterModule: { readonly prototype: ElementWriter } | { readonly default: { readonly prototype: ElementWriter } };
  export default ElementWriterModule;
}

declare module "fontkit" {
  interface Glyph {
    readonly id: number;
    readonly codePoints: readonly number[];
    readonly advanceWidth: number;
  }
  export interface Font {
    readonly postscriptName: string;
    readonly unitsPerEm: number;
    readonly ascent: number;
    readonly descent: number;
    readonly capHeight?: number;
    readonly italicAngle: number;
    readonly bbox: { readonly minX: number; readonly minY: number; readonly maxX: number; readonly maxY: number };
    /** Tables by their tags: `glyf` or `CFF ` has the outlines. */
    readonly directory: { readonly tables: Readonly<Record<string, object>> };
    readonly "OS/2"?: {
      readonly fsType?: { readonly noEmbedding?: boolean; readonly noSubsetting?: boolean; readonly bitmapOnly?: boolean };
    };
    hasGlyphForCodePoint(code: number): boolean;
    layout(
      text: string,
      features?: readonly string[],
      script?: string,
      language?: string,
      direction?: "ltr" | "rtl",
    ): { readonly glyphs: readonly Glyph[] };
    createSubset(): { includeGlyph(id: number): number; encode(): Uint8Array };
  }
  export function openSync(path: string): Font | { readonly fonts: readonly Font[] };
}
