/**
 * Every setting of the service in one table: environment variable, flag, default, description, parser. Flags win over the environment, an
 * empty variable counts as unset. `lectern --help` and docs/configuration.md are printed from the same table. Nothing else reads `process.env`.
 */
import { availableParallelism, freemem } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { JwtAlgorithm } from "@lectern/protocol";
import { type AllowedPrivate, isAllowedEntry } from "./outgoing/allowed.ts";
import { INPUT_LIMITS, type InputLimits } from "./input-limits.ts";
import { readPublicKey } from "./public-keys/pem.ts";

/** A setting is missing or wrong: the message names the variable and says what is expected; it never repeats a secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

interface Setting<T> {
  readonly env: `LECTERN_${string}`;
  readonly flag: string;
  /** Text that is parsed when nothing is given; null: the setting is then null. */
  readonly default: string | null | (() => string);
  /** How the default reads in the table. */
  readonly defaultText?: string;
  readonly description: string;
  /** Its value is never shown. */
  readonly secret?: boolean;
  /** Throws an Error that says what is expected ("a port number, 0 to 65535"). */
  parse(text: string): T;
}

function setting<T>(given: Setting<T>): Setting<T> {
  return given;
}

function expected(what: string): never {
  throw new Error(what);
}

function integer(from: number, to: number, what: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    return /^\d+$/.test(text) && value >= from && value <= to ? value : expected(what);
  };
}

function origin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain =
    url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.username === "" && url.search === "" && url.hash === "";
  return plain && url.pathname === "/"
    ? url.origin
    : expected("an http or https URL without a path, such as https://documents.example.com");
}

/** A URL with one of these schemes; what is wrong is said without repeating it, as it may hold a password. */
function urlOf(schemes: readonly string[], example: string): (text: string) => string {
  return (text) => (URL.canParse(text) && schemes.includes(new URL(text).protocol) ? text : expected(`a URL such as ${example}`));
}

/** As it was given, once it has been read. */
function publicKey(text: string, algorithm: JwtAlgorithm | null): string {
  try {
    readPublicKey(text, algorithm);
  } catch (error) {
    return expected(`a public key in PEM form; what is given ${(error as Error).message}`);
  }
  return text;
}

function yesOrNo(text: string): boolean {
  if (["true", "1", "yes"].includes(text.toLowerCase())) return true;
  return ["false", "0", "no"].includes(text.toLowerCase()) ? false : expected("true or false");
}

function allowedAddresses(text: string): AllowedPrivate {
  if (/^(true|1|yes|false|0|no)$/i.test(text)) return yesOrNo(text);
  const entries = text.split(",").map((entry) => entry.trim());
  return entries.every(isAllowedEntry)
    ? entries
    : expected("true, false, or addresses, ranges and names: 10.1.0.0/16,fd00::/8,files.internal");
}

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const JWT_ALGORITHMS: readonly JwtAlgorithm[] = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"];

const GIGABYTE = 1_000_000_000;

/** The least that a password of an account must have. */
export const MIN_PASSWORD_LENGTH = 10;

