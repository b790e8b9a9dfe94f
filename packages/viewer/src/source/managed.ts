/**
 * A document that the service holds. Three requests until the first page: the code, `open`, one image. Images and text come by URLs that
 * hold a grant; when the grant has died with its session, the session is opened again, with a fresh token when the page gives one.
 */
import type { PageText } from "@lectern/pdf";
import type { Action, Opened, OutlineItem, Rect, Snapshot } from "@lectern/protocol";
import { ApiError, errorFromProblem, pageSpace, SUBPROTOCOL } from "@lectern/protocol/plain";
import type { Connect } from "@lectern/sync/client";
import type { Tile } from "../pages/tiles.ts";
import { addRotations, type PageShape } from "../pages/page-list.ts";
import type { OpenRequest } from "./open-request.ts";
import { type Ask, openSession } from "./open-session.ts";
import type {
  DocumentSource,
  Interchange,
  LayerHistory,
  PageRequests,
  Paper,
  Redacted,
  Redactions,
  SearchQuery,
  Transport,
} from "./source.ts";
import type { AppliedFile, ExportOptions, SearchHit } from "../public-types.ts";

export interface ManagedOptions {
  readonly server: string;
  readonly request: OpenRequest;
  readonly response?: Promise<Response> | undefined;
  readonly ask: Ask;
  readonly sleep: (ms: number) => Promise<void>;
}

export async function openManaged(options: ManagedOptions): Promise<DocumentSource> {
  const session = await openSession(options);
  return new ManagedSource(options, session.opened, session.request);
}

/** The document is on screen: nobody is asked to try again by hand. */
const REACH_AGAIN_MS = 2000;

class ManagedSource implements DocumentSource {
  readonly opened: Opened;
  #options: ManagedOptions;
  #current: { readonly opened: Opened; readonly request: OpenRequest };
  #reopening: Promise<void> | null = null;
  #ending = new AbortController();
  /** Pictures of this tab, by blob. */
  #pictures = new Map<string, string>();

  constructor(options: ManagedOptions, opened: Opened, request: OpenRequest) {
    this.#options = options;
    this.opened = opened;
    this.#current = { opened, request };
  }

  image(page: PageShape, width: number, signal: AbortSignal): Promise<HTMLElement> {
    return this.#image(page, String(width), { signal });
  }

  tile(page: PageShape, tile: Tile, signal: AbortSignal): Promise<HTMLElement> {
    return this.#image(page, tileName(tile), { signal });
  }

