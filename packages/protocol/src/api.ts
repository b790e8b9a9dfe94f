/** The whole surface on one screen. Routing, validation, the typed client, /openapi.json and routes.json derive from it. */
import { accounts } from "./account.ts";
import { annotations } from "./annotations.ts";
import { documents } from "./document.ts";
import { health } from "./health.ts";
import { layers } from "./layer.ts";
import { open, sessions } from "./session.ts";
import { usage } from "./usage.ts";

export const api = { documents, annotations, layers, sessions, open, usage, accounts, health } as const;
export type Api = typeof api;
