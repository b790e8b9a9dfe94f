/** A WebAssembly module as bytes: its sections, its numbers, and an assembler for the few instructions that are put into one. */

/** Ids of sections, as the format counts them. */
export const SECTION = { type: 1, import: 2, function: 3, memory: 5, code: 10 } as const;
const HEADER_BYTES = 8;

export class ModuleReader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = HEADER_BYTES) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    return this.bytes[this.at++] ?? 0;
  }

  /** LEB128, without a sign. */
  number(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  skip(bytes: number): void {
    this.at += bytes;
  }
}

export interface Section {
  readonly id: number;
  /** Where its id stands, where what it holds begins, and where that ends. */
  readonly start: number;
  readonly from: number;
  readonly to: number;
}

export function sectionsOf(bytes: Uint8Array): readonly Section[] {
  const sections: Section[] = [];
  const reader = new ModuleReader(bytes);
  while (reader.at < bytes.length) {
    const start = reader.at;
    const id = reader.byte();
    const size = reader.number();
    const from = reader.at;
    sections.push({ id, start, from, to: from + size });
    reader.skip(size);
  }
  return sections;
}

export function unsigned(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(Math.floor(value / 128))];
}

function signed(value: number): readonly number[] {
  const rest = value >> 7;
  const isLast = (rest === 0 && (value & 64) === 0) || (rest === -1 && (value & 64) !== 0);
  return isLast ? [value & 127] : [(value & 127) | 128, ...signed(rest)];
}

export const I32 = 0x7f;
const NO_RESULT = 0x40;

/** What follows an opcode: nothing, a block's type, a depth, a local, a function, a number, an offset into memory. */
type Operand = "none" | "block" | "index" | "number" | "offset";
const INSTRUCTIONS: Readonly<Record<string, readonly [opcode: number, operand: Operand]>> = {
  block: [0x02, "block"],
  loop: [0x03, "block"],
  if: [0x04, "block"],
  end: [0x0b, "none"],
  br: [0x0c, "index"],
  br_if: [0x0d, "index"],
  call: [0x10, "index"],
  select: [0x1b, "none"],
  "local.get": [0x20, "index"],
  "local.set": [0x21, "index"],
  "local.tee": [0x22, "index"],
  "i32.load": [0x28, "offset"],
  "i32.load8_u": [0x2d, "offset"],
  "i32.load16_u": [0x2f, "offset"],
  "i32.store8": [0x3a, "offset"],
  "i32.const": [0x41, "number"],
  "i32.eqz": [0x45, "none"],
  "i32.ne": [0x47, "none"],
  "i32.lt_s": [0x48, "none"],
  "i32.lt_u": [0x49, "none"],
  "i32.le_s": [0x4c, "none"],
  "i32.add": [0x6a, "none"],
  "i32.sub": [0x6b, "none"],
  "i32.mul": [0x6c, "none"],
  "i32.div_u": [0x6e, "none"],
  "i32.and": [0x71, "none"],
  "i32.or": [0x72, "none"],
  "i32.shl": [0x74, "none"],
  "i32.shr_u": [0x76, "none"],
};

/**
 * The bytes of instructions in the order of the stack, in the names of the text format. An operand is a number or one of `names`; an offset into
 * memory may be left out when it is 0. What stands after `;;` is a comment.
 */
export function assemble(text: string, names: Readonly<Record<string, number>>): readonly number[] {
  const words = text
    .replace(/;;.*$/gm, "")
    .split(/\s+/)
    .filter((word) => word !== "");
  const code: number[] = [];
  const valueOf = (word: string | undefined): number => {
    const value = names[word ?? ""] ?? Number(word);
    if (!Number.isInteger(value)) throw new TypeError(`no operand: ${word}`);
    return value;
  };
  for (let i = 0; i < words.length; i++) {
    const [opcode, operand] = INSTRUCTIONS[words[i]!] ?? [];
    if (opcode === undefined) throw new TypeError(`no instruction: ${words[i]}`);
    code.push(opcode);
    if (operand === "block") code.push(NO_RESULT);
    else if (operand === "index") code.push(...unsigned(valueOf(words[++i])));
    else if (operand === "number") code.push(...signed(valueOf(words[++i])));
    // Aligned to one byte: what is said of alignment is a hint and no more.
    else if (operand === "offset") code.push(0, ...unsigned(words[i + 1]?.startsWith("offset=") ? valueOf(words[++i]!.slice(7)) : 0));
  }
  return code;
}
