/** @jsxImportSource preact */
/** Icons by the name that `ToolInfo.icon` and the bars use: single imports, so only these are in the bundle. */
import ChevronDown from "lucide/dist/esm/icons/chevron-down.mjs";
import ChevronLeft from "lucide/dist/esm/icons/chevron-left.mjs";
import ChevronRight from "lucide/dist/esm/icons/chevron-right.mjs";
import ChevronUp from "lucide/dist/esm/icons/chevron-up.mjs";
import CloudCheck from "lucide/dist/esm/icons/cloud-check.mjs";
import CloudOff from "lucide/dist/esm/icons/cloud-off.mjs";
import CloudUpload from "lucide/dist/esm/icons/cloud-upload.mjs";
import Download from "lucide/dist/esm/icons/download.mjs";
import Ellipsis from "lucide/dist/esm/icons/ellipsis.mjs";
import Eye from "lucide/dist/esm/icons/eye.mjs";
import Highlighter from "lucide/dist/esm/icons/highlighter.mjs";
import LayoutGrid from "lucide/dist/esm/icons/layout-grid.mjs";
import MessageSquare from "lucide/dist/esm/icons/message-square.mjs";
import Minus from "lucide/dist/esm/icons/minus.mjs";
import MousePointer from "lucide/dist/esm/icons/mouse-pointer-2.mjs";
import PanelLeft from "lucide/dist/esm/icons/panel-left.mjs";
import Pencil from "lucide/dist/esm/icons/pencil-line.mjs";
import Presentation from "lucide/dist/esm/icons/presentation.mjs";
import Plus from "lucide/dist/esm/icons/plus.mjs";
import Redo from "lucide/dist/esm/icons/redo-2.mjs";
import Search from "lucide/dist/esm/icons/search.mjs";
import Square from "lucide/dist/esm/icons/square.mjs";
import StickyNote from "lucide/dist/esm/icons/sticky-note.mjs";
import Type from "lucide/dist/esm/icons/type.mjs";
import Undo from "lucide/dist/esm/icons/undo-2.mjs";
import X from "lucide/dist/esm/icons/x.mjs";
import { h, type JSX } from "preact";

export type IconNode = typeof Search;

export const ICONS = {
  "chevron-down": ChevronDown,
  "chevron-left": ChevronLeft,
  "chevron-right": ChevronRight,
  "chevron-up": ChevronUp,
  "cloud-check": CloudCheck,
  "cloud-off": CloudOff,
  "cloud-upload": CloudUpload,
  download: Download,
  ellipsis: Ellipsis,
  eye: Eye,
  highlighter: Highlighter,
  "layout-grid": LayoutGrid,
  "message-square": MessageSquare,
  minus: Minus,
  "mouse-pointer-2": MousePointer,
  "panel-left": PanelLeft,
  "pencil-line": Pencil,
  plus: Plus,
  presentation: Presentation,
  "redo-2": Redo,
  search: Search,
  square: Square,
  "sticky-note": StickyNote,
  type: Type,
  "undo-2": Undo,
  x: X,
} as const satisfies Record<string, IconNode>;

export type IconName = keyof typeof ICONS;

/** Decoration: what it stands for is told by the label of the control it is in. */
export function Icon({ name, node }: { readonly name?: IconName; readonly node?: IconNode }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      {(node ?? ICONS[name ?? "square"]).map(([tag, attributes]) => h(tag, attributes))}
    </svg>
  );
}
