/** What `Lectern.load` gives: the public methods, each a line or two over the parts. */
import type { Annotation, Peer, RecordData, RecordOf } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import { type AnnotationRecord, type CommentRecord, isAnnotation, type ViewerEvent, type ViewerListener } from "./events.ts";
import { type Theme, type ViewState, viewStateProblem } from "./options.ts";
import { shownSize } from "./pages/page-list.ts";
import type {
  AnnotationChange,
  AppliedFile,
  ExportOptions,
  FormFieldValues,
  NewComment,
  PageInfo,
  SearchHit,
  TextLine,
} from "./public-types.ts";
import { textLines } from "./text-lines.ts";
import { isLocale, type Locale, LOCALES } from "./ui/locale.ts";
import type { Viewer } from "./viewer.ts";

export class Instance {
  #viewer: Viewer;
  /** Undo and redo of what this user did; changes of others stay. */
  readonly history: { undo(): void; redo(): void; canUndo(): boolean; canRedo(): boolean };

  /** @internal `load` makes it. */
  constructor(viewer: Viewer) {
    this.#viewer = viewer;
    const { state } = viewer;
    this.history = {
      undo: () => viewer.undo(),
      redo: () => viewer.redo(),
      canUndo: () => state.history.value.canUndo,
      canRedo: () => state.history.value.canRedo,
    };
  }

  addEventListener<E extends ViewerEvent>(type: E, listener: ViewerListener<E>): void {
    this.#viewer.events.add(type, listener);
  }

  removeEventListener<E extends ViewerEvent>(type: E, listener: ViewerListener<E>): void {
    this.#viewer.events.remove(type, listener);
  }

  get totalPageCount(): number {
    return this.#viewer.shown.scroller.order.length;
  }

  /** null when there is no such page. */
  pageInfoForIndex(pageIndex: number): PageInfo | null {
    const page = this.#viewer.shown.scroller.pages[pageIndex];
    if (page === undefined) return null;
    const { id, index, label } = page;
    return { id, index, label: label ?? String(index + 1), ...shownSize(page, 0), rotation: (page.sourceRotation + page.rotation) % 360 };
  }

  /** Lines of text in reading order; boxes are points of the page as shown. */
  async textLinesForPageIndex(pageIndex: number): Promise<readonly TextLine[]> {
    const page = this.#page(pageIndex);
    return textLines(page, await this.#viewer.shown.source.text(page, new AbortController().signal));
  }

  search(
    text: string,
    options: { readonly type?: "text" | "regex" | "preset"; readonly caseSensitive?: boolean; readonly wholeWord?: boolean } = {},
  ): Promise<readonly SearchHit[]> {
    const { scroller, source } = this.#viewer.shown;
    const { type = "text", caseSensitive = false, wholeWord = false } = options;
    return source.search({ text, type, caseSensitive, wholeWord, pages: scroller.pages }, new AbortController().signal);
  }

  get viewState(): ViewState {
    return this.#viewer.viewState();
  }

  /** A new view state, or a function of the present one. */
  setViewState(next: Partial<ViewState> | ((now: ViewState) => ViewState)): void {
    const wanted = typeof next === "function" ? next(this.viewState) : { ...this.viewState, ...next };
    const problem = viewStateProblem(wanted);
    if (problem !== null) throw new ApiError("invalid_parameters", `viewState${problem.startsWith(".") ? "" : " "}${problem}`);
    this.#viewer.setViewState(wanted);
  }

  /** The annotations of a page, as they are now. */
  async getAnnotations(pageIndex: number): Promise<readonly AnnotationRecord[]> {
    const { client } = this.#viewer.shown;
    await client.loaded();
    return client.records.byPage(this.#page(pageIndex).id).filter(isAnnotation);
  }

  /** All comments, oldest first; `root`: those on this annotation. */
  async getComments(root?: string): Promise<readonly CommentRecord[]> {
    const { client } = this.#viewer.shown;
    await client.loaded();
    const found: CommentRecord[] = [];
    for (const record of client.records.all())
      if (record.kind === "comment" && (root === undefined || record.data.root === root)) found.push(record);
    return found.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  }

  /** Makes annotations and comments; all of a list or none. Resolves with their ids when the service has them, rejects with what it refused. */
  create(given: Annotation | NewComment | readonly (Annotation | NewComment)[]): Promise<readonly string[]> {
    return this.#viewer.decided((client) =>
      [given].flat().map((data) => ("root" in data ? client.create("comment", commentData(data)) : client.create("annotation", data))),
    );
  }

  async update(changes: AnnotationChange | readonly AnnotationChange[]): Promise<void> {
    await this.#viewer.decided((client) =>
      [changes].flat().map(({ id, ...patch }) => {
        client.update(id, patch);
        return id;
      }),
    );
  }

