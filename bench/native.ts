/**
 * Native PDFium to compare with: the library that a Python wheel brings, and a small C program around it (`peers/pdfium.c`). Fetched and built when a
 * bench first needs it, and never part of the product.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const WHEEL = "pypdfium2==5.13.0";
const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Path of the program; null where there is no pip, no wheel for this machine, or no C compiler. */
export function nativePdfium(): string | null {
  const folder = file("./peers/dist/");
  const program = `${folder}pdfium`;
  const source = file("./peers/pdfium.c");
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return program;
  mkdirSync(folder, { recursive: true });
  const library = `${folder}pypdfium2_raw/libpdfium.so`;
  const steps: readonly (readonly [command: string, ...args: string[]])[] = [
    ["python3", "-m", "pip", "install", "-q", "--no-deps", "--only-binary=:all:", "--no-compile", "--upgrade", "--target", folder, WHEEL],
    ["cc", "-O2", "-o", program, source, library, `-Wl,-rpath,${folder}pypdfium2_raw`],
  ];
  for (const [command, ...args] of steps) {
    const { status } = spawnSync(command, args, { stdio: "ignore" });
    if (status !== 0) return null;
  }
  return program;
}