export const SETTINGS = {
  host: setting({
    env: "LECTERN_HOST",
    flag: "host",
    default: "127.0.0.1",
    description: "Address to listen on",
    parse: (text) => (/^[\w.:%-]+$/.test(text) ? text : expected("a host name or an IP address")),
  }),
  port: setting({
    env: "LECTERN_PORT",
    flag: "port",
    default: "4600",
    description: "Port to listen on; 0 takes a free one",
    parse: integer(0, 65_535, "a port number, 0 to 65535"),
  }),
  publicUrl: setting<string | null>({
    env: "LECTERN_PUBLIC_URL",
    flag: "public-url",
    default: null,
    defaultText: "from host and port",
    description: "The URL that browsers use; becomes the tokens' issuer",
    parse: origin,
  }),
  dataDir: setting({
    env: "LECTERN_DATA_DIR",
    flag: "data-dir",
    default: "./data",
    description: "Folder of the SQLite file, blobs, caches and keys; with PostgreSQL all processes must share it",
    parse: (text) => resolve(text),
  }),
  databaseUrl: setting<string | null>({
    env: "LECTERN_DATABASE_URL",
    flag: "database-url",
    default: null,
    defaultText: "SQLite in the data folder",
    secret: true,
    description: "PostgreSQL instead of SQLite, so that several processes may serve together: postgres://user:password@host/database",
    parse: urlOf(["postgres:", "postgresql:"], "postgres://user:password@host:5432/database"),
  }),
  libreOffice: setting<string | null>({
    env: "LECTERN_LIBREOFFICE",
    flag: "libreoffice",
    default: null,
    defaultText: "looked for in the usual places",
    description: "The program of LibreOffice (soffice) that converts Office documents",
    parse: (text) => resolve(text),
  }),
  tesseract: setting<string | null>({
    env: "LECTERN_TESSERACT",
    flag: "tesseract",
    default: null,
    defaultText: "looked for in the usual places",
    description: "The program of Tesseract that recognises text in images of pages",
    parse: (text) => resolve(text),
  }),
  blobsUrl: setting<string | null>({
    env: "LECTERN_BLOBS_URL",
    flag: "blobs-url",
    default: null,
    defaultText: "a folder in the data folder",
    secret: true,
    description:
      "An S3-compatible store for files: s3://key:secret@bucket/prefix?endpoint=https://host&region=name (without a key the usual AWS sources of credentials)",
    parse: urlOf(["s3:"], "s3://bucket?endpoint=https://s3.example.com"),
  }),
  busUrl: setting<string | null>({
    env: "LECTERN_BUS_URL",
    flag: "bus-url",
    default: null,
    defaultText: "notifications of PostgreSQL",
    secret: true,
    description: "Redis between the processes: redis://host:6379; with ?prefix=name when installations share it",
    parse: urlOf(["redis:", "rediss:"], "redis://host:6379"),
  }),
  adminEmail: setting<string | null>({
    env: "LECTERN_ADMIN_EMAIL",
    flag: "admin-email",
    default: null,
    description: "E-mail of the first dashboard account; without it a one-time sign-in link is printed",
    parse: (text) => (/^[^\s@]+@[^\s@]+$/.test(text) && text.length <= 254 ? text : expected("an e-mail address")),
  }),
  adminPassword: setting<string | null>({
    env: "LECTERN_ADMIN_PASSWORD",
    flag: "admin-password",
    default: null,
    secret: true,
    description: "Password of that account",
    parse: (text) => (text.length >= MIN_PASSWORD_LENGTH ? text : expected(`at least ${MIN_PASSWORD_LENGTH} characters`)),
  }),
  apiKey: setting<string | null>({
    env: "LECTERN_API_KEY",
    flag: "api-key",
    default: null,
    secret: true,
    description: "A first API key with full rights, for automation: 32 characters or more, starting lct_live_ or lct_test_",
    parse: (text) =>
      text.length >= 32 && text.length <= 256 && /^lct_(live|test)_[A-Za-z0-9_-]+$/.test(text)
        ? text
        : expected("lct_live_ or lct_test_ followed by letters, digits, - or _, 32 to 256 characters in all"),
  }),
  jwtPublicKey: setting<string | null>({
    env: "LECTERN_JWT_PUBLIC_KEY",
    flag: "jwt-public-key",
    default: null,
    secret: true,
    description: "Public key (PEM) whose owner signs session tokens of the first application itself; line ends may be written as \\n",
    parse: (text) => publicKey(text, null),
  }),
  jwtAlgorithm: setting<JwtAlgorithm | null>({
    env: "LECTERN_JWT_ALGORITHM",
    flag: "jwt-algorithm",
    default: null,
    defaultText: "what fits the key; RS256 for RSA",
    description: "The one algorithm of that key: RS256, RS384, RS512, ES256, ES384, ES512 or EdDSA",
    parse: (text) => JWT_ALGORITHMS.find((algorithm) => algorithm === text) ?? expected(`one of ${JWT_ALGORITHMS.join(", ")}`),
  }),
  sample: setting({
    env: "LECTERN_SAMPLE",
    flag: "sample",
    default: "true",
    description: "Seed the sample document on an empty store",
    parse: yesOrNo,
  }),
  limitOpsPerSecond: setting({
    env: "LECTERN_LIMIT_OPS_PER_SECOND",
    flag: "limit-ops-per-second",
    default: "50",
    description: "Changes that one session may make each second, with a burst of ten times that; 0 = no limit",
    parse: integer(0, 1_000_000, "a whole number, 0 for no limit"),
  }),
  limitRequestsPerSecond: setting({
    env: "LECTERN_LIMIT_REQUESTS_PER_SECOND",
    flag: "limit-requests-per-second",
    default: "100",
    description: "Requests each second for one key or address, with a burst of ten times that; 0 = no limit",
    parse: integer(0, 1_000_000, "a whole number, 0 for no limit"),
  }),
  limitSocketsPerSession: setting({
    env: "LECTERN_LIMIT_SOCKETS_PER_SESSION",
    flag: "limit-sockets-per-session",
    default: "50",
    description: "Live connections that one session may have to one process; 0 = no limit",
    parse: integer(0, 1_000_000, "a whole number, 0 for no limit"),
  }),
  workers: setting({
    env: "LECTERN_WORKERS",
    flag: "workers",
    default: () => String(Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / GIGABYTE)))),
    defaultText: "min(cores, free memory / 1 GB), at least 1",
    description: "PDF worker processes",
    parse: integer(1, 256, "a whole number from 1 to 256"),
  }),
  logLevel: setting<LogLevel>({
    env: "LECTERN_LOG_LEVEL",
    flag: "log-level",
    default: "info",
    description: `One of ${LOG_LEVELS.join(", ")}`,
    parse: (text) => LOG_LEVELS.find((level) => level === text) ?? expected(`one of ${LOG_LEVELS.join(", ")}`),
  }),
  keepChangesDays: setting<number | null>({
    env: "LECTERN_KEEP_CHANGES_DAYS",
    flag: "keep-changes-days",
    default: null,
    defaultText: "for ever",
    description: "Days after which the history of a layer is forgotten; its present state stays",
    parse: integer(1, 100_000, "a number of days, 1 or more"),
  }),
  maxUploadBytes: setting({
    env: "LECTERN_MAX_UPLOAD_BYTES",
    flag: "max-upload-bytes",
    default: "950000000",
    description: "Largest file that may be uploaded, in bytes",
    parse: integer(1, Number.MAX_SAFE_INTEGER, "a number of bytes, 1 or more"),
  }),
  maxJsonBytes: setting({
    env: "LECTERN_MAX_JSON_BYTES",
    flag: "max-json-bytes",
    default: String(INPUT_LIMITS.jsonBytes),
    description: "Longest body of JSON, in bytes; more answers `too_large`",
    parse: integer(1000, 1_000_000_000, "a number of bytes, 1000 to 1000000000"),
  }),
  maxJsonDepth: setting({
    env: "LECTERN_MAX_JSON_DEPTH",
    flag: "max-json-depth",
    default: String(INPUT_LIMITS.jsonDepth),
    description: "Most arrays and objects within each other in a body of JSON; more answers `bad_request`",
    parse: integer(8, 1000, "a whole number from 8 to 1000"),
  }),
  maxPages: setting({
    env: "LECTERN_MAX_PAGES",
    flag: "max-pages",
    default: String(INPUT_LIMITS.pages),
    description:
      "Most pages of a document; one with more fails with the reason, adding more to one answers `limit_exceeded`, building one `too_large`",
    parse: integer(1, INPUT_LIMITS.pages, `a whole number from 1 to ${INPUT_LIMITS.pages}`),
  }),
  maxInflatedBytes: setting({
    env: "LECTERN_MAX_INFLATED_BYTES",
    flag: "max-inflated-bytes",
    default: String(INPUT_LIMITS.inflatedBytes),
    description:
      "Most bytes that what is packed in one file may become; an Office document with more fails with the reason, of a PDF the packed part is left out",
    parse: integer(1_000_000, 100_000_000_000, "a number of bytes, 1000000 to 100000000000"),
  }),
  maxPixels: setting({
    env: "LECTERN_MAX_PIXELS",
    flag: "max-pixels",
    default: String(INPUT_LIMITS.pixels),
    description: "Most pixels of one image of a page; a larger one answers `too_large`",
    parse: integer(1_000_000, 1_000_000_000, "a number of pixels, 1000000 to 1000000000"),
  }),
  metricsToken: setting<string | null>({
    env: "LECTERN_METRICS_TOKEN",
    flag: "metrics-token",
    default: null,
    defaultText: "only this machine may read them",
    secret: true,
    description: "Token with which /metrics may be read from elsewhere: 16 characters or more",
    parse: (text) => (/^[\x21-\x7e]{16,256}$/.test(text) ? text : expected("16 to 256 characters without spaces")),
  }),
  allowPrivateAddresses: setting<AllowedPrivate>({
    env: "LECTERN_ALLOW_PRIVATE_ADDRESSES",
    flag: "allow-private-addresses",
    default: "false",
    description:
      "Webhooks and uploads from a URL may also ask loopback, private and link-local addresses: true for all, or a list such as 10.1.0.0/16,files.internal",
    parse: allowedAddresses,
  }),
} as const;

