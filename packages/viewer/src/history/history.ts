/** The layer's history: the list in the sidebar, and the bar under the pages while they are shown as they were. A chunk of its own. */
import type { FunctionComponent, JSX } from "preact";
import type { SyncClient } from "@lectern/sync/client";
import type { Pages } from "../parts.ts";
import type { LayerHistory } from "../source/source.ts";
import type { State } from "../ui/state.ts";
import { adoptStyles } from "../ui/style.ts";
import { createChanges } from "./changes.ts";
import css from "./history.css?inline";
import { createHistoryPanel } from "./history-panel.tsx";
import { createPastBar } from "./past-bar.tsx";
import { createRestoring } from "./restoring.ts";
import { createTelling } from "./telling.ts";

export interface HistoryOptions {
  readonly root: ShadowRoot;
  readonly state: State;
  readonly pages: Pages;
  readonly client: SyncClient;
  readonly history: LayerHistory;
  readonly user: { readonly id: string | null; readonly name: string; readonly color: string };
  readonly save: (pdf: Blob, name: string) => void;
  /** Shows the layer as it was then; null: as it is. */
  readonly showAsOf: (seq: number | null) => void;
}

export interface History {
  readonly Panel: FunctionComponent;
  readonly Bar: () => JSX.Element | null;
}

export function createHistory(options: HistoryOptions): History {
  adoptStyles(options.root, css);
  const changes = createChanges(options.history, options.client);
  const telling = createTelling(options);
  const restoring = createRestoring({ ...options, onDone: () => changes.refresh() });
  const parts = { ...options, changes, telling, restoring };
  return { Panel: createHistoryPanel(parts), Bar: createPastBar(parts) };
}
