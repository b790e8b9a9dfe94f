/**
 * The bytes of a wasm module with a lower limit for its memory. The limit stands in the module itself (section 5: count, flags, least and most
 * pages as LEB128), so the engine cannot take more whatever a file makes it do: asking for more fails, in C as `malloc` fails.
 */
import { PdfError } from "../engine.ts";
import { ModuleReader, SECTION, sectionsOf } from "./wasm-module.ts";

const PAGE_BYTES = 65_536;
const HAS_MAXIMUM = 1;

/** A copy. Not less than what the module begins with. Throws PdfError `failed` for a module without a memory that has a limit. */
export function withMaxMemory(module: Uint8Array, maxBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(module);
  const memory = sectionsOf(bytes).find(({ id }) => id === SECTION.memory);
  const reader = new ModuleReader(bytes, memory?.from);
  if (memory === undefined || reader.number() !== 1 || (reader.byte() & HAS_MAXIMUM) === 0)
    throw new PdfError("failed", "the engine's memory has no limit that could be lowered");
  const least = reader.number();
  const place = reader.at;
  const most = reader.number();
  let pages = Math.min(most, Math.max(least, Math.floor(maxBytes / PAGE_BYTES)));
  // In as many bytes as before: the sizes around it stay as they are.
  for (let i = place; i < reader.at; i++, pages >>>= 7) bytes[i] = (pages & 127) | (i < reader.at - 1 ? 128 : 0);
  return bytes;
}
