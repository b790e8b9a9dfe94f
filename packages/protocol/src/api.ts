/** The whole surface on one screen. Routing, validation, the typed client, /openapi.json and routes.json derive from it. */
import { tokens } from "./access-token.ts";
import { accounts } from "./account.ts";
import { annotations } from "./annotations.ts";
import { jobs } from "./async-job.ts";
import { attachments } from "./attachments.ts";
import { audit } from "./audit.ts";
import { bookmarks } from "./bookmarks.ts";
import { comments } from "./comments.ts";
import { builds } from "./build.ts";
import { documents } from "./document.ts";
import { forms } from "./forms.ts";
import { health } from "./health.ts";
import { inspection } from "./inspection.ts";
import { interchange } from "./interchange.ts";
import { layers } from "./layer.ts";
import { pageOperations } from "./page-operations.ts";
import { redactions } from "./redactions.ts";
import { publicKeys } from "./public-key.ts";
import { open, sessions } from "./session.ts";
import { uploads } from "./upload.ts";
import { usage } from "./usage.ts";
import { webhooks } from "./webhook.ts";

export const api = {
  documents,
  annotations,
  attachments,
  comments,
  forms,
  bookmarks,
  interchange,
  layers,
  pageOperations,
  builds,
  redactions,
  inspection,
  jobs,
  sessions,
  publicKeys,
  tokens,
  open,
  uploads,
  usage,
  webhooks,
  audit,
  accounts,
  health,
} as const;
export type Api = typeof api;
