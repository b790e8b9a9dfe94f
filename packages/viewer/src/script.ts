/**
 * The classic `<script>`: defines `window.Lectern`, fetches the module beside it, and sends `open` at `load` without waiting for that,
 * so the first page needs three round trips: this file, then code and `open` side by side, then one image.
 */
import type * as Index from "./index.ts";
import type { LoadOptions } from "./options.ts";
import { firstWidth, openRequest, sendOpen, serverOf } from "./source/open-request.ts";

/** File name of the entry chunk, filled in by the build. */
declare const LECTERN_ENTRY: string;

type Module = typeof Index;

const source = (document.currentScript as HTMLScriptElement | null)?.src ?? location.href;
const scriptOrigin = new URL(source).origin;
const module = import(/* @vite-ignore */ new URL(LECTERN_ENTRY, source).href) as Promise<Module>;
const unheard = (): void => undefined;
// `load` tells of a failure; until somebody calls it there is nobody to tell.
module.catch(unheard);

function load(options: LoadOptions): ReturnType<Module["load"]> {
  const session = options?.session;
  if (typeof session !== "string") return module.then((code) => code.load(options));
  const server = serverOf(session, options.serverUrl, scriptOrigin);
  const { container } = options;
  const element = typeof container === "string" ? document.querySelector(container) : container;
  const response = sendOpen(server, openRequest(options, firstWidth(element, devicePixelRatio)));
  response.catch(unheard);
  return module.then((code) => code.loadFrom(options, { scriptOrigin, response }));
}

(window as unknown as { Lectern: unknown }).Lectern = { load };
