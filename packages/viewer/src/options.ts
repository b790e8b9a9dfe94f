/** Options of `load`, checked with an error that names the wrong one. */
import { ApiError } from "@lectern/protocol/plain";
import { type Locale, LOCALES } from "./ui/locale.ts";
import type { MentionableUser } from "./public-types.ts";

export type Theme = "light" | "dark" | "system";
export type ToolbarItem = "sidebar" | "pages" | "zoom" | "tools" | "history" | "search" | "comments" | "download" | "people" | "save-state";
export type ZoomMode = "auto" | "fit-width" | "fit-page";

export const TOOLBAR_ITEMS: readonly ToolbarItem[] = [
  "sidebar",
  "pages",
  "zoom",
  "tools",
  "history",
  "search",
  "comments",
  "download",
  "people",
  "save-state",
];

export interface ViewState {
  /** 0 is the first page. */
  readonly currentPageIndex: number;
  /** A factor (1 shows a point of the page as one CSS pixel), or a mode that follows the size of the window. */
  readonly zoom: number | ZoomMode;
  /** Clockwise, on top of what the pages say. */
  readonly rotation: 0 | 90 | 180 | 270;
  readonly sidebar: "thumbnails" | "outline" | "comments" | "history" | "redactions" | null;
}

export interface LoadOptions {
  /** Element, or a CSS selector of it, that the viewer fills. It needs a size of its own. */
  readonly container: HTMLElement | string;
  /** Session token, from `POST /viewer/sessions`. */
  readonly session: string;
  /** A document of your own: a file, bytes, or where to get it. It is never uploaded. Without it the session's document is shown. */
  readonly document?: Blob | ArrayBuffer | Uint8Array | string;
  /** Needed only for tokens that your app signs itself. */
  readonly serverUrl?: string;
  /** Which one, when the session allows several. */
  readonly documentId?: string;
  readonly password?: string;
  readonly theme?: Theme;
  /** Default: `en`. */
  readonly locale?: Locale;
  /** Which parts of the toolbar are shown; default: all. */
  readonly toolbarItems?: readonly ToolbarItem[];
  /** Shows no tools, whatever the session allows. */
  readonly readOnly?: boolean;
  readonly initialViewState?: Partial<ViewState>;
  /** Who can be named in comments, beside those who are here or have written. */
  readonly mentionableUsers?: readonly MentionableUser[];
  /** Asked for a fresh token when the session has expired; without it the viewer says so and stops. */
  readonly onSessionExpired?: () => Promise<string> | string;
}

export interface CheckedOptions extends LoadOptions {
  readonly container: HTMLElement;
  readonly theme: Theme;
  readonly toolbarItems: readonly ToolbarItem[];
  readonly readOnly: boolean;
  readonly initialViewState: Partial<ViewState>;
}

type Check = (value: unknown) => string | null;
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value) ? null : `must be one of ${values.map(String).join(", ")}`;
const text: Check = (value) => (typeof value === "string" && value !== "" ? null : "must be a string that is not empty");
const isUser = (value: unknown): boolean => {
  const { id, name, description = "" } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return [id, name].every((one) => typeof one === "string" && one !== "") && typeof description === "string";
};
const isFunction: Check = (value) => (typeof value === "function" ? null : "must be a function");

const CHECKS: Readonly<Record<Exclude<keyof LoadOptions, "container">, Check>> = {
  session: (value) =>
    typeof value === "string" && value !== "" ? null : "must be a session token: your backend gets one with POST /viewer/sessions",
  document: (value) =>
    value instanceof Blob || value instanceof ArrayBuffer || value instanceof Uint8Array || (typeof value === "string" && value !== "")
      ? null
      : "must be a Blob or File, an ArrayBuffer, a Uint8Array or a URL",
  serverUrl: (value) =>
    typeof value === "string" && /^https?:\/\/[^/]/.test(value) ? null : "must be a URL that starts with http:// or https://",
  documentId: text,
  password: (value) => (typeof value === "string" ? null : "must be a string"),
  theme: oneOf("light", "dark", "system"),
  locale: oneOf(...LOCALES),
  toolbarItems: (value) => {
    if (!Array.isArray(value)) return "must be a list";
    const wrong: unknown = value.find((item) => !TOOLBAR_ITEMS.includes(item as ToolbarItem));
    return wrong === undefined ? null : `has an unknown item ${JSON.stringify(wrong)}; known are ${TOOLBAR_ITEMS.join(", ")}`;
  },
  readOnly: (value) => (typeof value === "boolean" ? null : "must be true or false"),
  initialViewState: viewStateProblem,
  mentionableUsers: (value) =>
    Array.isArray(value) && value.every((user: unknown) => isUser(user)) ? null : "must be a list of { id, name, description? }",
  onSessionExpired: isFunction,
};

const VIEW_STATE_CHECKS: Readonly<Record<keyof ViewState, Check>> = {
  currentPageIndex: (value) => (Number.isInteger(value) && (value as number) >= 0 ? null : "must be a whole number, 0 or more"),
  zoom: (value) =>
    (typeof value === "number" && value > 0 && Number.isFinite(value)) || ["auto", "fit-width", "fit-page"].includes(value as string)
      ? null
      : "must be a number above 0, or auto, fit-width, fit-page",
  rotation: oneOf(0, 90, 180, 270),
  sidebar: oneOf("thumbnails", "outline", "comments", "history", "redactions", null),
};

/** What is wrong with it (`zoom must be …`); null when nothing is. */
export function viewStateProblem(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return "must be an object";
  for (const [key, given] of Object.entries(value)) {
    if (!Object.hasOwn(VIEW_STATE_CHECKS, key)) return `has an unknown property ${key}`;
    const problem = VIEW_STATE_CHECKS[key as keyof ViewState](given);
    if (problem !== null) return `.${key} ${problem}`;
  }
  return null;
}

/** Throws ApiError `invalid_parameters` whose message starts with the option's name. `find` looks a selector up. */
export function checkOptions(options: LoadOptions, find: (selector: string) => Element | null): CheckedOptions {
  if (typeof options !== "object" || options === null) throw wrong("options", "must be an object: load({ container, session })");
  const container = typeof options.container === "string" ? findContainer(options.container, find) : options.container;
  if (typeof container?.attachShadow !== "function") throw wrong("container", "must be an element, or a CSS selector of one");
  const given: Record<string, unknown> = { ...options };
  for (const [key, value] of Object.entries(given)) {
    if (key === "container") continue;
    if (!Object.hasOwn(CHECKS, key)) throw wrong(key, "is not an option");
    if (value === undefined) delete given[key];
  }
  for (const key of ["session", ...Object.keys(given)]) {
    const problem = key === "container" ? null : CHECKS[key as keyof typeof CHECKS](given[key]);
    if (problem !== null) throw wrong(key, problem);
  }
  const {
    session,
    theme = "system",
    toolbarItems = TOOLBAR_ITEMS,
    readOnly = false,
    initialViewState = {},
  } = given as unknown as LoadOptions;
  return { ...(given as unknown as LoadOptions), container, session, theme, toolbarItems, readOnly, initialViewState };
}

function findContainer(selector: string, find: (selector: string) => Element | null): HTMLElement {
  const found = find(selector);
  if (found === null) throw wrong("container", `: no element matches ${JSON.stringify(selector)}`);
  return found as HTMLElement;
}

function wrong(option: string, problem: string): ApiError {
  return new ApiError("invalid_parameters", `${option}${/^[.:]/.test(problem) ? "" : " "}${problem}`);
}
