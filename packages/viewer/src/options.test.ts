import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { checkOptions, type LoadOptions, viewStateProblem } from "./options.ts";

const container = { attachShadow: () => undefined } as unknown as HTMLElement;
const find = (selector: string) => (selector === "#viewer" ? container : null);
const check = (options: object) => checkOptions(options as LoadOptions, find);

it("takes an element or a selector, and fills in what was left out", () => {
  expect(check({ container: "#viewer", session: "token", theme: undefined })).toMatchObject({
    container,
    theme: "system",
    readOnly: false,
    initialViewState: {},
  });
  expect(check({ container, session: "token" }).container).toBe(container);
});

it.each([
  [{ container: "#other", session: "t" }, 'container: no element matches "#other"'],
  [{ container: null, session: "t" }, "container must be an element"],
  [{ container }, "session must be a session token"],
  [{ container, session: "" }, "session must be a session token"],
  [{ container, session: "t", sesion: 1 }, "sesion is not an option"],
  [{ container, session: "t", theme: "blue" }, "theme must be one of light, dark, system"],
  [{ container, session: "t", serverUrl: "localhost:4600" }, "serverUrl must be a URL"],
  [{ container, session: "t", document: 5 }, "document must be a Blob"],
  [{ container, session: "t", toolbarItems: ["search", "spell"] }, 'toolbarItems has an unknown item "spell"'],
  [{ container, session: "t", initialViewState: { currentPageIndex: -1 } }, "initialViewState.currentPageIndex must be"],
  [{ container, session: "t", onSessionExpired: "x" }, "onSessionExpired must be a function"],
])("names the option that is wrong: %j", (options, message) => {
  expect(() => check(options)).toThrow(message);
});

it("refuses a view state that cannot be shown", () => {
  expect(viewStateProblem({ zoom: 0 })).toContain(".zoom");
  expect(viewStateProblem({ zoom: "fit-width", rotation: 90, sidebar: null, currentPageIndex: 3 })).toBe(null);
});

it("tells the version of its package", () => {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  expect(readFileSync(new URL("index.ts", import.meta.url), "utf8")).toContain(`export const version = "${version}"`);
});
