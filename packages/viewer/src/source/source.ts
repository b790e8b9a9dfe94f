/** PORT: where a document comes from. `managed.ts` asks the service; `provided.ts` has the file itself. */
import type { Opened, OutlineItem, Snapshot } from "@lectern/protocol";
import type { PageText } from "@lectern/pdf";
import type { Connect, PushQueue } from "@lectern/sync/client";
import type { PageShape } from "../pages/page-list.ts";
import type { ExportOptions, SearchHit } from "../public-types.ts";

export interface DocumentSource {
  readonly opened: Opened;
  /** An element that shows the page's content at this width in pixels, decoded. */
  image(page: PageShape, width: number, signal: AbortSignal): Promise<HTMLElement>;
  text(page: PageShape, signal: AbortSignal): Promise<PageText>;
  search(query: SearchQuery, signal: AbortSignal): Promise<readonly SearchHit[]>;
  /** Destinations name page ids. */
  outline(): Promise<readonly OutlineItem[]>;
  exportPdf(options: ExportOptions): Promise<Blob>;
  /** What a sync client needs to talk to the layer's room. */
  transport(): Promise<Transport>;
  close(): void;
}

export interface SearchQuery {
  readonly text: string;
  readonly caseSensitive: boolean;
  readonly wholeWord: boolean;
  /** Of the layer, in order. */
  readonly pages: readonly PageShape[];
}

export interface Transport {
  readonly connect: Connect;
  readonly queue: PushQueue;
  /** Queues of closed tabs that hold edits nobody has sent: to be sent under their own names. */
  readonly orphans: readonly PushQueue[];
  /** Edits survive a closed tab. */
  readonly durable: boolean;
  readonly getToken: (why: "connect" | "expired") => Promise<string>;
  readonly fetchSnapshot: (url: string) => Promise<Snapshot>;
}