  /** `moment`: the query that says of which. */
  async #image(page: PageShape, name: string, { signal, moment = "" }: Wish): Promise<HTMLElement> {
    const { opened } = this.#current;
    const url = `${this.#absolute(fill(opened.images.page, page, name))}${moment}`;
    const image = new Image();
    image.decoding = "async";
    image.alt = "";
    image.draggable = false;
    signal.addEventListener("abort", () => image.removeAttribute("src"), { once: true });
    image.src = url;
    try {
      await image.decode();
      return image;
    } catch (error) {
      signal.throwIfAborted();
      // An image element does not say why it failed; the same URL asked as data does.
      const response = await fetch(url, { signal, credentials: "omit" });
      if (response.ok) throw error;
      await this.#mend(await failure(response), opened);
      throw error;
    }
  }

  pictureUrl(blob: string): string {
    return this.#pictures.get(blob) ?? this.#picture(blob, "");
  }

  #picture(blob: string, moment: string): string {
    return `${this.#absolute(this.#current.opened.images.attachment.replace("{blob}", blob))}${moment}`;
  }

  readonly upload = async (file: Blob): Promise<{ readonly blob: string; readonly mediaType: string }> => {
    const response = await this.#authorised(`${this.#layerUrl()}/attachments`, this.#ending.signal, file);
    const { id, content_type: mediaType } = ((await response.json()) as { data: { id: string; content_type: string } }).data;
    // Until a record names it, it is here only.
    if (!this.#pictures.has(id)) this.#pictures.set(id, URL.createObjectURL(file));
    return { blob: id, mediaType };
  };

  text(page: PageShape, signal: AbortSignal): Promise<PageText> {
    return this.#text(page, { signal });
  }

  async #text(page: PageShape, { signal, moment = "" }: Wish): Promise<PageText> {
    const response = await this.#asked(() =>
      fetch(`${this.#absolute(fill(this.#current.opened.images.text, page, ""))}${moment}`, { signal, credentials: "omit" }),
    );
    return (await response.json()) as PageText;
  }

  async search(query: SearchQuery, signal: AbortSignal): Promise<readonly SearchHit[]> {
    const parameters = new URLSearchParams({
      q: query.text,
      case_sensitive: String(query.caseSensitive),
      whole_word: String(query.wholeWord),
      type: query.type,
    });
    const response = await this.#authorised(`${this.#layerUrl()}/search?${parameters.toString()}`, signal);
    const { data } = (await response.json()) as { data: readonly ServerHit[] };
    return data.flatMap((hit) => {
      const page = query.pages[hit.pageIndex];
      if (page === undefined) return [];
      const space = pageSpace({ ...page, rotation: addRotations(page.sourceRotation, page.rotation) });
      return [
        {
          pageId: page.id,
          pageIndex: page.index,
          rects: hit.rectsOnPage.map((rect) => space.rectToSource(rect)),
          preview: hit.previewText,
          range: [hit.rangeInPreview[0], hit.rangeInPreview[0] + hit.rangeInPreview[1]],
        },
      ];
    });
  }

  async outline(): Promise<readonly OutlineItem[]> {
    const response = await this.#authorised(`${this.#layerUrl()}/outline.json`, this.#ending.signal);
    const { data } = (await response.json()) as { data: { outline: readonly ServerOutlineItem[] } };
    return data.outline.map(outlineItem);
  }

  async exportPdf({ source, flatten }: ExportOptions): Promise<Blob> {
    const parameters = new URLSearchParams({
      ...(source === true ? { source: "true" } : {}),
      ...(flatten === true ? { flatten: "true" } : {}),
    });
    const response = await this.#authorised(`${this.#layerUrl()}/pdf?${parameters.toString()}`, this.#ending.signal);
    return response.blob();
  }

  readonly file = async (blob: string): Promise<Blob> =>
    (await this.#authorised(`${this.#layerUrl()}/attachments/${blob}`, this.#ending.signal)).blob();

  readonly history: LayerHistory = {
    changes: async (until) => {
      const response = await this.#authorised(`${this.#layerUrl()}/changes?until=${until}`, this.#ending.signal);
      return (await response.json()) as Awaited<ReturnType<LayerHistory["changes"]>>;
    },
    looked: async (seq) => {
      // Without a user there is nobody to keep it for.
      if (this.opened.user.id !== null) await this.#markSeen({ history: seq });
    },
    at: (seq) => this.#at(seq),
    restore: async (seq, ids) => {
      const body = JSON.stringify({ seq, ...(ids === undefined ? {} : { ids }) });
      const response = await this.#authorised(`${this.#layerUrl()}/restore`, this.#ending.signal, body);
      const { restored, left } = (await response.json()) as { restored: readonly string[]; left: readonly unknown[] };
      return { restored: restored.length, left: left.length };
    },
    pdf: async (seq) => (await this.#authorised(`${this.#layerUrl()}/pdf?at_seq=${seq}`, this.#ending.signal)).blob(),
  };

  async #at(seq: number): Promise<Paper> {
    const response = await this.#authorised(`${this.#layerUrl()}/records?at_seq=${seq}&pages=true`, this.#ending.signal);
    const { records, pages, epoch } = (await response.json()) as Snapshot;
    const { runs, labels, revision, source } = pages!;
    const { opened } = this.#current;
    const moment = `?at_seq=${seq}`;
    return {
      opened: {
        ...opened,
        seq,
        epoch,
        revision,
        source,
        pages: { count: runs.reduce((sum, [count]) => sum + count, 0), runs, labels, partial: false },
        records: { complete: true, inline: records },
        restrictions: { ...opened.restrictions, annotate: false },
      },
      image: (page, width, signal) => this.#image(page, String(width), { signal, moment }),
      tile: (page, tile, signal) => this.#image(page, tileName(tile), { signal, moment }),
      text: (page, signal) => this.#text(page, { signal, moment }),
      pictureUrl: (blob) => this.#pictures.get(blob) ?? this.#picture(blob, moment),
    };
  }

  readonly interchange: Interchange = {
    read: async (file) => (await this.#authorised(`${this.#layerUrl()}/${file}`, this.#ending.signal)).text(),
    apply: async (how, content) => {
      const response = await this.#authorised(`${this.#layerUrl()}/${how}`, this.#ending.signal, content);
      return ((await response.json()) as { data: AppliedFile }).data;
    },
  };

  readonly pages: PageRequests = {
    apply: async (operations) => {
      const body = JSON.stringify({ operations });
      await this.#authorised(`${this.#layerUrl()}/apply_operations`, this.#ending.signal, body);
    },
    importFile: async (file, index) => {
      await this.#authorised(`${this.#layerUrl()}/pages?index=${index}`, this.#ending.signal, file);
    },
    extract: async (indexes) => {
      const body = JSON.stringify({ pages: indexes });
      return (await this.#authorised(`${this.#layerUrl()}/pdf`, this.#ending.signal, body)).blob();
    },
  };

  readonly redactions: Redactions = {
    apply: async () => {
      const response = await this.#authorised(`${this.#layerUrl()}/redact`, this.#ending.signal, "{}");
      return ((await response.json()) as { data: Redacted }).data;
    },
    mark: async (query) => {
      const response = await this.#authorised(`${this.#layerUrl()}/redactions`, this.#ending.signal, JSON.stringify(markRequest(query)));
      return ((await response.json()) as { data: { annotations: readonly unknown[] } }).data.annotations.length;
    },
  };

  async seen(now: number | null): Promise<number> {
    // Without a user there is nobody to keep it for.
    if (this.opened.user.id === null) return Number.POSITIVE_INFINITY;
    return this.#markSeen(now === null ? undefined : { seq: now });
  }

  async #markSeen(mark: { readonly seq: number } | { readonly history: number } | undefined): Promise<number> {
    const body = mark === undefined ? undefined : JSON.stringify(mark);
    const response = await this.#authorised(`${this.#layerUrl()}/seen`, this.#ending.signal, body);
    return ((await response.json()) as { data: { seq: number } }).data.seq;
  }

  async transport(): Promise<Transport> {
    const { openQueue } = await import("./queue.ts");
    const { opened } = this.#current;
    const key = { server: this.#options.server, document: opened.documentId ?? "", layer: opened.layer, user: opened.user.id ?? "" };
    const { queue, orphans, durable } = await openQueue(key, this.#ending.signal);
    return {
      queue,
      orphans,
      durable,
      connect: connectTo(this.#absolute(opened.socket).replace(/^http/, "ws")),
      getToken: async (why) => {
        if (why === "expired") await this.#mend(new ApiError("token_expired"), this.#current.opened);
        return this.#current.request.token;
      },
      fetchSnapshot: async (url) => (await (await this.#authorised(url, this.#ending.signal)).json()) as Snapshot,
    };
  }

  async next(): Promise<DocumentSource | null> {
    await this.#reopen();
    const { opened, request } = this.#current;
    if (opened.revision === this.opened.revision) return null;
    const { response: _answered, ...options } = this.#options;
    return new ManagedSource(options, opened, request);
  }

  close(): void {
    this.#ending.abort();
    for (const url of this.#pictures.values()) URL.revokeObjectURL(url);
  }

  #documentUrl(): string {
    return `${this.#options.server}/viewer/documents/${encodeURIComponent(this.opened.documentId ?? "")}`;
  }

  #layerUrl(): string {
    return this.opened.layer === "" ? this.#documentUrl() : `${this.#documentUrl()}/layers/${encodeURIComponent(this.opened.layer)}`;
  }

  /** Addresses in `open` may be relative to the server. */
  #absolute(url: string): string {
    return new URL(url, `${this.#options.server}/`).href;
  }

  /** `body`: JSON or a file to post. */
  #authorised(url: string, signal: AbortSignal, body?: string | Blob): Promise<Response> {
    return this.#asked(() =>
      fetch(this.#absolute(url), {
        signal,
        credentials: "omit",
        headers: {
          authorization: `Bearer ${this.#current.request.token}`,
          ...(body === undefined
            ? {}
            : { "content-type": typeof body === "string" ? "application/json" : body.type || "application/octet-stream" }),
        },
        ...(body === undefined ? {} : { method: "POST", body }),
      }),
    );
  }

  /** Asks once more when the session had expired and could be opened again. */
  async #asked(ask: () => Promise<Response>): Promise<Response> {
    const { opened } = this.#current;
    const first = await ask();
    if (first.ok) return first;
    await this.#mend(await failure(first), opened);
    const second = await ask();
    if (second.ok) return second;
    throw await failure(second);
  }

  /** Opens the session again when the error says that it has ended; throws the error otherwise. `used`: what the failed request was made with. */
  async #mend(error: ApiError, used: Opened): Promise<void> {
    if (error.status !== 401) throw error;
    if (this.#current.opened !== used) return;
    this.#reopening ??= this.#reopen().finally(() => (this.#reopening = null));
    await this.#reopening;
  }

  async #reopen(): Promise<void> {
    const { server, sleep, ask } = this.#options;
    const background: Ask = {
      token: () => ask.token(),
      password: () => Promise.reject(new ApiError("password_required")),
      preparing() {},
      reachable: () => sleep(REACH_AGAIN_MS),
    };
    this.#current = await openSession({ server, sleep, ask: background, request: this.#current.request });
  }
}

