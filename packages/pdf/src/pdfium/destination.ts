/** Destinations and actions of outline items and links. Pages are named by index here. */
import type { Action } from "@lectern/protocol";
import { type Pointer, readUtf8, type Wasm } from "./memory.ts";
import { type PageGeometry, toPage } from "./page.ts";

const PDFACTION = { goTo: 1, goToRemote: 2, uri: 3, launch: 4, goToEmbedded: 5 } as const;
const VIEW = { xyz: 1, fitH: 3, fitV: 4, fitR: 5, fitBH: 7, fitBV: 8 } as const;
const LIMIT = 1_000_000;

export type GeometryOf = (index: number) => PageGeometry;

/** A destination wins over an action, as readers do, but for one that PDFium takes out of an action that leads to another file. */
export function targetOf(wasm: Wasm, document: Pointer, destination: Pointer, action: Pointer, geometryOf: GeometryOf): Action | null {
  const type = action === 0 ? 0 : wasm.fn.FPDFAction_GetType(action);
  const leadsAway = type === PDFACTION.goToRemote || type === PDFACTION.goToEmbedded;
  if (destination !== 0 && !leadsAway) return goTo(wasm, document, destination, geometryOf);
  switch (type) {
    case PDFACTION.goTo: {
      const target = wasm.fn.FPDFAction_GetDest(document, action);
      return target === 0 ? null : goTo(wasm, document, target, geometryOf);
    }
    case PDFACTION.uri: {
      const uri = readUtf8(wasm, (buffer, bytes) => wasm.fn.FPDFAction_GetURIPath(document, action, buffer, bytes));
      return uri === "" ? null : { type: "uri", uri: uri.slice(0, 8192) };
    }
    case PDFACTION.goToRemote:
      return { type: "goToRemote", relativePath: filePath(wasm, action) };
    case PDFACTION.goToEmbedded:
      return { type: "goToEmbedded", relativePath: filePath(wasm, action) };
    case PDFACTION.launch:
      return { type: "launch", filePath: filePath(wasm, action) };
    default:
      return null;
  }
}

function filePath(wasm: Wasm, action: Pointer): string {
  return readUtf8(wasm, (buffer, bytes) => wasm.fn.FPDFAction_GetFilePath(action, buffer, bytes)).slice(0, 4096);
}

function goTo(wasm: Wasm, document: Pointer, destination: Pointer, geometryOf: GeometryOf): Action | null {
  const index = wasm.fn.FPDFDest_GetDestPageIndex(document, destination);
  if (index < 0 || index >= wasm.fn.FPDF_GetPageCount(document)) return null;
  const [x, y, zoom] = place(wasm, destination);
  const action: Action = { type: "goTo", page: String(index) };
  if (x === null && y === null) return action;
  const [left, top] = toPage(geometryOf(index), x ?? 0, y ?? 0);
  if (x !== null) action.left = coordinate(left);
  if (y !== null) action.top = coordinate(top);
  if (zoom !== null && zoom > 0) action.zoom = Math.min(zoom, 64);
  return action;
}

/** Where on its page a destination leads, in user space. */
function place(wasm: Wasm, destination: Pointer): [x: number | null, y: number | null, zoom: number | null] {
  return wasm.frame((alloc) => {
    const count = alloc(4);
    const values = alloc(16);
    wasm.setI32(count, 0);
    const view = wasm.fn.FPDFDest_GetView(destination, count, values);
    const given = wasm.i32(count);
    const value = (i: number): number | null => {
      const number = i < given ? wasm.f32s(values, 4)[i]! : Number.NaN;
      return Number.isFinite(number) ? number : null;
    };
    switch (view) {
      case VIEW.xyz: {
        const out = alloc(24);
        if (wasm.fn.FPDFDest_GetLocationInPage(destination, out, out + 4, out + 8, out + 12, out + 16, out + 20) === 0)
          return [null, null, null];
        const present = [...wasm.i32s(out, 3)];
        const [x, y, zoom] = wasm.f32s(out + 12, 3) as unknown as [number, number, number];
        const known = (i: number, number: number): number | null => (present[i] !== 0 && Number.isFinite(number) ? number : null);
        return [known(0, x), known(1, y), known(2, zoom)];
      }
      case VIEW.fitH:
      case VIEW.fitBH:
        return [null, value(0), null];
      case VIEW.fitV:
      case VIEW.fitBV:
        return [value(0), null, null];
      case VIEW.fitR:
        return [value(0), value(3), null];
      default:
        return [null, null, null];
    }
  });
}

function coordinate(value: number): number {
  return Math.max(-LIMIT, Math.min(LIMIT, Math.round(value * 100) / 100));
}
