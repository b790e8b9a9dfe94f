/** The hint tables of a linear file (ISO 32000-2, F.4). Offsets count as if the tables were not in the file. */

export interface Hints {
  readonly firstPageAt: number;
  /** `shared`: indexes in the table of shared objects. */
  readonly pages: readonly { readonly objects: number; readonly length: number; readonly shared: readonly number[] }[];
  /** So many of the shared objects are those of the first page, which come first. */
  readonly sharedOnFirst: number;
  readonly sharedLengths: readonly number[];
  /** The first that is not on the first page. */
  readonly firstShared: { readonly number: number; readonly at: number } | null;
  readonly outlines: { readonly number: number; readonly at: number; readonly objects: number; readonly length: number } | null;
}

/** `shared`, `outlines`: where in the bytes their tables begin. */
export function hintTables(hints: Hints): { readonly bytes: Uint8Array; readonly shared: number; readonly outlines: number | null } {
  const out = bitWriter();
  pageTable(out, hints);
  const shared = out.size();
  sharedTable(out, hints);
  const outlines = hints.outlines === null ? null : out.size();
  if (hints.outlines !== null) {
    const { number, at, objects, length } = hints.outlines;
    for (const value of [number, at, objects, length]) out.write(value, 32);
  }
  return { bytes: out.bytes(), shared, outlines };
}

function pageTable(out: BitWriter, { pages, firstPageAt, sharedLengths }: Hints): void {
  const objects = span(pages.map((page) => page.objects));
  const length = span(pages.map((page) => page.length));
  const sharedBits = bitsOf(Math.max(...pages.map((page) => page.shared.length)));
  const identifierBits = bitsOf(sharedLengths.length);
  out.write(objects.least, 32);
  out.write(firstPageAt, 32);
  out.write(objects.bits, 16);
  out.write(length.least, 32);
  out.write(length.bits, 16);
  // Contents are not apart from the other objects of a page: they begin with it and are as long.
  out.write(0, 32);
  out.write(0, 16);
  out.write(length.least, 32);
  out.write(length.bits, 16);
  out.write(sharedBits, 16);
  out.write(identifierBits, 16);
  out.write(0, 16);
  out.write(4, 16);
  column(
    out,
    pages.map((page) => page.objects - objects.least),
    objects.bits,
  );
  column(
    out,
    pages.map((page) => page.length - length.least),
    length.bits,
  );
  column(
    out,
    pages.map((page) => page.shared.length),
    sharedBits,
  );
  column(
    out,
    pages.flatMap((page) => page.shared),
    identifierBits,
  );
  column(
    out,
    pages.map((page) => page.length - length.least),
    length.bits,
  );
}

function sharedTable(out: BitWriter, { firstShared, sharedOnFirst, sharedLengths }: Hints): void {
  const length = span(sharedLengths);
  out.write(firstShared?.number ?? 0, 32);
  out.write(firstShared?.at ?? 0, 32);
  out.write(sharedOnFirst, 32);
  out.write(sharedLengths.length, 32);
  out.write(0, 16);
  out.write(length.least, 32);
  out.write(length.bits, 16);
  column(
    out,
    sharedLengths.map((each) => each - length.least),
    length.bits,
  );
  // None has a signature.
  column(
    out,
    sharedLengths.map(() => 0),
    1,
  );
}

/** Each begins with a byte. */
function column(out: BitWriter, values: readonly number[], bits: number): void {
  for (const value of values) out.write(value, bits);
  out.align();
}

function span(values: readonly number[]): { readonly least: number; readonly bits: number } {
  const [least, most] = values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, 0]);
  return { least, bits: bitsOf(most - least) };
}

const bitsOf = (value: number): number => (value === 0 ? 0 : Math.floor(Math.log2(value)) + 1);

interface BitWriter {
  write(value: number, bits: number): void;
  align(): void;
  size(): number;
  bytes(): Uint8Array;
}

function bitWriter(): BitWriter {
  const bytes: number[] = [];
  let [byte, used] = [0, 0];
  return {
    write(value, bits) {
      for (let bit = bits - 1; bit >= 0; bit--) {
        byte = (byte << 1) | (Math.floor(value / 2 ** bit) & 1);
        if (++used === 8) {
          bytes.push(byte);
          [byte, used] = [0, 0];
        }
      }
    },
    align() {
      if (used === 0) return;
      bytes.push(byte << (8 - used));
      [byte, used] = [0, 0];
    },
    size: () => bytes.length,
    bytes: () => Uint8Array.from(bytes),
  };
}
