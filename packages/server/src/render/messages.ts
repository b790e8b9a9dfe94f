/** What the server and its worker processes say to each other: one job at a time, one answer each. Passwords travel here only, never as arguments. */
import type { ErrorCode } from "@lectern/protocol/plain";
import type { InputLimits } from "../input-limits.ts";
import type {
  Converted,
  ConvertOptions,
  ExportOptions,
  ImageOptions,
  Inspection,
  PagesRead,
  PrepareSummary,
  RedactJob,
  RenderSource,
} from "../ports.ts";

/** What files may be. */
export type WorkerInput = Pick<InputLimits, "pages" | "pixels" | "inflatedBytes">;

/** What a process is started with: bytes that it may take, and what it may be given. */
export interface WorkerLimits extends WorkerInput {
  readonly maxMemory: number;
}

type Plain<T> = Omit<T, "signal" | "priority">;

/** What each kind of job needs beside the file, and what it gives. */
export interface Jobs {
  probe: { readonly options: null; readonly result: { readonly pageCount: number; readonly encrypted: boolean } };
  prepare: {
    readonly options: { readonly revision: number; readonly target: string; readonly pictures: boolean; readonly files: boolean };
    readonly result: PrepareSummary;
  };
  image: { readonly options: Plain<ImageOptions>; readonly result: Uint8Array };
  text: { readonly options: { readonly page: number }; readonly result: string };
  inspect: { readonly options: Inspection; readonly result: string };
  export: { readonly options: Plain<ExportOptions>; readonly result: null };
  redact: { readonly options: Plain<RedactJob>; readonly result: readonly number[] };
  convert: { readonly options: Plain<ConvertOptions>; readonly result: Converted };
  check: { readonly options: null; readonly result: null };
}

export type JobKind = keyof Jobs;

/** `source` is null for `check` only. */
export type JobMessage = {
  readonly [K in JobKind]: {
    readonly id: number;
    readonly kind: K;
    readonly source: RenderSource | null;
    readonly options: Jobs[K]["options"];
  };
}[JobKind];

export type WorkerMessage =
  | { readonly ready: true }
  | { readonly id: number; readonly progress: PagesRead }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly code: ErrorCode; readonly message: string } };

/** How a worker ends itself: its engine has failed, or was refused more memory. */
export const EXIT_FAILED = 70;
export const EXIT_MEMORY = 71;

/** Where `prepare` writes a picture that records name, beside its target. */
export function picturePath(target: string, blob: string): string {
  return `${target}.${blob}.png`;
}

/** Where `prepare` writes a file that the file holds. */
export function embeddedPath(target: string, blob: string): string {
  return `${target}.${blob}.bin`;
}

/** Documents that a worker keeps open. The pool counts along, to send a document's next job to where it is open. */
export const OPEN_DOCUMENTS = 4;

export function documentKey(source: RenderSource): string {
  return `${source.sha256}\0${source.password ?? ""}`;
}

/** Moves the key to the end, the most recent, and gives back what falls out. */
export function touch(keys: string[], key: string): string | undefined {
  const at = keys.indexOf(key);
  if (at >= 0) keys.splice(at, 1);
  keys.push(key);
  return keys.length > OPEN_DOCUMENTS ? keys.shift() : undefined;
}
