/** A ZIP archive of files that are packed already (images): stored, not deflated, and written as they come. Format: APPNOTE 6.3, 4.3. */
import { open } from "node:fs/promises";
import { ApiError } from "@lectern/protocol/plain";

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});
/** What the format has room for without its extension for more. */
const MOST_BYTES = 0xffffffff;
export const MOST_FILES = 0xffff;

/**
 * Writes the archive to `path`; one file is in memory at a time. The same files give the same bytes. Throws ApiError `limit_exceeded`, and what
 * `files` throws.
 */
export async function writeZip(path: string, files: AsyncIterable<{ readonly name: string; readonly bytes: Uint8Array }>): Promise<void> {
  const archive = await open(path, "w", 0o600);
  try {
    const directory: Uint8Array[] = [];
    let offset = 0;
    let count = 0;
    for await (const { name, bytes } of files) {
      const title = Buffer.from(name);
      const shared = Buffer.alloc(26);
      shared.writeUInt16LE(20, 0);
      // 1 January 1980.
      shared.writeUInt16LE(0x21, 8);
      shared.writeUInt32LE(crc32(bytes), 10);
      shared.writeUInt32LE(bytes.length, 14);
      shared.writeUInt32LE(bytes.length, 18);
      shared.writeUInt16LE(title.length, 22);
      const head = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), shared, title]);
      const tail = Buffer.alloc(14);
      tail.writeUInt32LE(offset, 10);
      directory.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), shared, tail, title);
      offset += head.length + bytes.length;
      if (offset > MOST_BYTES || ++count > MOST_FILES) throw new ApiError("limit_exceeded", "An archive has room for 4 GB and 65535 files");
      await archive.writeFile(head);
      await archive.writeFile(bytes);
    }
    const list = Buffer.concat(directory);
    const end = Buffer.alloc(22);
    end.write("PK\x05\x06", 0, "latin1");
    end.writeUInt16LE(count, 8);
    end.writeUInt16LE(count, 10);
    end.writeUInt32LE(list.length, 12);
    end.writeUInt32LE(offset, 16);
    await archive.writeFile(Buffer.concat([list, end]));
  } finally {
    await archive.close();
  }
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