/** Whole words are an expression to the service. */
function markRequest({ text, type, caseSensitive, wholeWord }: Omit<SearchQuery, "pages">): object {
  const where = { includeAnnotations: false };
  if (type === "preset") return { strategy: "preset", strategyOptions: { preset: text, ...where } };
  const regex = type === "regex" ? text : wholeWord ? `\\b${text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}\\b` : null;
  return regex === null
    ? { strategy: "text", strategyOptions: { text, caseSensitive, ...where } }
    : { strategy: "regex", strategyOptions: { regex, caseSensitive, ...where } };
}

interface Wish {
  readonly signal: AbortSignal;
  readonly moment?: string;
}

function tileName({ width, column, row }: Tile): string {
  return `${width}-${column}-${row}`;
}

function fill(template: string, page: PageShape, name: string): string {
  const { source, sourceIndex } = page.content!;
  return template.replace("{blob}", source).replace("{index}", String(sourceIndex)).replace("{width}", name);
}

async function failure(response: Response): Promise<ApiError> {
  return errorFromProblem(await response.json().catch(() => null), response.status);
}

function connectTo(url: string): Connect {
  return (events) => {
    const socket = new WebSocket(url, SUBPROTOCOL);
    socket.onopen = () => events.open();
    socket.onmessage = ({ data }) => events.message(String(data));
    socket.onclose = () => events.closed();
    return { send: (text) => socket.send(text), close: () => socket.close() };
  };
}

interface ServerHit {
  readonly pageIndex: number;
  readonly previewText: string;
  /** Start and length. */
  readonly rangeInPreview: readonly [number, number];
  readonly rectsOnPage: readonly Rect[];
}

/** An outline element of the published shape. */
interface ServerOutlineItem extends Omit<OutlineItem, "action" | "children"> {
  readonly type?: string;
  readonly action?: Action | { readonly type: "goTo"; readonly pageIndex: number; readonly pageId: string };
  readonly children?: readonly ServerOutlineItem[];
}

/** As the record has it. */
function outlineItem({ type: _type, action, children = [], ...rest }: ServerOutlineItem): OutlineItem {
  return {
    ...rest,
    ...(action === undefined ? {} : { action: outlineAction(action) }),
    ...(children.length === 0 ? {} : { children: children.map(outlineItem) }),
  };
}

function outlineAction(action: NonNullable<ServerOutlineItem["action"]>): Action {
  if (!("pageId" in action)) return action;
  const { pageIndex: _index, pageId: page, ...place } = action;
  return { ...place, page };
}
