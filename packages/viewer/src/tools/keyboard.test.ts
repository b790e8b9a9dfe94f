import { describe, expect, test } from "vitest";
import { followKeys, type KeyActions } from "./keyboard.ts";

interface Key {
  readonly key: string;
  readonly shiftKey?: boolean;
  readonly ctrlKey?: boolean;
  readonly altKey?: boolean;
}

/** Presses keys within the pages, with one annotation focused and perhaps selected. */
function press({ focused = null, selected = [] }: { focused?: string | null; selected?: readonly string[] }, ...keys: readonly Key[]) {
  const log: string[] = [];
  const actions: KeyActions = {
    nudge: (dx, dy) => log.push(`nudge ${dx} ${dy}`) > 0,
    remove: () => log.push("remove") > 0,
    escape: () => log.push("escape") > 0,
    open: () => log.push("open") > 0,
    finish: () => false,
    selectOne: (id) => log.push(`select ${id}`),
    enterBar: () => log.push("bar") > 0,
    step: (from, by) => log.push(`step ${from} ${by}`) > 0,
    focused: () => focused,
    hasSelection: selected.length > 0,
    isSelected: (id) => selected.includes(id),
  };
  const viewport = new EventTarget() as HTMLElement;
  const root = new EventTarget();
  followKeys(root, viewport, actions);
  const prevented = keys.map((key) => {
    const event = Object.assign(
      new Event("keydown", { cancelable: true }),
      { shiftKey: false, ctrlKey: false, metaKey: false, altKey: false },
      key,
    );
    Object.defineProperty(event, "composedPath", { value: () => [viewport, root] });
    root.dispatchEvent(event);
    return event.defaultPrevented;
  });
  return { log, prevented };
}

// The listener asks whether the target is an element; outside of a browser nothing is.
globalThis.Element ??= class {} as typeof Element;

describe("keys", () => {
  test("arrow keys move what is selected, ten times as far with Shift", () => {
    expect(press({ focused: "a", selected: ["a"] }, { key: "ArrowLeft" }, { key: "ArrowDown", shiftKey: true }).log).toEqual([
      "nudge -1 0",
      "nudge 0 10",
    ]);
  });

  test("arrow keys go on from an annotation that is focused but not selected, and Enter selects it", () => {
    expect(press({ focused: "a" }, { key: "ArrowDown" }, { key: "ArrowLeft" }, { key: "Enter" }).log).toEqual([
      "step a 1",
      "step a -1",
      "select a",
    ]);
    expect(press({ focused: "a", selected: ["a"] }, { key: "Enter" }, { key: "Delete" }).log).toEqual(["open", "remove"]);
  });

  test("with nothing selected the keys are left to scrolling", () => {
    const { log, prevented } = press({}, { key: "ArrowDown" }, { key: "Delete" }, { key: " " });
    expect(log).toEqual([]);
    expect(prevented).toEqual([false, false, false]);
  });

  test("keys of the shell and of the browser are left alone", () => {
    expect(press({ selected: ["a"] }, { key: "z", ctrlKey: true }, { key: "h" }, { key: "ArrowLeft", altKey: true }).prevented).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("Escape leads out, and Alt+F10 into the bar", () => {
    expect(press({ selected: ["a"] }, { key: "Escape" }, { key: "F10", altKey: true }).log).toEqual(["escape", "bar"]);
  });
});
