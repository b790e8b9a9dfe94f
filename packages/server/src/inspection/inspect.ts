/** What files say of themselves, asked of a worker once and then kept: a blob never changes. Signatures are checked anew, as certificates expire. */
import type { ContentGroupEntry, FileFont, FileInFile } from "@lectern/pdf";
import type { SignatureReports } from "@lectern/protocol";
import type { DocumentDeps } from "../documents/deps.ts";
import { renderSource } from "../documents/password.ts";
import { noticingQuarantine } from "../documents/quarantine.ts";
import type { ReadLayer } from "../layers/reading.ts";

type Layer = Pick<ReadLayer, "document" | "base" | "pages">;

/** Of all files that the layer's pages are of. */
export async function fontsOf(deps: DocumentDeps, layer: Layer, signal: AbortSignal): Promise<FileFont[]> {
  const blobs = new Set([...layer.pages()].flatMap(({ data }) => data.content?.source ?? []));
  const fonts = new Map<string, FileFont>();
  for (const blob of blobs)
    for (const font of await kept<FileFont[]>(deps, layer, { blob, what: "fonts", signal }))
      fonts.set(JSON.stringify([font.name, font.type, font.embedded]), font);
  return [...fonts.values()].toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Of the document's own file. */
export function contentGroupsOf(deps: DocumentDeps, layer: Layer, signal: AbortSignal): Promise<ContentGroupEntry[]> {
  return kept(deps, layer, { blob: layer.base.source, what: "contentGroups", signal });
}

/** Of the document's own file. */
export function embeddedFilesOf(deps: DocumentDeps, layer: Layer, signal: AbortSignal): Promise<FileInFile[]> {
  return kept(deps, layer, { blob: layer.base.source, what: "embeddedFiles", signal });
}

export async function signaturesOf(deps: DocumentDeps, { document, base }: Layer, signal: AbortSignal): Promise<SignatureReports> {
  const source = await renderSource(deps, document, base.source);
  const wanted = { what: "signatures", trusted: [], now: deps.clock.now() } as const;
  return JSON.parse(await noticingQuarantine(deps, document, () => deps.renderer.inspect(source, wanted, signal))) as SignatureReports;
}

async function kept<T>(
  deps: DocumentDeps,
  { document }: Layer,
  {
    blob,
    what,
    signal,
  }: { readonly blob: string; readonly what: "fonts" | "contentGroups" | "embeddedFiles"; readonly signal: AbortSignal },
): Promise<T> {
  const key = { applicationId: document.applicationId, blob, name: `${what}.json` };
  const make = async (made: AbortSignal): Promise<Uint8Array> => {
    const source = await renderSource(deps, document, blob);
    return Buffer.from(await noticingQuarantine(deps, document, () => deps.renderer.inspect(source, { what }, made)));
  };
  return JSON.parse(Buffer.from(await deps.cache.get(key, make, signal)).toString()) as T;
}
