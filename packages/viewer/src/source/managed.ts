/**
 * A document that the service holds. Three requests until the first page: the code, `open`, one image. Images and text come by URLs that
 * hold a grant; when the grant has died with its session, the session is opened again, with a fresh token when the page gives one.
 */
import type { PageText } from "@lectern/pdf";
import type { Opened, OutlineItem, Rect, Snapshot } from "@lectern/protocol";
import { ApiError, errorFromProblem, pageSpace, SUBPROTOCOL } from "@lectern/protocol/plain";
import type { Connect } from "@lectern/sync/client";
import { addRotations, type PageShape } from "../pages/page-list.ts";
import type { OpenRequest } from "./open-request.ts";
import { type Ask, openSession } from "./open-session.ts";
import type { DocumentSource, SearchQuery, Transport } from "./source.ts";
import type { ExportOptions, SearchHit } from "../public-types.ts";

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

  constructor(options: ManagedOptions, opened: Opened, request: OpenRequest) {
    this.#options = options;
    this.opened = opened;
    this.#current = { opened, request };
  }

  async image(page: PageShape, width: number, signal: AbortSignal): Promise<HTMLElement> {
    const { opened } = this.#current;
    const url = this.#absolute(fill(opened.images.page, page, width));
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

  async text(page: PageShape, signal: AbortSignal): Promise<PageText> {
    const response = await this.#asked(() =>
      fetch(this.#absolute(fill(this.#current.opened.images.text, page, 0)), { signal, credentials: "omit" }),
    );
    return (await response.json()) as PageText;
  }

  async search(query: SearchQuery, signal: AbortSignal): Promise<readonly SearchHit[]> {
    const parameters = new URLSearchParams({
      q: query.text,
      case_sensitive: String(query.caseSensitive),
      whole_word: String(query.wholeWord),
    });
    const response = await this.#authorised(`${this.#layerUrl()}/search?${parameters.toString()}`, signal);
    const { data } = (await response.json()) as { data: readonly ServerHit[] };
    return data.flatMap((hit) => {
      const page = query.pages[hit.pageIndex];
      if (page === undefined) return [];
      const space = pageSpace({ ...page, rotation: addRotations(page.sourceRotation, page.rotation), crop: null });
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
    const response = await this.#authorised(`${this.#documentUrl()}/outline.json`, this.#ending.signal);
    const { data } = (await response.json()) as { data: { outline: readonly ServerOutlineItem[] } };
    return data.outline.map((item) => outlineItem(item, this.opened.revision));
  }

  async exportPdf({ source, flatten }: ExportOptions): Promise<Blob> {
    const parameters = new URLSearchParams({
      ...(source === true ? { source: "true" } : {}),
      ...(flatten === true ? { flatten: "true" } : {}),
    });
    const response = await this.#authorised(`${this.#layerUrl()}/pdf?${parameters.toString()}`, this.#ending.signal);
    return response.blob();
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

  close(): void {
    this.#ending.abort();
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

  #authorised(url: string, signal: AbortSignal): Promise<Response> {
    return this.#asked(() =>
      fetch(this.#absolute(url), { signal, credentials: "omit", headers: { authorization: `Bearer ${this.#current.request.token}` } }),
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

function fill(template: string, page: PageShape, width: number): string {
  const { source, sourceIndex } = page.content!;
  return template.replace("{blob}", source).replace("{index}", String(sourceIndex)).replace("{width}", String(width));
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
interface ServerOutlineItem {
  readonly title: string;
  readonly action?: { readonly type: string; readonly pageIndex?: number; readonly uri?: string };
  readonly isExpanded?: boolean;
  readonly children?: readonly ServerOutlineItem[];
}

function outlineItem(item: ServerOutlineItem, revision: number): OutlineItem {
  const { title, action, isExpanded, children } = item;
  return {
    title,
    ...(action?.type === "goTo" && action.pageIndex !== undefined
      ? { action: { type: "goTo", page: `${revision}.${action.pageIndex}` } }
      : {}),
    ...(action?.type === "uri" && action.uri !== undefined ? { action: { type: "uri", uri: action.uri } } : {}),
    ...(isExpanded === undefined ? {} : { isExpanded }),
    ...(children === undefined ? {} : { children: children.map((child) => outlineItem(child, revision)) }),
  };
}