type Settings = typeof SETTINGS;
type Name = keyof Settings;

/** `publicUrl` null: see `publicUrlOf`. `dataDir` is absolute. */
export type Config = { readonly [K in Name]: ReturnType<Settings[K]["parse"]> };

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws `ConfigError`. `argv` holds flags only (`--port 4600`, `--port=4600`). */
export function loadConfig(argv: readonly string[], env: Environment = process.env): Config {
  const flags = parseFlags(argv);
  const config: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(SETTINGS) as [Name, Setting<unknown>][]) {
    const flag = flags[item.flag];
    const given = flag ?? (env[item.env] || undefined);
    const text = given ?? (typeof item.default === "function" ? item.default() : item.default);
    config[name] = text === null ? null : parse(item, text, flag !== undefined);
  }
  const { adminEmail, adminPassword, databaseUrl, busUrl, jwtPublicKey, jwtAlgorithm } = config as Config;
  if (jwtAlgorithm !== null) parseAlgorithm(jwtPublicKey, jwtAlgorithm);
  if (busUrl !== null && databaseUrl === null)
    throw new ConfigError("LECTERN_BUS_URL is set: it is for several processes, which need LECTERN_DATABASE_URL, too");
  if (adminEmail !== null && adminPassword === null)
    throw new ConfigError("LECTERN_ADMIN_EMAIL is set: LECTERN_ADMIN_PASSWORD must be, too");
  if (adminEmail === null && adminPassword !== null)
    throw new ConfigError("LECTERN_ADMIN_PASSWORD is set: LECTERN_ADMIN_EMAIL must be, too");
  return config as Config;
}

