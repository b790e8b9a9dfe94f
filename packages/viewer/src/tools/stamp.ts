/** Stamp: a click places the chosen one upright for the reader, within the page. What it says is chosen in the bar of the tool. */
import type { Stamp } from "@lectern/protocol";
import { clamp, opposite, roundRect } from "../annotations/geometry.ts";
import type { KeyValues } from "./style-memory.ts";
import type { Desk, Tool, ToolPointer } from "./tool.ts";

export interface ChosenStamp {
  readonly stampType: Stamp["appearance"]["stampType"];
  /** Of `Custom`. */
  readonly title: string;
}

/** Points. */
const [WIDTH, HEIGHT] = [160, 48];

export function stampTool(desk: Desk): Tool {
  function annotation({ page, point: [x, y] }: ToolPointer): Stamp {
    const { stampType, title } = desk.stamp();
    const { opacity } = desk.styles.get("stamp");
    const rotation = opposite(page.rotation);
    const [width, height] = rotation % 180 === 0 ? [WIDTH, HEIGHT] : [HEIGHT, WIDTH];
    const left = clamp(x - width / 2, 0, Math.max(0, page.width - width));
    const top = clamp(y - height / 2, 0, Math.max(0, page.height - height));
    return {
      type: "stamp",
      page: page.pageId,
      geometry: {
        bbox: roundRect([left, top, Math.min(width, page.width), Math.min(height, page.height)]),
        ...(rotation === 0 ? {} : { rotation }),
      },
      appearance: {
        stampType,
        ...(stampType === "Custom" ? { title } : {}),
        ...(opacity === undefined || opacity === 1 ? {} : { opacity }),
      },
    };
  }

  return {
    name: "stamp",
    down: (pointer) => desk.edits.mayCreate && pointer.clicks === 1,
    move() {},
    up(pointer) {
      const [id] = desk.edits.create([annotation(pointer)]);
      desk.setActive("select");
      if (id !== undefined) desk.selection.set([id]);
    },
    cancel() {},
  };
}

/** The stamps that every reader knows by name (ISO 32000-2, table 184), and one with words of its own. */
export const STAMP_CHOICES = [
  "Approved",
  "AsIs",
  "Confidential",
  "Departmental",
  "Draft",
  "Experimental",
  "Expired",
  "Final",
  "ForComment",
  "ForPublicRelease",
  "NotApproved",
  "NotForPublicRelease",
  "Sold",
  "TopSecret",
  "Custom",
] as const satisfies readonly Stamp["appearance"]["stampType"][];

const KEY = "lectern.stamp";
const MAX_TITLE = 256;

/** The stamp that was chosen last, kept on this device where the browser lets us. */
export function createStampMemory(store: KeyValues | null): { get(): ChosenStamp; set(stamp: ChosenStamp): void } {
  let chosen = readChosen(store);
  return {
    get: () => chosen,
    set(stamp) {
      chosen = { ...stamp, title: stamp.title.slice(0, MAX_TITLE) };
      try {
        store?.setItem(KEY, JSON.stringify(chosen));
      } catch {
        // Storage is full or forbidden: remembered until the page is closed.
        return;
      }
    },
  };
}

function readChosen(store: KeyValues | null): ChosenStamp {
  try {
    const { stampType, title } = JSON.parse(store?.getItem(KEY) ?? "{}") as Partial<Record<keyof ChosenStamp, unknown>>;
    const known = STAMP_CHOICES.find((name) => name === stampType) ?? STAMP_CHOICES[0];
    return { stampType: known, title: typeof title === "string" ? title.slice(0, MAX_TITLE) : "" };
  } catch {
    // Storage is forbidden here, or somebody else wrote nonsense.
    return { stampType: STAMP_CHOICES[0], title: "" };
  }
}
