/**
 * Dashboard accounts and signing in: with e-mail and password, or with a one-time link that only who started the server has seen. Without an
 * account nothing but such a link works, so a stranger cannot claim a fresh installation. Cookies and links are kept as hashes.
 */
import { createHash } from "node:crypto";
import { ApiError, newId } from "@lectern/protocol/plain";
import { type Actor, audit as auditOf } from "../audit/audit.ts";
import { type Clock, Conflict, type Database, type Random, type Statement } from "../ports.ts";
import { attempts, networkOf } from "./attempts.ts";
import { type Cost, passwords } from "./password.ts";
import {
  type Account,
  deleteCookie,
  deleteExpired,
  deleteLinks,
  expectNoAccount,
  extendCookie,
  findAccount,
  findByEmail,
  findSignIn,
  firstAccount,
  hasAccounts,
  insertAccount,
  insertSignIn,
  type NewAccount,
  takeLink,
} from "./store.ts";

export interface SignedIn {
  readonly account: Account;
  /** The cookie's value: see `cookieHeader`. */
  readonly secret: string;
}

export interface Accounts {
  /** No account yet: only a link opens the dashboard. */
  needsSetup(): Promise<boolean>;
  /** The account of LECTERN_ADMIN_EMAIL: made when it is missing, else left as it is. */
  ensureAdmin(email: string, password: string): Promise<void>;
  /**
   * A token for one use within a day, after which, or after the next one is made, it means nothing. It makes the first account, or signs in as
   * the first account where there is one.
   */
  createLink(): Promise<string>;
  /** Throws ApiError `unauthorized` (the same, as slowly, for an unknown e-mail), `rate_limited`. `address`: of the caller. */
  signIn(given: { readonly email: string; readonly password: string; readonly address: string }): Promise<SignedIn>;
  /** E-mail and password are needed by a link that makes the first account. Throws ApiError `unauthorized`, `invalid_parameters`, `rate_limited`. */
  useLink(given: LinkUse): Promise<SignedIn>;
  /** Whose cookie this is; null when nobody's (any more). Using it keeps it alive. */
  whoIs(secret: string): Promise<Account | null>;
  signOut(secret: string, by?: Actor): Promise<void>;
}

export interface LinkUse {
  readonly token: string;
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  readonly password?: string | undefined;
  readonly address: string;
}

interface Options {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  /** Of new password hashes. */
  readonly cost?: Cost;
}

const DAY = 86_400_000;
const LINK_MS = DAY;
const COOKIE_MS = 30 * DAY;

