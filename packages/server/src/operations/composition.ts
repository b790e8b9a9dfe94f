/** The pages of a layer, on their way to a worker: which files they come from, and what is made of each. Nothing of it when they are those of the file. */
import type { ComposedPage, Composition, Encryption } from "@lectern/pdf";
import type { OutlineItem, Page } from "@lectern/protocol";
import { ApiError, FULL_GRANTS, parsePageId } from "@lectern/protocol/plain";
import type { StoredRecord, SyncRoom } from "@lectern/sync/room";
import type { DocumentBase } from "../documents/base.ts";
import type { DocumentDeps } from "../documents/deps.ts";
import { renderSource, sealedPassword } from "../documents/password.ts";
import type { DocumentRow } from "../documents/store.ts";
import type { RenderSource } from "../ports.ts";

export interface ComposedPages {
  /** File 0: the one that gives most pages. */
  readonly source: RenderSource;
  readonly others: readonly RenderSource[];
  readonly composition: Omit<Composition, "files" | "encryption">;
  /** Has the passwords and restrictions that the outcome keeps: the document's own file. */
  readonly securityOf: RenderSource;
  /** When that file has none although the document needs a password: what took its place does not. */
  readonly encryption: Encryption | null;
}

/** A page as it shall come out. */
export interface PageToCompose {
  readonly id: string;
  readonly data: Page;
  readonly label: string;
}

export interface ComposedExtras {
  readonly metadata?: Composition["metadata"];
  /** Default: that of the file. */
  readonly outline?: readonly OutlineItem[] | null;
  readonly watermarks?: Composition["watermarks"];
  /** Write labels although no page changed. */
  readonly labels?: boolean;
}

/**
 * Null: the pages are the file's own, untouched. `changed`: the page records among them. Throws ApiError `unprocessable` when no page is left.
 */
export async function composedPages(
  deps: DocumentDeps,
  document: DocumentRow,
  {
    base,
    changed,
    pages,
    extras = {},
  }: {
    readonly base: DocumentBase;
    readonly changed: readonly StoredRecord[];
    readonly pages: Iterable<PageToCompose>;
    readonly extras?: ComposedExtras;
  },
): Promise<ComposedPages | null> {
  const { metadata = null, outline = null, watermarks = [], labels = false } = extras;
  if (changed.length === 0 && metadata === null && outline === null && watermarks.length === 0 && !labels) return null;
  const list = [...pages];
  if (list.length === 0) throw new ApiError("unprocessable", "A PDF needs a page, and all pages of this one are deleted");
  const counts = new Map<string, number>();
  for (const { data } of list) if (data.content !== null) counts.set(data.content.source, (counts.get(data.content.source) ?? 0) + 1);
  const isOwn = (blob: string): number => (blob === base.source ? 1 : 0);
  const blobs = [...counts].toSorted(([a, n], [b, m]) => m - n || isOwn(b) - isOwn(a) || (a < b ? -1 : 1)).map(([blob]) => blob);
  if (blobs.length === 0) blobs.push(base.source);
  const [source, ...others] = await Promise.all(blobs.map((blob) => renderSource(deps, document, blob)));
  return {
    source: source!,
    others,
    composition: {
      pages: list.map(({ id, data, label }) =>
        composed(base, { id, data, label }, data.content === null ? null : blobs.indexOf(data.content.source)),
      ),
      writeLabels: labels || list.some(({ data }) => data.label !== null) || Object.keys(base.manifest.labels).length > 0,
      outline,
      metadata,
      watermarks,
    },
    securityOf: await renderSource(deps, document),
    encryption: ownEncryption(deps, document, base),
  };
}

/** The password that is known opens the file; its owner's is one that nobody is told. Null: the document needs none. */
export function ownEncryption(deps: DocumentDeps, document: DocumentRow, { manifest }: DocumentBase): Encryption | null {
  const password = sealedPassword(deps, document);
  if (password === null) return null;
  const ownerPassword = deps.secret.mac("owner password", [document.applicationId, document.id]).toString("base64url");
  return { userPassword: password, ownerPassword, permissions: manifest.permissions };
}

/** For the image of one page. Null: it is drawn as it stands in its file, whose annotations are its own. */
export function composedPage(
  base: DocumentBase,
  { id, data }: Pick<PageToCompose, "id" | "data">,
): { readonly page: string; readonly composition: ComposedPages["composition"] } | null {
  if (data.content !== null && isPageOfRevision(base, id, data) && data.crop === null) return null;
  const page = composed(base, { id, data: { ...data, rotation: 0 }, label: "" }, data.content === null ? null : 0);
  return { page: id, composition: { pages: [page], writeLabels: false, metadata: null, watermarks: [] } };
}

function composed(base: DocumentBase, { id, data, label }: PageToCompose, file: number | null): ComposedPage {
  return {
    id,
    file,
    index: data.content?.sourceIndex ?? 0,
    keepsAnnotations: isPageOfRevision(base, id, data),
    rotation: data.rotation,
    size: data.size,
    crop: data.crop,
    label,
  };
}

/** Its base records were made from the annotations that the file has there; content made of the revision's file keeps them in place. */
function isPageOfRevision(base: DocumentBase, id: string, { content }: Page): boolean {
  const place = parsePageId(id);
  return place !== null && place.revision === base.revision && content !== null && content.sourceIndex === place.sourceIndex;
}

/** What the layer's people wrote over the file's metadata, null for what they removed; null: nothing. */
export function metadataOf(room: Pick<SyncRoom, "record">): Composition["metadata"] {
  const record = room.record("meta", FULL_GRANTS);
  if (record === null || record.kind !== "meta" || record.deleted || Object.keys(record.data).length === 0) return null;
  return Object.fromEntries(Object.entries(record.data).map(([name, text]) => [name, text === "" ? null : text]));
}

/** The outline that the layer's people wrote in place of the file's; null: none. */
export function outlineOf(room: Pick<SyncRoom, "record">): readonly OutlineItem[] | null {
  const record = room.record("outline", FULL_GRANTS);
  return record === null || record.kind !== "outline" || record.deleted ? null : record.data.tree;
}