  async delete(ids: string | readonly string[]): Promise<void> {
    await this.#viewer.decided((client) => {
      for (const id of [ids].flat()) client.delete(id);
      return [ids].flat();
    });
  }

  /** The form's fields. */
  async getFormFields(): Promise<readonly RecordOf<"field">[]> {
    return (await this.#viewer.form()).values.fields;
  }

  /** By the names of the fields; calculated ones included. */
  async getFormFieldValues(): Promise<FormFieldValues> {
    const { part, values } = await this.#viewer.form();
    return part.valuesByName(values);
  }

  /** Fills fields by name; all or none. Resolved when the service has them, rejected with what the form or the service refuses. */
  async setFormFieldValues(given: FormFieldValues): Promise<void> {
    const { part, values } = await this.#viewer.form();
    await this.#viewer.decided(() => part.fillByName(values, given));
  }

  getSelectedAnnotations(): readonly string[] {
    return this.#viewer.tools?.selection ?? [];
  }

  setSelectedAnnotations(ids: readonly string[]): void {
    this.#viewer.tools?.select(ids);
  }

  /** `select`, `highlight`, `ink`, `note`, `rectangle` or `text`. Does nothing in a viewer without tools. */
  setTool(name: string): void {
    this.#viewer.setTool(name);
  }

  /** The PDF with all annotations in it. Needs the permission `download`. */
  async exportPDF(options: ExportOptions = {}): Promise<ArrayBuffer> {
    return (await this.#viewer.exportPdf(options)).arrayBuffer();
  }

  /** Everything on the document that this session may see, as Instant JSON. Of a document that the page provides it is made here. */
  async exportInstantJSON(version: 1 | 2 = 2): Promise<Record<string, unknown>> {
    return JSON.parse(await (await this.#interchange()).read(`document.json?annotation_version=${version}`)) as Record<string, unknown>;
  }

  /** Everything on the document that this session may see, as XFDF. */
  async exportXFDF(): Promise<string> {
    return (await this.#interchange()).read("document.xfdf");
  }

  /** Replaces what it names by id and creates the rest, as one change, for everybody; rejected with what is wrong with it. */
  async applyInstantJson(json: object): Promise<AppliedFile> {
    return (await this.#interchange()).apply("apply_instant_json", JSON.stringify(json));
  }

  /** Replaces what it names and creates the rest, as one change, for everybody; rejected with what is wrong with it. */
  async importXFDF(xfdf: string): Promise<AppliedFile> {
    return (await this.#interchange()).apply("apply_xfdf", xfdf);
  }

  /** Resolved when everything done until now is saved. */
  save(): Promise<void> {
    return this.#viewer.shown.client.flush();
  }

  hasUnsavedChanges(): boolean {
    return this.#viewer.shown.client.save.pending > 0;
  }

  /** The same as `save`. */
  ensureChangesSaved(): Promise<void> {
    return this.save();
  }

  /** Shows the document as it was when `seq` was the layer's last change, for reading only; null: as it is. Resolved when it is on screen. */
  viewAsOf(seq: number | null): Promise<void> {
    return this.#viewer.viewAsOf(seq);
  }

  /** Everybody who has the document open, oneself included. */
  get connectedClients(): readonly Peer[] {
    const { peers, self } = this.#viewer.shown.client;
    return self === null ? peers : [self, ...peers];
  }

  /** Who presents to all: oneself, somebody else, or nobody. */
  get presenter(): Peer | null {
    const { state, shown } = this.#viewer;
    return state.presenting.value ? shown.client.self : state.presenter.value;
  }

  /** Asks everybody who is here to follow this window; ends when it is closed. */
  setPresenting(presenting: boolean): void {
    this.#viewer.state.presenting.value = presenting;
  }

  /** Follows the window of one of `connectedClients`, by its id, until this person scrolls or that one leaves; null ends it. */
  follow(clientId: string | null): void {
    const found = this.#viewer.shown.client.peers.find(({ id }) => id === clientId) ?? null;
    if (clientId !== null && found === null) throw new ApiError("not_found", `${clientId} is none of the connected clients`);
    this.#viewer.state.following.value = found;
  }

  setTheme(theme: Theme): void {
    this.#viewer.state.theme.value = theme;
  }

  /** `en`, `de`, `es` or `fr`. Resolved when its words are here. */
  setLocale(locale: Locale): Promise<void> {
    if (!isLocale(locale))
      throw new ApiError("invalid_parameters", `locale ${JSON.stringify(locale)} is not known; known are ${LOCALES.join(", ")}`);
    return this.#viewer.setLocale(locale);
  }

  /** Takes the viewer out of the page. What is not saved yet stays in the queue on this device. */
  unload(): void {
    this.#viewer.close();
  }

  async #interchange() {
    const { client, source } = this.#viewer.shown;
    await client.flush();
    return source.interchange;
  }

  #page(pageIndex: number) {
    const page = this.#viewer.shown.scroller.pages[pageIndex];
    if (page === undefined) throw new ApiError("not_found", `pageIndex ${pageIndex} is not a page: there are ${this.totalPageCount}`);
    return page;
  }
}

function commentData({ text, ...more }: NewComment): RecordData["comment"] {
  return { ...more, text: typeof text === "string" ? { format: "plain", value: text } : text } as RecordData["comment"];
}