function parseAlgorithm(pem: string | null, algorithm: JwtAlgorithm): void {
  if (pem === null) throw new ConfigError("LECTERN_JWT_ALGORITHM is set: LECTERN_JWT_PUBLIC_KEY must be, too");
  try {
    publicKey(pem, algorithm);
  } catch (error) {
    throw new ConfigError(`LECTERN_JWT_PUBLIC_KEY must be ${(error as Error).message}`);
  }
}

function parseFlags(argv: readonly string[]): Record<string, string> {
  const options = Object.fromEntries(Object.values(SETTINGS).map((item) => [item.flag, { type: "string" as const }]));
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: false }).values as Record<string, string>;
  } catch (error) {
    throw new ConfigError((error as Error).message.split(". ")[0]!, { cause: error });
  }
}

function parse(item: Setting<unknown>, text: string, isFlag: boolean): unknown {
  try {
    return item.parse(text);
  } catch (error) {
    const value = item.secret === true ? "" : ` is ${JSON.stringify(text)}:`;
    throw new ConfigError(`${isFlag ? `--${item.flag} (${item.env})` : item.env}${value} must be ${(error as Error).message}`);
  }
}

/** The URL that browsers use: as configured, else made of the host and the port that was really bound. */
export function publicUrlOf(config: Pick<Config, "publicUrl" | "host">, boundPort: number): string {
  if (config.publicUrl !== null) return config.publicUrl;
  const host = config.host === "0.0.0.0" || config.host === "::" ? "localhost" : config.host;
  return `http://${host.includes(":") ? `[${host}]` : host}:${boundPort}`;
}

/** Those of the settings that say what one input may be. */
export function inputLimits(
  config: Pick<Config, "maxJsonBytes" | "maxJsonDepth" | "maxPages" | "maxInflatedBytes" | "maxPixels">,
): InputLimits {
  return {
    jsonBytes: config.maxJsonBytes,
    jsonDepth: config.maxJsonDepth,
    pages: config.maxPages,
    inflatedBytes: config.maxInflatedBytes,
    pixels: config.maxPixels,
  };
}

/** The settings for `--help` (text) or the documentation (markdown). */
export function configTable(format: "text" | "markdown"): string {
  const rows = (Object.values(SETTINGS) as Setting<unknown>[]).map((item) => {
    const byDefault = item.defaultText ?? (typeof item.default === "string" ? item.default : null);
    return { env: item.env, flag: `--${item.flag}`, description: item.description, byDefault };
  });
  if (format === "markdown") {
    const lines = rows.map((row) => `| \`${row.env}\` | \`${row.flag}\` | ${row.description} | ${row.byDefault ?? "–"} |`);
    return ["| variable | flag | meaning | default |", "|---|---|---|---|", ...lines, ""].join("\n");
  }
  const width = Math.max(...rows.map((row) => row.flag.length));
  return rows
    .map(
      (row) =>
        `  ${row.flag.padEnd(width)}  ${row.description}${row.byDefault === null ? "" : ` (default: ${row.byDefault})`}\n  ${" ".repeat(width)}  ${row.env}\n`,
    )
    .join("");
}
