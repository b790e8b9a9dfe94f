/**
 * The story of `Lectern.load`: check the options, show an empty frame at once, open the session, put the first page's image on the screen,
 * and only then connect the socket and fetch the rest of the code.
 */
import { ApiError } from "@lectern/protocol/plain";
import { askThrough } from "./ask.ts";
import { createEvents } from "./events.ts";
import { Instance } from "./instance.ts";
import { type CheckedOptions, checkOptions, type LoadOptions } from "./options.ts";
import { openManaged } from "./source/managed.ts";
import { firstWidth, openRequest, serverOf } from "./source/open-request.ts";
import type { Ask } from "./source/open-session.ts";
import type { DocumentSource } from "./source/source.ts";
import { openShell } from "./ui/shell.tsx";
import { createState } from "./ui/state.ts";
import { Viewer } from "./viewer.ts";

/** @internal What the classic script knows and has done already. */
export interface Start {
  readonly scriptOrigin: string;
  /** The answer to `open`, sent with these options. */
  readonly response?: Promise<Response>;
}

/** Opens a document in the container. Rejects with ApiError, whose code says why; the container shows the reason too. */
export function load(options: LoadOptions): Promise<Instance> {
  return loadFrom(options, { scriptOrigin: location.origin });
}

/** @internal */
export async function loadFrom(options: LoadOptions, start: Start): Promise<Instance> {
  const checked = checkOptions(options, (selector) => document.querySelector(selector));
  const state = createState(checked);
  const events = createEvents(reportError);
  const viewer = new Viewer({ options: checked, state, events, openShell });
  try {
    const ask = askThrough(state, checked.onSessionExpired, () => events.emit("session.expired", {}));
    const words = checked.locale === undefined ? null : viewer.setLocale(checked.locale);
    const source = await openSource(checked, start, ask);
    await words;
    viewer.show(source);
    await viewer.firstPage;
    await viewer.connect();
    return new Instance(viewer);
  } catch (cause) {
    const error =
      cause instanceof ApiError ? cause : new ApiError("internal", cause instanceof Error ? cause.message : String(cause), { cause });
    viewer.fail(error);
    throw error;
  }
}

async function openSource(options: CheckedOptions, { scriptOrigin, response }: Start, ask: Ask): Promise<DocumentSource> {
  const server = serverOf(options.session, options.serverUrl, scriptOrigin);
  const request = openRequest(options, firstWidth(options.container, devicePixelRatio));
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const session = { server, request, response, ask, sleep };
  if (options.document === undefined) return openManaged(session);
  const { openProvided } = await import("./source/provided.ts");
  return openProvided({ ...session, document: options.document });
}
