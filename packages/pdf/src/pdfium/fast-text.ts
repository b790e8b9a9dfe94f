/**
 * The module of PDFium with a faster loop for blending letters, which is half of what drawing a page of text takes. PDFium calls a function for each
 * pixel of each letter, and hands it the place through memory in two halves that are read back as one, which stalls the processor each time. The
 * loop here does what that one does, to the bit, for the case that pages are drawn in: letters smoothed in grey onto pixels without alpha.
 *
 * It goes into the one build of PDFium whose function has this length and digest. Any other is left as it is: slower, and right.
 */
import { sha256Hex } from "../sha256.ts";
import { assemble, I32, ModuleReader, SECTION, type Section, sectionsOf, unsigned } from "./wasm-module.ts";

/** `CFX_RenderDevice::DrawNormalText`, with `DrawNormalTextHelper` inlined. */
const DRAW_TEXT = { bytes: 4313, sha256: "0e007ff3f4d0517978ea23500032c0a0527be51b95f49afeb9a3f67727314b5a" };
/** Where its table of 256 values is: coverage of a pixel to how dark it gets. */
const GAMMA = 570_708;

/** Its locals at the place where it begins with a row of a letter. */
const IN_DRAW_TEXT = {
  /** `FX_BGRA_STRUCT` on the stack is 60 bytes from here. */
  frame: 7,
  /** Address of the letter's row, and of the place in the bitmap that it goes to, with the bytes left in that row. */
  from: 4,
  to: 6,
  left: 8,
  hasAlpha: 1,
  /** Not zero: grey; zero: a colour for each third of a pixel. */
  isGrey: 9,
  /** Bytes of a pixel. */
  step: 11,
  /** `CFX_DIBitmap`. */
  bitmap: 20,
  /** `CFX_GlyphBitmap`, whose `CFX_DIBitmap` is 8 bytes from here. */
  glyph: 23,
  rows: 24,
  /** The letter's first column in the bitmap, which may be before it, the first and the last that is drawn. */
  glyphLeft: 25,
  firstColumn: 27,
  lastColumn: 28,
  /** How many thirds of a pixel the letter is moved to the right. */
  third: 26,
  /** The letter's first row in the bitmap; the row that is drawn. */
  top: 29,
  row: 33,
  /** Free here. */
  count: 14,
  free: 34,
} as const;
/** Of `CFX_DIBitmap`. */
const HEIGHT = 28;
const PITCH = 32;

/** What stands at that place: `local.set $column (local.get $firstColumn)`, three blocks, and the choice among three loops. */
const PLACE = [0x20, 27, 0x21, 14, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x20, 26, 0x0e, 2, 0, 1, 2];

const inDrawText = (blendLetter: number): readonly number[] =>
  assemble(
    `
    block
      local.get isGrey  i32.eqz  br_if 0
      local.get hasAlpha  br_if 0
      ;; A row that does not fit is for PDFium's own check.
      local.get left
      local.get lastColumn  local.get firstColumn  i32.sub  local.get step  i32.mul
      i32.lt_u  br_if 0
      ;; All rows that are left, of the letter and of the bitmap.
      local.get rows  local.get row  i32.sub  local.tee count
      local.get bitmap  i32.load offset=${HEIGHT}  local.get row  local.get top  i32.add  i32.sub  local.tee free
      local.get count  local.get free  i32.lt_s  select  local.set count
      local.get to  local.get bitmap  i32.load offset=${PITCH}
      local.get from  local.get glyph  i32.load offset=8  i32.load offset=${PITCH}
      local.get count
      local.get lastColumn  local.get firstColumn  i32.sub
      local.get step
      local.get third
      local.get firstColumn  local.get glyphLeft  i32.le_s
      local.get frame  i32.const 60  i32.add
      call blendLetter
      ;; That was the last row: on to what follows one.
      local.get rows  i32.const 1  i32.sub  local.set row
      br 1
    end`,
    { ...IN_DRAW_TEXT, blendLetter },
  );

/** `isWhole`: the row begins with the letter's own first column, before which there is nothing. */
const PARAMETERS = ["to", "toPitch", "from", "fromPitch", "rows", "columns", "step", "third", "isWhole", "color"] as const;
const LOCALS = ["blue", "green", "red", "alpha", "firstMask", "mask", "at", "source", "end", "thirds", "dark", "light"] as const;

const channel = (name: "blue" | "green" | "red", offset: number): string => `
  local.get at
  local.get dark  local.get ${name}  i32.mul
  local.get light  local.get at  i32.load8_u offset=${offset}  i32.mul
  i32.add  i32.const 255  i32.div_u
  i32.store8 offset=${offset}`;

