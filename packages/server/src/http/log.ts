/**
 * Structured logs. Requests are logged by the pattern of their route, never by URL, headers or body; as a second net every line is searched
 * for what looks like a secret before it is written.
 */
import { type Logger, pino, stdTimeFunctions } from "pino";
import type { LogLevel } from "../config.ts";

export type { Logger };

const SECRETS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\blct_(live|test|access)_[\w-]+/g, "lct_$1_[redacted]"],
  [/\bey[\w-]{8,}\.[\w-]+\.[\w-]*/g, "[token redacted]"],
  [/(\/i\/)[\w.~-]+/g, "$1[grant redacted]"],
  [/([?&#](?:jwt|token|link|password)=)[^&\s"\\]+/gi, "$1[redacted]"],
  [/((?:authorization|cookie|set-cookie|[\w-]*password)\\?"\s*:\s*\\?")(?:[^"\\]|\\[^"])*/gi, "$1[redacted]"],
];

/** The line without what must not be in a log. */
export function scrub(line: string): string {
  let clean = line;
  for (const [pattern, instead] of SECRETS) clean = clean.replace(pattern, instead);
  return clean;
}

export function createLogger(options: { readonly level: LogLevel; readonly write?: (line: string) => void }): Logger {
  const { write } = options;
  const settings = {
    level: options.level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: scrub },
  };
  return write === undefined ? pino(settings) : pino(settings, { write });
}
