/** Pages of another document that the caller may read and download: their files become blobs of this one, what lies on them is copied. */
import type { Page, PageOperation } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import { shapeOf } from "../documents/manifest.ts";
import type { Access, ApplicationCaller, Context, SessionCaller } from "../handlers.ts";
import { layerFor, type ReadLayer } from "../layers/reading.ts";
import { indexesOf } from "./page-operations.ts";
import { copied, type PageList, pageList } from "./page-plan.ts";
import type { OperationDeps } from "./apply-operations.ts";

type Wanted = Extract<PageOperation, { type: "importDocument" }>["importedDocument"];

export async function importedPages(
  { reading, accessTo }: Pick<OperationDeps, "reading" | "accessTo">,
  context: Context<ApplicationCaller | SessionCaller, Access>,
  { layer, wanted, path }: { readonly layer: ReadLayer; readonly wanted: Wanted; readonly path: string },
): Promise<PageList> {
  const deps = reading.documents;
  const access = accessTo(context, wanted.documentId, wanted.layer ?? "");
  if (!access.grants.permissions.includes("read") || !access.grants.permissions.includes("download"))
    throw new ApiError("forbidden", `${path}: taking pages of a document needs read and download`);
  const other = await layerFor(reading, access, { address: context.address, signal: context.signal });
  if (other.document.passwordProtected)
    throw new ApiError("unprocessable", `${path}: pages of a document with a password cannot be taken over`);
  const list = pageList(other.pages());
  const pages = indexesOf(list, wanted.pageIndexes ?? "all", path).map((index) => list[index]!);
  const isSame = other.document.id === layer.document.id;
  const plan = { room: other.room, grants: other.grants, clock: deps.clock, random: deps.random, mostPages: deps.limits.pages };
  const brought = copied(plan, pages, ({ data }) => contentElsewhere(other, data), { withFields: other.room !== layer.room });
  if (!isSame) await useAll(other, layer, brought);
  return brought;

  async function useAll(from: ReadLayer, to: ReadLayer, all: PageList): Promise<void> {
    const { applicationId } = from.document;
    const blobs = new Map<string, string>();
    for (const { data, brings } of all) {
      if (data.content !== null) blobs.set(data.content.source, "application/pdf");
      for (const record of brings ?? []) {
        const attachment = record.kind === "annotation" && "attachment" in record.data ? record.data.attachment : undefined;
        if (attachment !== undefined) blobs.set(attachment.blob, "application/octet-stream");
      }
    }
    for (const [sha256, mediaType] of blobs) {
      await deps.locks.hold(applicationId, sha256, async () => {
        const size = await deps.blobs.size(applicationId, sha256);
        if (size === null) throw new ApiError("gone", `${path}: the document has been deleted meanwhile`);
        await deps.uses.add({ applicationId, documentId: to.document.id }, { sha256, size, mediaType });
      });
    }
  }
}

/** What the file says of rotation is known to readers of that document only. */
function contentElsewhere({ base }: ReadLayer, { content }: Page): Page["content"] {
  if (content === null) return null;
  const rotation = content.source === base.source ? (shapeOf(base.manifest, content.sourceIndex)?.rotation ?? 0) : (content.rotation ?? 0);
  return { source: content.source, sourceIndex: content.sourceIndex, ...(rotation === 0 ? {} : { rotation }) };
}
