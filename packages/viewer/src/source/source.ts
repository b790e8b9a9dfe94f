/** PORT: where a document comes from. `managed.ts` asks the service; `provided.ts` has the file itself. */
import type { ChangeSummary, Opened, OutlineItem, PageOperation, Snapshot } from "@lectern/protocol";
import type { PageText } from "@lectern/pdf";
import type { Connect, PushQueue } from "@lectern/sync/client";
import type { PageShape } from "../pages/page-list.ts";
import type { Tile } from "../pages/tiles.ts";
import type { AppliedFile, ExportOptions, SearchHit } from "../public-types.ts";

/** What is on the pages, and what lies on them: all that reading needs. */
export interface Paper {
  readonly opened: Opened;
  /** An element that shows the page's content at this width in pixels, decoded. */
  image(page: PageShape, width: number, signal: AbortSignal): Promise<HTMLElement>;
  /** One tile of a page that is shown larger than any image. */
  tile(page: PageShape, tile: Tile, signal: AbortSignal): Promise<HTMLElement>;
  /** Of an image annotation's picture; null: this source has none. */
  pictureUrl(blob: string): string | null;
  text(page: PageShape, signal: AbortSignal): Promise<PageText>;
}

export interface DocumentSource extends Paper {
  /** Keeps a picture with the document; null: it can keep none. Throws ApiError. */
  readonly upload: ((file: Blob) => Promise<{ readonly blob: string; readonly mediaType: string }>) | null;
  search(query: SearchQuery, signal: AbortSignal): Promise<readonly SearchHit[]>;
  /** Destinations name page ids. */
  outline(): Promise<readonly OutlineItem[]>;
  exportPdf(options: ExportOptions): Promise<Blob>;
  /** A file that the document's file holds, by its blob; left out where there are none. */
  readonly file?: (blob: string) => Promise<Blob>;
  /** null: nothing is kept. */
  readonly history: LayerHistory | null;
  readonly interchange: Interchange;
  /** Left out where nobody can do it. */
  readonly pages?: PageRequests;
  /** What lies under redaction marks is removed for good; left out where nobody can do it. */
  readonly redactions?: Redactions;
  /** Up to which change this person has looked; `now`: up to there, from now on. */
  seen(now: number | null): Promise<number>;
  /** What a sync client needs to talk to the layer's room. */
  transport(): Promise<Transport>;
  /** The document as it is now; null when it is what this source shows. */
  next(): Promise<DocumentSource | null>;
  close(): void;
}

/** What was changed in the layer, and putting it back. */
export interface LayerHistory {
  /** Newest first, from `until` on back. */
  changes(until: number): Promise<{
    readonly data: readonly ChangeSummary[];
    readonly next: number | null;
    readonly floor: number;
    readonly seen: number | null;
  }>;
  /** This person has looked at them up to there. */
  looked(seq: number): Promise<void>;
  /** The layer as it was when this was its last change, for reading only. Throws ApiError `gone`. */
  at(seq: number): Promise<Paper>;
  /** How many records were written, and how many this person may not write. */
  restore(seq: number, ids?: readonly string[]): Promise<{ readonly restored: number; readonly left: number }>;
  /** The file as it was. */
  pdf(seq: number): Promise<Blob>;
}

/** What people put on the document as one file. */
export interface Interchange {
  read(file: "document.json?annotation_version=1" | "document.json?annotation_version=2" | "document.xfdf"): Promise<string>;
  apply(how: "apply_instant_json" | "apply_xfdf", content: string): Promise<AppliedFile>;
}

export interface Redacted {
  /** Marks that were applied. */
  readonly redactions: number;
  /** Indexes of pages whose content could not be taken apart. */
  readonly pagesAsImages: readonly number[];
  readonly layersStillShowing: readonly string[];
}

export interface Redactions {
  apply(): Promise<Redacted>;
  /** Marks what is found, in one change; how many marks it made. */
  mark(query: Omit<SearchQuery, "pages">): Promise<number>;
}

/** What of page editing only the service can do. */
export interface PageRequests {
  apply(operations: readonly PageOperation[]): Promise<void>;
  /** Pages of a file go where `index` says. */
  importFile(file: Blob, index: number): Promise<void>;
  /** A PDF of these pages alone; indexes of the layer. */
  extract(indexes: readonly number[]): Promise<Blob>;
}

export interface SearchQuery {
  readonly text: string;
  /** `text`: as a reader means it; `regex`: RE2 syntax; `preset`: a name such as `email-address`. */
  readonly type: "text" | "regex" | "preset";
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
