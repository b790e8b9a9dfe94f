/**
 * One open viewer: makes the parts and lets them hear of each other. The parts know each other only by `parts.ts`; `load.ts` calls this in
 * the order of the story (`show`, then `connect` after the first paint), and `instance.ts` is its public face.
 */
import type { AnyRecord, Opened, RecordOf } from "@lectern/protocol";
import { ApiError, can, type Grants } from "@lectern/protocol/plain";
import type { RecordsChanged, Rejection, SyncClient } from "@lectern/sync/client";
import { createDrawing, type Drawing } from "./annotations/drawing.ts";
import { type AnnotationRecord, type Events, type FormFieldValue, isAnnotation, type Origin } from "./events.ts";
import type { CheckedOptions, ViewState } from "./options.ts";
import { PageImages } from "./pages/images.ts";
import { derivedPage, type PageShape, pageList } from "./pages/page-list.ts";
import { Scroller, type Zoom } from "./pages/scroller.ts";
import type { Past } from "./history/past.ts";
import type { Late } from "./late.ts";
import { type Layer, openLayer, sendOrphan } from "./layer.ts";
import { stepScale } from "./pages/layout.ts";
import type { Tools } from "./parts.ts";
import { type Locale, loadTranslator, type Translate } from "./ui/locale.ts";
import { saveAs } from "./save-as.ts";
import type { DocumentSource, Transport } from "./source/source.ts";
import type { ExportOptions } from "./public-types.ts";
import type { openShell, Shell } from "./ui/shell.tsx";
import type { Actions, State } from "./ui/state.ts";

export interface ViewerOptions {
  readonly options: CheckedOptions;
  readonly state: State;
  readonly events: Events;
  readonly openShell: typeof openShell;
}

/** What exists once a document is shown. */
export interface Shown {
  readonly source: DocumentSource;
  readonly scroller: Scroller;
  readonly images: PageImages;
  readonly layer: Layer;
  /** The layer's. */
  readonly client: SyncClient;
  readonly drawing: Drawing;
}

export class Viewer implements Actions {
  readonly state: State;
  readonly events: Events;
  readonly shell: Shell;
  readonly options: CheckedOptions;
  #shown: Shown | null = null;
  #pages: Opened["pages"] | null = null;
  #late: Late | null = null;
  #past: Past | null = null;
  /** Counts the moments that were asked for: only the last is shown. */
  #moments = 0;
  #known = new Set<string>();
  #stops: (() => void)[] = [];
  #closed = false;

  constructor({ options, state, events, openShell: open }: ViewerOptions) {
    this.options = options;
    this.state = state;
    this.events = events;
    this.shell = open(options.container, state, this);
  }

