/** Looks at the table of a ZIP archive before anybody unpacks it: an Office document of a few kilobytes may claim to hold terabytes. */
import { open } from "node:fs/promises";
import { ApiError } from "@lectern/protocol/plain";

const MAX_ENTRIES = 20_000;
/** Of an entry above this size: text packs to a twentieth, drawings of nothing to a thousandth. */
const MAX_RATIO = 500;
const RATIO_FROM = 10_000_000;
const END_RECORD = 22;
const MAX_COMMENT = 65_535;
const MAX_TABLE = 16_000_000;

/** Throws ApiError `invalid_document`, `too_large`. What is no ZIP archive is not looked at. Format: APPNOTE 6.3.10, 4.3.12 and 4.3.16. */
export async function requireSaneArchive(path: string, maxUnpacked: number): Promise<void> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const read = async (offset: number, length: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    };
    if ((await read(0, 4)).toString("latin1") !== "PK\x03\x04") return;
    const tail = await read(Math.max(0, size - END_RECORD - MAX_COMMENT), END_RECORD + MAX_COMMENT);
    const end = tail.lastIndexOf("PK\x05\x06", undefined, "latin1");
    if (end < 0 || end + END_RECORD > tail.length) throw damaged();
    const [count, length, offset] = [tail.readUInt16LE(end + 10), tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
    if (length > MAX_TABLE || offset + length > size) throw damaged();
    requireSaneTable(await read(offset, length), { count, maxUnpacked });
  } finally {
    await file.close();
  }
}

function requireSaneTable(table: Buffer, { count, maxUnpacked }: { readonly count: number; readonly maxUnpacked: number }): void {
  if (count > MAX_ENTRIES) throw new ApiError("too_large", `The document has ${count} parts: ${MAX_ENTRIES} at most`);
  let total = 0;
  let at = 0;
  for (let n = 0; n < count; n++) {
    if (at + 46 > table.length || table.readUInt32LE(at) !== 0x02014b50) throw damaged();
    const [packed, unpacked] = [table.readUInt32LE(at + 20), table.readUInt32LE(at + 24)];
    total += unpacked;
    if (total > maxUnpacked || (unpacked > RATIO_FROM && unpacked > packed * MAX_RATIO))
      throw new ApiError(
        "too_large",
        `Unpacked, the document is too large: ${maxUnpacked / 1_000_000} MB at most, and no part ${MAX_RATIO} times its packed size`,
      );
    at += 46 + table.readUInt16LE(at + 28) + table.readUInt16LE(at + 30) + table.readUInt16LE(at + 32);
  }
}

function damaged(): ApiError {
  return new ApiError("invalid_document", "The Office document is damaged: the table of its archive cannot be read");
}
