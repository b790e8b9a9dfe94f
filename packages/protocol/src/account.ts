/** What the dashboard alone may do: sign in, applications, API keys. Mounted under /admin, opened by a cookie. */
import * as z from "zod";
import { operation } from "./operation.ts";

const Account = z.object({ id: z.string(), email: z.string(), name: z.string() });
const Application = z.object({ id: z.string(), name: z.string(), allowed_origins: z.array(z.string()), created_at: z.string() });
/** `documents`: everything but sessions, tokens and keys; `sessions`: these only. */
export const ApiKeyScope = z.enum(["all", "documents", "read", "upload", "sessions"]);
const ApiKey = z.object({
  id: z.string(),
  name: z.string(),
  hint: z.string(),
  scope: ApiKeyScope,
  created_at: z.string(),
  last_used_at: z.nullable(z.string()),
  revoked_at: z.nullable(z.string()),
});
const Password = z.string().min(10, "at least 10 characters").max(1024);
const Email = z.email().max(254);
const inApplication = z.object({ applicationId: z.string().max(64) });
const admin = { auth: "admin", mount: "admin" } as const;
const outside = { auth: "none", mount: "admin" } as const;

export const accounts = {
  me: operation({
    ...outside,
    method: "GET",
    path: "/me",
    summary: "Who is signed in, if anybody",
    response: z.object({ account: z.nullable(Account), needsSetup: z.boolean() }),
  }),
  signIn: operation({
    ...outside,
    method: "POST",
    path: "/sign-in",
    summary: "Sign in with e-mail and password",
    body: z.object({ email: Email, password: z.string().max(1024) }),
    response: z.object({ account: Account }),
    errors: ["unauthorized", "rate_limited"],
  }),
  useLink: operation({
    ...outside,
    method: "POST",
    path: "/link",
    summary: "Use a one-time sign-in link; makes the first account when there is none",
    body: z.object({
      token: z.string().max(256),
      email: z.exactOptional(Email),
      name: z.exactOptional(z.string().min(1).max(256)),
      password: z.exactOptional(Password),
    }),
    response: z.object({ account: Account }),
    errors: ["unauthorized", "rate_limited", "invalid_parameters"],
  }),
  signOut: operation({ ...admin, method: "POST", path: "/sign-out", summary: "Sign out", response: z.object({}) }),
  applications: operation({
    ...admin,
    method: "GET",
    path: "/applications",
    summary: "List applications",
    response: z.object({ data: z.array(Application) }),
  }),
  createApplication: operation({
    ...admin,
    method: "POST",
    path: "/applications",
    summary: "Create an application",
    status: 201,
    body: z.object({ name: z.string().min(1).max(256) }),
    response: z.object({ data: Application }),
  }),
  updateApplication: operation({
    ...admin,
    method: "PATCH",
    path: "/applications/{applicationId}",
    summary: "Rename an application, set its allowed origins",
    params: inApplication,
    body: z.object({
      name: z.exactOptional(z.string().min(1).max(256)),
      allowed_origins: z.exactOptional(z.array(z.string().max(512)).max(100)),
    }),
    response: z.object({ data: Application }),
    errors: ["not_found"],
  }),
  keys: operation({
    ...admin,
    method: "GET",
    path: "/applications/{applicationId}/keys",
    summary: "List API keys",
    params: inApplication,
    response: z.object({ data: z.array(ApiKey) }),
    errors: ["not_found"],
  }),
  createKey: operation({
    ...admin,
    method: "POST",
    path: "/applications/{applicationId}/keys",
    idempotencyKey: true,
    summary: "Create an API key; it is shown once",
    status: 201,
    params: inApplication,
    body: z.object({ name: z.string().min(1).max(256), scope: z.exactOptional(ApiKeyScope), test: z.exactOptional(z.boolean()) }),
    response: z.object({ data: ApiKey, key: z.string() }),
    errors: ["not_found"],
  }),
  revokeKey: operation({
    ...admin,
    method: "DELETE",
    path: "/applications/{applicationId}/keys/{keyId}",
    summary: "Revoke an API key",
    params: z.object({ applicationId: z.string().max(64), keyId: z.string().max(64) }),
    response: z.object({ data: ApiKey }),
    errors: ["not_found"],
  }),
} as const;
export type Account = z.infer<typeof Account>;
export type Application = z.infer<typeof Application>;
export type ApiKey = z.infer<typeof ApiKey>;