  get shown(): Shown {
    if (this.#shown === null) throw new Error("no document is shown");
    return this.#shown;
  }
  /** null before `connect`. */
  get tools(): Tools | null {
    return this.#late?.tools ?? null;
  }
  /** The pages on screen: as they are, or as they were. */
  get front(): Scroller {
    return this.#past?.scroller ?? this.shown.scroller;
  }
  get firstPage(): Promise<void> {
    return this.shown.images.first;
  }

  /** Pages, images and annotations: all that the first paint needs, without another request but its image. */
  show(source: DocumentSource): void {
    const { state, shell, options } = this;
    const { opened } = source;
    const { viewport } = shell;
    const t: Translate = (key, values) => state.translate.value(key, values);
    const scroller = new Scroller({
      viewport,
      pages: pageList(opened, pageRecords(opened.records.inline)),
      zoom: state.zoom.value,
      rotation: options.initialViewState.rotation ?? 0,
      pageLabel: (page) => t("page.label", { page: page.index + 1 }),
      isPinned: (pageId) => this.#late?.text.selection()?.pages.some((page) => page.pageId === pageId) === true,
    });
    scroller.jumpToIndex(options.initialViewState.currentPageIndex ?? 0);
    const images = new PageImages({
      scroller,
      load: (page, width, signal) => source.image(page, width, signal),
      pixelRatio: () => devicePixelRatio,
      firstWidth: opened.firstWidth,
      failedLabel: t("page.failed"),
    });
    const layer = openLayer(opened, (id) => derivedPage({ ...opened, pages: this.#pages ?? opened.pages }, id));
    const { client } = layer;
    const drawing = createDrawing(scroller, client.records, (blob) => source.pictureUrl(blob));
    this.#shown = { source, scroller, images, layer, client, drawing };
    this.#pages = opened.pages;
    for (const record of client.records.all()) if (isAnnotation(record)) this.#known.add(record.id);
    this.#follow(this.#shown);
    state.title.value = opened.title;
    state.self.value = opened.user;
    state.canDownload.value = opened.grants.permissions.includes("download");
    state.canWrite.value = !options.readOnly && opened.restrictions.annotate && mayAnnotate(opened.grants);
    state.canArrange.value = this.#mayArrange(opened.grants);
    state.phase.value = { kind: "open" };
  }

  /** After the first paint: the socket, and the rest of the code. Resolved when editing may begin. */
  async connect(): Promise<void> {
    const { source, layer } = this.shown;
    const [transport, late] = await Promise.all([source.transport(), import("./late.ts")]);
    this.state.durable.value = transport.durable;
    const readOnly = this.options.readOnly || !source.opened.restrictions.annotate;
    this.#late = late.showLate({
      shown: this.shown,
      shell: this.shell,
      state: this.state,
      actions: this,
      events: this.events,
      mentionableUsers: this.options.mentionableUsers ?? [],
      readOnly,
    });
    this.#stops.push(this.#late.tools.onSelection((ids) => this.events.emit("annotationSelection.change", { ids })));
    await layer.connect(transport);
    if (source.opened.pages.partial) await this.#readAllPages(transport);
    for (const queue of transport.orphans)
      sendOrphan(source.opened, transport, queue, (rejection) => this.#tellRejected(rejection)).catch(reportError);
  }

  /** The runs of a document with very many kinds of pages did not fit into `open`. */
  async #readAllPages(transport: Transport): Promise<void> {
    const { source, client, scroller } = this.shown;
    const { pages } = await transport.fetchSnapshot(source.opened.snapshot);
    if (pages === undefined) return;
    this.#pages = { ...source.opened.pages, ...pages };
    scroller.setPages(this.#pageList(client.records.all()));
  }

  #pageList(records: Iterable<AnyRecord>): PageShape[] {
    return pageList({ ...this.shown.source.opened, pages: this.#pages ?? this.shown.source.opened.pages }, pageRecords(records));
  }

  /** Resolved when its words are here. */
  async setLocale(locale: Locale): Promise<void> {
    this.state.translate.value = await loadTranslator(locale);
    // The labels of the pages that are shown.
    this.#shown?.scroller.setPages(this.#shown.scroller.pages);
  }

  fail(error: ApiError): void {
    this.state.sidebar.value = null;
    this.state.searchOpen.value = false;
    this.state.phase.value = { kind: "error", error };
  }

  goTo(pageIndex: number): void {
    const scroller = this.front;
    scroller.jumpToIndex(pageIndex);
    this.#announce("announce.page", { page: scroller.currentIndex + 1, count: scroller.order.length });
  }
  setZoom(zoom: Zoom): void {
    const scroller = this.front;
    scroller.setZoom(zoom);
    this.#announce("announce.zoom", { percent: Math.round(scroller.scale * 100) });
  }
  stepZoom(by: 1 | -1): void {
    this.setZoom(stepScale(this.front.scale, by));
  }
  setTool(name: string): void {
    if (this.#past === null) this.tools?.setActive(name);
  }
  undo(): void {
    if (this.#past === null) this.tools?.undo();
  }
  redo(): void {
    if (this.#past === null) this.tools?.redo();
  }
  showAsOf(seq: number | null): void {
    this.viewAsOf(seq).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.state.notice.value = this.state.translate.value("past.failed", { reason });
    });
  }

  /** Resolved when it is shown. Throws ApiError `gone`, `invalid_parameters`, `not_implemented`. */
  async viewAsOf(seq: number | null): Promise<void> {
    const { source } = this.shown;
    const moment = ++this.#moments;
    if (seq === null) return this.#endPast();
    if (source.history === null) throw new ApiError("not_implemented", "No history is kept of documents that the page provides");
    const [{ openPast }, paper] = await Promise.all([import("./history/past.ts"), source.history.at(seq)]);
    if (moment !== this.#moments || this.#closed) return;
    const past = openPast({ paper, shell: this.shell, state: this.state, view: this.viewState() });
    await past.ready;
    if (moment !== this.#moments || this.#closed) return past.close();
    this.tools?.setActive("select");
    this.tools?.select([]);
    this.state.following.value = null;
    this.state.searchOpen.value = false;
    past.show();
    this.#past?.close();
    this.#past = past;
    past.scroller.onMove(() => this.#moved());
    this.state.past.value = { seq, sameFile: paper.opened.revision === source.opened.revision };
    this.#moved();
    this.events.emit("history.moment.change", { seq });
  }

  #endPast(): void {
    if (this.#past === null) return;
    this.#past.close();
    this.#past = null;
    this.state.past.value = null;
    this.#moved();
    this.events.emit("history.moment.change", { seq: null });
  }
  download(): void {
    const t = this.state.translate.value;
    this.exportPdf({}).then(
      (pdf) => saveAs(pdf, `${this.state.title.value ?? "document"}`.replace(/(\.pdf)?$/i, ".pdf")),
      (error: unknown) =>
        (this.state.notice.value = t("download.failed", { reason: error instanceof Error ? error.message : String(error) })),
    );
  }

  /** With everything that has been done until now. */
  async exportPdf(options: ExportOptions): Promise<Blob> {
    const { client, source } = this.shown;
    await client.flush();
    return source.exportPdf(options);
  }

  /** Makes one change; resolved with the ids it touches when the service has decided, rejected with what it refused. */
  async decided(change: (client: SyncClient) => readonly string[]): Promise<readonly string[]> {
    const { client } = this.shown;
    let ids: readonly string[] = [];
    let refused: Rejection | null = null;
    const stop = client.on("reject", (rejection) => {
      if (rejection.ops.some((op) => ids.includes(op[1]))) refused ??= rejection;
    });
    try {
      ids = client.transact(() => change(client));
      await client.flush();
    } finally {
      stop();
    }
    if (refused === null) return ids;
    const { code, detail, failingPaths } = refused as Rejection;
    throw new ApiError(code, detail, failingPaths === undefined ? {} : { failingPaths });
  }

  /** What programs ask of the form; comes when it is first asked for. */
  async form() {
    const { client, source } = this.shown;
    const [part] = await Promise.all([import("./forms/values.ts"), client.loaded()]);
    const readOnly = this.options.readOnly || !source.opened.restrictions.annotate;
    return { part, values: part.formValues({ client, grants: () => client.grants ?? source.opened.grants, readOnly }) };
  }

  viewState(): ViewState {
    const scroller = this.front;
    return { currentPageIndex: scroller.currentIndex, zoom: scroller.zoom, rotation: scroller.rotation, sidebar: this.state.sidebar.value };
  }

  setViewState(next: ViewState): void {
    const scroller = this.front;
    const now = this.viewState();
    if (next.rotation !== now.rotation) scroller.setRotation(next.rotation);
    if (next.zoom !== now.zoom) scroller.setZoom(next.zoom);
    if (next.currentPageIndex !== now.currentPageIndex) scroller.jumpToIndex(next.currentPageIndex);
    this.state.sidebar.value = next.sidebar;
  }

  close(): void {
    this.#closed = true;
    this.#closeShown();
    this.shell.close();
  }

  #closeShown(): void {
    this.#moments++;
    this.#endPast();
    for (const stop of this.#stops.splice(0)) stop();
    this.#late?.close();
    this.#late = null;
    this.state.arranging.value = false;
    if (this.#shown === null) return;
    const { client, drawing, images, scroller, source } = this.#shown;
    client.close();
    drawing.destroy();
    images.close();
    scroller.close();
    source.close();
  }

  /** The document may have another file: then that is shown from here on, at the same place. */
  async #reopen(): Promise<void> {
    const { client, source } = this.shown;
    // What was on its way is decided, and told, while it is still on screen.
    await client.flush();
    const next = await source.next();
    if (next === null || this.#closed) return;
    const [at, lost] = [this.viewState(), client.save.conflicts];
    this.#closeShown();
    this.#known.clear();
    this.show(next);
    this.setViewState({ ...at, currentPageIndex: Math.min(at.currentPageIndex, next.opened.pages.count - 1) });
    this.state.notice.value = this.state.translate.value(lost === 0 ? "banner.replaced" : "banner.replaced-lost", { count: lost });
    await this.firstPage;
    await this.connect();
  }

  #mayArrange(grants: Grants): boolean {
    const { source } = this.shown;
    const head = { kind: "page", createdBy: null, grp: null } as const;
    return !this.options.readOnly && source.pages !== undefined && source.opened.restrictions.annotate && can(grants, "edit", head, head);
  }

  #announce(key: string, values: Readonly<Record<string, number>>): void {
    this.state.announcement.value = this.state.translate.value(key, values);
  }

  /** Where the pages on screen are becomes state of the frame, and events. */
  #moved(): void {
    const { state, events, front: scroller } = this;
    if (scroller.currentIndex !== state.pageIndex.value) {
      state.pageIndex.value = scroller.currentIndex;
      events.emit("viewState.currentPageIndex.change", { currentPageIndex: scroller.currentIndex });
    }
    if (scroller.scale !== state.scale.value) {
      state.scale.value = scroller.scale;
      events.emit("viewState.zoom.change", { zoom: scroller.scale });
    }
    state.zoom.value = scroller.zoom;
    state.pageCount.value = scroller.order.length;
    state.pages.value = scroller.pages;
  }

  /** What happens in the parts becomes state of the frame, and events. */
  #follow({ scroller, client, source, images }: Shown): void {
    const { state, events } = this;
    // What is kept in memory only is not called saved.
    const isSaved = source.opened.documentId !== null;
    if (isSaved) state.save.value = client.save;
    state.connection.value = client.state;
    this.#moved();
    this.#stops.push(
      onNetworkChange(() => client.hurry()),
      scroller.onMove(() => this.#moved()),
      client.records.onChange((change) => this.#recordsChanged(change)),
      client.on("state", (connection) => {
        state.connection.value = connection;
        if (connection === "online") images.retry();
        events.emit("connection.change", { state: connection });
      }),
      client.on("save", (save) => {
        if (isSaved) state.save.value = save;
        events.emit("document.saveStateChange", save);
      }),
      client.on("peers", (peers) => {
        // Their cursors move often; who is here changes seldom.
        const same = peers.length === state.peers.value.length && peers.every((peer, index) => peer.id === state.peers.value[index]?.id);
        if (same) return;
        state.peers.value = peers;
        events.emit("instant.connectedClients.change", { clients: peers }, { origin: "remote", by: null });
      }),
      client.on("replaced", () => void this.#reopen().catch((error: unknown) => this.#closed || this.fail(apiError(error)))),
      client.on("history", (history) => (state.history.value = history)),
      client.on("grants", (grants) => {
        state.canWrite.value = !this.options.readOnly && mayAnnotate(grants);
        state.canArrange.value = this.#mayArrange(grants);
        if (!state.canArrange.value) state.arranging.value = false;
      }),
      client.on("closed", ({ code }) => {
        const error = new ApiError(code);
        if (error.status === 401) events.emit("session.expired", {});
        this.fail(error);
      }),
      client.on("reject", (rejection) => this.#tellRejected(rejection)),
    );
  }

  #tellRejected({ detail, code }: Rejection): void {
    this.state.notice.value = this.state.translate.value("banner.rejected", { reason: detail ?? code });
  }

  #recordsChanged({ ids, origin, by }: RecordsChanged): void {
    const { client, scroller } = this.shown;
    const from: Origin = { origin, by };
    const created: AnnotationRecord[] = [];
    const updated: AnnotationRecord[] = [];
    const deleted: string[] = [];
    let pagesChanged = false;
    const filled: FormFieldValue[] = [];
    for (const id of ids) {
      const record = client.records.get(id);
      if (record?.kind === "page") pagesChanged = true;
      const field = record?.kind === "value" ? client.records.get(record.data.field) : undefined;
      if (record?.kind === "value" && field?.kind === "field") filled.push({ name: field.data.name, value: record.data.value });
      if (isAnnotation(record)) {
        (this.#known.has(id) ? updated : created).push(record);
        this.#known.add(id);
      } else if (this.#known.delete(id)) deleted.push(id);
    }
    if (pagesChanged) scroller.setPages(this.#pageList(client.records.all()));
    this.events.emit("document.change", { ids: [...ids] }, from);
    if (filled.length > 0) this.events.emit("formFieldValues.update", { formFieldValues: filled }, from);
    if (created.length > 0) this.events.emit("annotations.create", { annotations: created }, from);
    if (updated.length > 0) this.events.emit("annotations.update", { annotations: updated }, from);
    if (deleted.length > 0) this.events.emit("annotations.delete", { ids: deleted }, from);
  }
}

function apiError(cause: unknown): ApiError {
  return cause instanceof ApiError ? cause : new ApiError("internal", String(cause), { cause });
}

function* pageRecords(records: Iterable<AnyRecord>): Generator<RecordOf<"page">> {
  for (const record of records) if (record.kind === "page") yield record;
}

function mayAnnotate(grants: Parameters<typeof can>[0]): boolean {
  return can(grants, "create", null, { kind: "annotation", createdBy: grants.userId, grp: grants.defaultGroup });
}

/** The browser says that the network came or went, or the tab was asleep and may not have heard. */
function onNetworkChange(run: () => void): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  for (const type of ["online", "offline"]) addEventListener(type, run, { signal });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && run(), { signal });
  return () => ending.abort();
}
