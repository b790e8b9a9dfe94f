/**
 * The bytes of a wasm module with a lower limit for its memory. The limit stands in the module itself (section 5: count, flags, least and most
 * pages as LEB128), so the engine cannot take more whatever a file makes it do: asking for more fails, in C as `malloc` fails.
 */
import { PdfError } from "../engine.ts";

const PAGE_BYTES = 65_536;
const MEMORY_SECTION = 5;
const HAS_MAXIMUM = 1;

/** A copy. Not less than what the module begins with. Throws PdfError `failed` for a module without a memory that has a limit. */
export function withMaxMemory(module: Uint8Array, maxBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(module);
  let at = 8;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const section = bytes[at++];
    const end = number() + at;
    if (section === MEMORY_SECTION) {
      const [count, flags] = [number(), bytes[at++]!];
      if (count !== 1 || (flags & HAS_MAXIMUM) === 0) break;
      const least = number();
      const place = at;
      const most = number();
      let pages = Math.min(most, Math.max(least, Math.floor(maxBytes / PAGE_BYTES)));
      // In as many bytes as before: the sizes around it stay as they are.
      for (let i = place; i < at; i++, pages >>>= 7) bytes[i] = (pages & 127) | (i < at - 1 ? 128 : 0);
      return bytes;
    }
    at = end;
  }
  throw new PdfError("failed", "the engine's memory has no limit that could be lowered");
}