export function accounts({ database, clock, random, cost }: Options): Accounts {
  const hashing = passwords({ random, ...(cost === undefined ? {} : { cost }) });
  const byAddress = attempts({ burst: 20, everySeconds: 10, clock });
  const byEmail = attempts({ burst: 10, everySeconds: 60, clock });

  const audit = auditOf({ clock, random });
  const newSecret = (): string => Buffer.from(random(32)).toString("base64url");

  /** The statement that makes the cookie, and its secret. */
  function newCookie(accountId: string, now: number): { secret: string; statements: Statement[] } {
    const secret = newSecret();
    const cookie = insertSignIn({ hash: hashOf(secret), kind: "cookie", accountId, createdAt: now, expiresAt: now + COOKIE_MS });
    return { secret, statements: [deleteExpired(now), cookie] };
  }

  const signedIn = (id: string, address: string, how: string): Statement =>
    audit({ kind: "account", id, address }, { applicationId: null, action: "account.signed_in", target: id, details: { how } });

  async function newAccount(email: string, password: string, name: string | undefined, now: number): Promise<NewAccount> {
    const passwordHash = await hashing.hash(password);
    return { id: newId(now, random(10)), email, name: name ?? email.slice(0, email.indexOf("@")), passwordHash, createdAt: now };
  }

  async function useLink({ token, email, name, password, address }: LinkUse): Promise<SignedIn> {
    const key = networkOf(address);
    byAddress.take(key);
    const now = clock.now();
    const hash = hashOf(token);
    const link = await findSignIn(database, "link", hash, now);
    if (link === null) throw linkError();

    if (link.accountId !== null) {
      const account = await findAccount(database, link.accountId);
      if (account === null) throw linkError();
      const { secret, statements } = newCookie(account.id, now);
      await database.transaction([takeLink(hash, now), ...statements, signedIn(account.id, address, "link")]).catch(rethrowAsLinkError);
      byAddress.giveBack(key);
      return { account, secret };
    }

    if (email === undefined || password === undefined) {
      const missing = [...(email === undefined ? ["email"] : []), ...(password === undefined ? ["password"] : [])];
      // the link is good, and stays so: nothing was guessed
      byAddress.giveBack(key);
      throw new ApiError("invalid_parameters", "The first account needs an e-mail address and a password", {
        failingPaths: missing.map((field) => ({ path: `$.${field}`, details: "is needed" })),
      });
    }
    const { passwordHash, createdAt, ...account } = await newAccount(normal(email), password, name, now);
    const { secret, statements } = newCookie(account.id, now);
    await database
      .transaction([
        takeLink(hash, now),
        expectNoAccount(),
        insertAccount({ ...account, passwordHash, createdAt }),
        deleteLinks(),
        ...statements,
        signedIn(account.id, address, "first account"),
      ])
      .catch(rethrowAsLinkError);
    byAddress.giveBack(key);
    return { account, secret };
  }

  return {
    needsSetup: async () => !(await hasAccounts(database)),

    async ensureAdmin(email, password) {
      if ((await findByEmail(database, normal(email))) !== null) return;
      const account = await newAccount(normal(email), password, undefined, clock.now());
      // a link that would make the first account has lost its purpose
      await database.transaction([insertAccount(account), deleteLinks()]);
    },

    async createLink() {
      const [token, now] = [newSecret(), clock.now()];
      const accountId = (await firstAccount(database))?.id ?? null;
      const link = insertSignIn({ hash: hashOf(token), kind: "link", accountId, createdAt: now, expiresAt: now + LINK_MS });
      await database.transaction([deleteLinks(), deleteExpired(now), link]);
      return token;
    },

    async signIn({ email, password, address }) {
      const [network, wanted] = [networkOf(address), normal(email)];
      byAddress.take(network);
      byEmail.take(wanted);
      const found = await findByEmail(database, wanted);
      const right = await hashing.verify(password, found?.passwordHash ?? null);
      if (found === null || !right) throw new ApiError("unauthorized", "The e-mail address or the password is wrong");
      const { secret, statements } = newCookie(found.account.id, clock.now());
      await database.transaction([...statements, signedIn(found.account.id, address, "password")]);
      byAddress.giveBack(network);
      byEmail.giveBack(wanted);
      return { account: found.account, secret };
    },

    useLink,

    async whoIs(secret) {
      const now = clock.now();
      const hash = hashOf(secret);
      const cookie = await findSignIn(database, "cookie", hash, now);
      if (cookie?.accountId == null) return null;
      // written once a day, not at every request
      if (cookie.expiresAt - now < COOKIE_MS - DAY) await database.transaction([extendCookie(hash, now + COOKIE_MS)]);
      return findAccount(database, cookie.accountId);
    },

    async signOut(secret, by) {
      const deed =
        by === undefined
          ? []
          : [audit(by, { applicationId: null, action: "account.signed_out", ...(by.id === null ? {} : { target: by.id }) })];
      await database.transaction([deleteCookie(hashOf(secret)), ...deed]);
    },
  };
}

/** `Set-Cookie` for a sign-in, or, without a secret, for the end of one. Sent again with each page it keeps the browser's copy alive, too. */
export function cookieHeader(name: string, secret: string | null, { secure }: { readonly secure: boolean }): string {
  const attributes = [
    "Path=/",
    "HttpOnly",
    "SameSite=Strict",
    `Max-Age=${secret === null ? 0 : COOKIE_MS / 1000}`,
    ...(secure ? ["Secure"] : []),
  ];
  return [`${name}=${secret ?? ""}`, ...attributes].join("; ");
}

/** The secrets have 256 random bits: a slow hash would protect nothing. */
function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function normal(email: string): string {
  return email.trim().normalize("NFKC").toLowerCase();
}

function linkError(): ApiError {
  return new ApiError("unauthorized", "This sign-in link has been used, has expired, or was replaced by a newer one");
}

function rethrowAsLinkError(error: unknown): never {
  throw error instanceof Conflict ? linkError() : error;
}
