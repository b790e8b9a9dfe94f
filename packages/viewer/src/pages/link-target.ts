/** Where a link may lead. Pure. */
import type { Action } from "@lectern/protocol";

export type LinkTarget =
  | { readonly kind: "page"; readonly page: string; readonly left: number | null; readonly top: number | null }
  | { readonly kind: "external"; readonly href: string };

const SAFE = new Set(["http:", "https:", "mailto:", "tel:"]);

/** null: the action is none that a viewer follows (scripts, files, forms, unknown schemes). */
export function linkTarget(action: Action | undefined): LinkTarget | null {
  if (action?.type === "goTo") return { kind: "page", page: action.page, left: action.left ?? null, top: action.top ?? null };
  if (action?.type !== "uri") return null;
  const href = safeHref(action.uri);
  return href === null ? null : { kind: "external", href };
}

/** The address, normalised; null unless it is http, https, mailto or tel. `www.example.org` is taken for https. */
export function safeHref(uri: string): string | null {
  const text = uri.trim();
  const url = parse(text) ?? (/^[a-z0-9-]+(\.[a-z0-9-]+)+([/?#]|$)/i.test(text) ? parse(`https://${text}`) : null);
  return url !== null && SAFE.has(url.protocol) ? url.href : null;
}

function parse(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
