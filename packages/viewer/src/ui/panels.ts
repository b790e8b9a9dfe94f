/** The panels beside the pages: one chunk, fetched when the first of them is opened. */
import type { JSX } from "preact";
import css from "./panels.css?inline";
import { createSearchPanel, type SearchOptions } from "./search-panel.tsx";
import { createSidebar, type SidebarOptions } from "./sidebar.tsx";
import { adoptStyles } from "./style.ts";

export { createPageMarks } from "./page-marks.ts";

export interface PanelsOptions extends SidebarOptions, SearchOptions {
  readonly root: ShadowRoot;
}

export interface PanelComponents {
  readonly sidebar: () => JSX.Element | null;
  readonly search: () => JSX.Element | null;
}

export function createPanels(options: PanelsOptions): PanelComponents {
  adoptStyles(options.root, css);
  return { sidebar: createSidebar(options), search: createSearchPanel(options) };
}