const BLEND_LETTER = assemble(
  `
  ;; As PDFium takes it: everything but 0 and 1 is 2.
  local.get third  i32.const 2  local.get third  i32.const 2  i32.lt_u  select  local.set third
  local.get from  local.get third  i32.sub  local.set from
  ;; Of the first pixel of a row, the thirds that are the letter's own.
  i32.const -1  local.get third  i32.const 3  i32.shl  i32.shl
  i32.const -1  local.get isWhole  select  local.set firstMask
  local.get color  i32.load8_u  local.set blue
  local.get color  i32.load8_u offset=1  local.set green
  local.get color  i32.load8_u offset=2  local.set red
  local.get color  i32.load8_u offset=3  local.set alpha
  loop
    local.get to  local.tee at  local.get columns  local.get step  i32.mul  i32.add  local.set end
    local.get from  local.set source
    local.get firstMask  local.set mask
    loop
      local.get source  i32.load16_u
      local.get source  i32.load8_u offset=2  i32.const 16  i32.shl  i32.or
      local.get mask  i32.and  local.tee thirds
      if
        local.get thirds  i32.const 255  i32.and
        local.get thirds  i32.const 8  i32.shr_u  i32.const 255  i32.and  i32.add
        local.get thirds  i32.const 16  i32.shr_u  i32.add
        i32.const 3  i32.div_u  i32.load8_u offset=${GAMMA}
        local.get alpha  i32.mul  i32.const 255  i32.div_u  local.set dark
        i32.const 255  local.get dark  i32.sub  local.set light
        ${channel("blue", 0)}
        ${channel("green", 1)}
        ${channel("red", 2)}
      end
      i32.const -1  local.set mask
      local.get source  i32.const 3  i32.add  local.set source
      local.get at  local.get step  i32.add  local.tee at
      local.get end  i32.ne  br_if 0
    end
    local.get to  local.get toPitch  i32.add  local.set to
    local.get from  local.get fromPitch  i32.add  local.set from
    local.get rows  i32.const 1  i32.sub  local.tee rows  br_if 0
  end
  end`,
  Object.fromEntries([...PARAMETERS, ...LOCALS].map((name, local) => [name, local])),
);

/** A copy with the faster loop; the module itself where it is another build. */
export function withFastText(module: Uint8Array): Uint8Array {
  const sections = sectionsOf(module);
  const section = (id: number): Section | undefined => sections.find((one) => one.id === id);
  const [types, imports, functions, code] = [
    section(SECTION.type),
    section(SECTION.import),
    section(SECTION.function),
    section(SECTION.code),
  ];
  if (types === undefined || imports === undefined || functions === undefined || code === undefined) return module;
  const drawText = findDrawText(module, code);
  if (drawText === null) return module;

  const counted = ({ from, to }: Section): { readonly count: number; readonly first: number; readonly rest: Uint8Array } => {
    const reader = new ModuleReader(module, from);
    return { count: reader.number(), first: reader.at, rest: module.subarray(reader.at, to) };
  };
  const [type, own] = [counted(types), counted(functions)];
  // All that this build imports are functions, which are counted first.
  const blendLetter = counted(imports).count + own.count;
  const newType = [0x60, PARAMETERS.length, ...PARAMETERS.map(() => I32), 0];
  const newBody = [1, LOCALS.length, I32, ...BLEND_LETTER];
  const inserted = inDrawText(blendLetter);
  const bodies = [
    module.subarray(counted(code).first, drawText.start),
    unsigned(drawText.to - drawText.from + inserted.length),
    module.subarray(drawText.from, drawText.place),
    inserted,
    module.subarray(drawText.place, code.to),
    unsigned(newBody.length),
    newBody,
  ];
  const changed = new Map<number, readonly Piece[]>([
    [SECTION.type, [unsigned(type.count + 1), type.rest, newType]],
    [SECTION.function, [unsigned(own.count + 1), own.rest, unsigned(type.count)]],
    [SECTION.code, [unsigned(own.count + 1), ...bodies]],
  ]);
  const pieces: Piece[] = [module.subarray(0, sections[0]!.start)];
  for (const { id, start, to } of sections) {
    const content = changed.get(id);
    if (content === undefined) pieces.push(module.subarray(start, to));
    else pieces.push([id], unsigned(content.reduce((sum, { length }) => sum + length, 0)), ...content);
  }
  return joined(pieces);
}

type Piece = Uint8Array | readonly number[];

function joined(pieces: readonly Piece[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Where the function's length stands, where its body is, and where in it a row of a letter begins. */
function findDrawText(
  module: Uint8Array,
  code: Section,
): { readonly start: number; readonly from: number; readonly to: number; readonly place: number } | null {
  const reader = new ModuleReader(module, code.from);
  for (let left = reader.number(); left > 0; left--) {
    const start = reader.at;
    const size = reader.number();
    const from = reader.at;
    reader.skip(size);
    if (size !== DRAW_TEXT.bytes) continue;
    const body = module.subarray(from, from + size);
    if (sha256Hex(body) !== DRAW_TEXT.sha256) continue;
    const place = body.findIndex((_, at) => PLACE.every((byte, i) => body[at + i] === byte));
    return place < 0 ? null : { start, from, to: from + size, place: from + place };
  }
  return null;
}
