/** What the bars, panels and cards show, as signals. Parts write it, components read it; `actions` go the other way. */
import type { Peer } from "@lectern/protocol";
import type { ApiError } from "@lectern/protocol/plain";
import type { ConnectionState, SaveState } from "@lectern/sync/client";
import { type Signal, signal } from "@preact/signals";
import type { CheckedOptions, Theme, ToolbarItem } from "../options.ts";
import type { PageShape } from "../pages/page-list.ts";
import type { Zoom } from "../pages/scroller.ts";
import type { ToolInfo } from "../parts.ts";
import type { Progress } from "../source/open-session.ts";
import { type Translate, translator } from "./locale.ts";

/** What stands where the pages will be. */
export type Phase =
  | { readonly kind: "loading" }
  | ({ readonly kind: "preparing" } & Progress)
  | { readonly kind: "password"; readonly wrong: boolean; readonly enter: (password: string) => void }
  | { readonly kind: "unreachable"; readonly tryAgain: () => void }
  | { readonly kind: "error"; readonly error: ApiError }
  | { readonly kind: "open" };

export interface Dialog {
  readonly title: string;
  readonly detail: string;
  /** Shown as it is, e.g. an address. */
  readonly quote: string;
  readonly confirm: string;
  readonly onConfirm: () => void;
}

export interface State {
  readonly translate: Signal<Translate>;
  readonly items: ReadonlySet<ToolbarItem>;
  readonly theme: Signal<Theme>;
  readonly phase: Signal<Phase>;
  readonly title: Signal<string | null>;
  readonly pageIndex: Signal<number>;
  readonly pageCount: Signal<number>;
  readonly scale: Signal<number>;
  readonly zoom: Signal<Zoom>;
  readonly tools: Signal<readonly ToolInfo[]>;
  readonly activeTool: Signal<string>;
  readonly history: Signal<{ readonly canUndo: boolean; readonly canRedo: boolean }>;
  readonly canWrite: Signal<boolean>;
  readonly canDownload: Signal<boolean>;
  /** Pages may be moved, turned, added and deleted. */
  readonly canArrange: Signal<boolean>;
  /** The page editor is open. */
  readonly arranging: Signal<boolean>;
  /** As they are now, in order. */
  readonly pages: Signal<readonly PageShape[]>;
  readonly save: Signal<SaveState | null>;
  /** The pages are shown as they were at this seq; null: as they are. */
  readonly past: Signal<{ readonly seq: number; /** Of the file that the document has now. */ readonly sameFile: boolean } | null>;
  /** Edits survive a closed tab. */
  readonly durable: Signal<boolean>;
  readonly connection: Signal<ConnectionState>;
  readonly self: Signal<{ readonly name: string; readonly color: string } | null>;
  readonly peers: Signal<readonly Peer[]>;
  /** Whose window this one follows. */
  readonly following: Signal<Peer | null>;
  /** This window is shown to all who agree. */
  readonly presenting: Signal<boolean>;
  /** Who presents, if it is somebody else. */
  readonly presenter: Signal<Peer | null>;
  /** User (or connection) of the presenter whom this person does not want to follow now. */
  readonly declined: Signal<string | null>;
  readonly sidebar: Signal<"thumbnails" | "outline" | "comments" | "history" | "redactions" | null>;
  /** Comments that others made since this person looked. */
  readonly unread: Signal<number>;
  readonly searchOpen: Signal<boolean>;
  readonly dialog: Signal<Dialog | null>;
  /** A message that stays until it is dismissed. */
  readonly notice: Signal<string | null>;
  /** Told to screen readers. */
  readonly announcement: Signal<string>;
}

export interface Actions {
  goTo(pageIndex: number): void;
  setZoom(zoom: Zoom): void;
  stepZoom(by: 1 | -1): void;
  setTool(name: string): void;
  undo(): void;
  redo(): void;
  download(): void;
  /** Shows the layer as it was at a seq; null: as it is. */
  showAsOf(seq: number | null): void;
}

export function createState(options: Pick<CheckedOptions, "theme" | "toolbarItems" | "initialViewState">): State {
  return {
    translate: signal(translator()),
    items: new Set(options.toolbarItems),
    theme: signal(options.theme),
    phase: signal<Phase>({ kind: "loading" }),
    title: signal(null),
    pageIndex: signal(0),
    pageCount: signal(0),
    scale: signal(1),
    zoom: signal<Zoom>(options.initialViewState.zoom ?? "auto"),
    tools: signal([]),
    activeTool: signal("select"),
    history: signal({ canUndo: false, canRedo: false }),
    canWrite: signal(false),
    canDownload: signal(false),
    canArrange: signal(false),
    arranging: signal(false),
    pages: signal([]),
    save: signal(null),
    past: signal(null),
    durable: signal(true),
    connection: signal<ConnectionState>("connecting"),
    self: signal(null),
    peers: signal([]),
    following: signal(null),
    presenting: signal(false),
    presenter: signal(null),
    declined: signal(null),
    sidebar: signal(options.initialViewState.sidebar ?? null),
    unread: signal(0),
    searchOpen: signal(false),
    dialog: signal(null),
    notice: signal(null),
    announcement: signal(""),
  };
}
