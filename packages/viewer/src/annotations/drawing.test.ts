import type { AnyRecord, Rectangle, Text } from "@lectern/protocol";
import type { Records, RecordsChanged } from "@lectern/sync/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Pages, PageView } from "../parts.ts";
import { createDrawing } from "./drawing.ts";

/** As much of the DOM as drawing touches, counting what is changed. */
class FakeElement {
  static changes = 0;
  readonly attributes = new Map<string, string>();
  readonly style = { setProperty: (name: string, value: string) => void this.attributes.set(`style.${name}`, value) };
  children: FakeElement[] = [];
  parent: FakeElement | null = null;
  textContent = "";
  readonly tag: string;

  constructor(tag: string) {
    this.tag = tag;
  }
  get isConnected(): boolean {
    return this.parent !== null;
  }
  get id(): string | undefined {
    return this.attributes.get("data-id");
  }
  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }
  append(...added: FakeElement[]): void {
    for (const child of added.flatMap((one) => (one.tag === "fragment" ? one.children : [one]))) this.insertBefore(child, null);
  }
  insertBefore(child: FakeElement, next: FakeElement | null): void {
    FakeElement.changes++;
    child.remove();
    const at = next === null ? this.children.length : this.children.indexOf(next);
    this.children.splice(at, 0, child);
    child.parent = this;
  }
  replaceChildren(...children: FakeElement[]): void {
    FakeElement.changes++;
    this.children = children;
  }
  remove(): void {
    if (this.parent !== null) this.parent.children = this.parent.children.filter((child) => child !== this);
    this.parent = null;
  }
}

const before = globalThis.document;
beforeEach(() => {
  globalThis.document = {
    createElementNS: (_: string, tag: string) => new FakeElement(tag),
    createDocumentFragment: () => new FakeElement("fragment"),
  } as unknown as Document;
});
afterEach(() => {
  globalThis.document = before;
});

function rectangle(x: number, more: Partial<Rectangle> = {}): Rectangle {
  return { type: "rectangle", page: "1.0", geometry: { bbox: [x, 0, 10, 10] }, appearance: { fillColor: "#ff0000" }, ...more };
}

function setUp(count = 0) {
  const all = new Map<string, AnyRecord>();
  let listener: (change: RecordsChanged) => void = () => {};
  const records = {
    get: (id: string) => all.get(id),
    byPage: (page: string) => [...all.values()].filter((record) => record.kind === "annotation" && record.data.page === page),
    onChange(next: (change: RecordsChanged) => void) {
      listener = next;
      return () => {};
    },
  } as unknown as Records;
  const tell = (...ids: string[]): void => listener({ ids: new Set(ids), origin: "remote", by: null });
  const set = (id: string, data: Rectangle | Text | null): void => {
    if (data === null) all.delete(id);
    else all.set(id, { id, kind: "annotation", seq: 1, createdBy: null, createdAt: 0, updatedBy: null, updatedAt: 0, grp: null, data });
  };
  for (let i = 0; i < count; i++) set(`r${i}`, rectangle(i, { order: String(i).padStart(5, "0") }));
  const group = new FakeElement("g");
  let mount: (view: PageView) => () => void = () => () => {};
  const pages = {
    attach(next: typeof mount) {
      mount = next;
      return () => {};
    },
  } as unknown as Pages;
  const drawing = createDrawing(pages, records);
  const show = (pageId = "1.0", on = group) => mount({ pageId, drawing: on } as unknown as PageView);
  const ids = () => group.children.map(({ id }) => id);
  const path = (id: string): string | undefined => group.children.find((child) => child.id === id)?.children[0]?.attributes.get("d");
  return { drawing, set, tell, show, group, ids, path };
}

describe("what is drawn", () => {
  test("a page shows its annotations in z-order, and nothing any more when it leaves", () => {
    const { set, show, ids } = setUp();
    set("b", rectangle(1, { order: "b" }));
    set("a", rectangle(2, { order: "a" }));
    set("hidden", rectangle(3, { flags: ["hidden"] }));
    set("elsewhere", rectangle(4, { page: "1.1" }));
    const leave = show();
    expect(ids()).toEqual(["a", "b"]);
    leave();
    expect(ids()).toEqual([]);
  });

  test("with a thousand there, a change of one touches only that one", () => {
    const { set, tell, show, path } = setUp(1000);
    show();
    FakeElement.changes = 0;
    set("r500", rectangle(77, { order: "00500" }));
    tell("r500");
    expect(path("r500")).toContain("M77 0");
    expect(FakeElement.changes).toBeLessThan(5);
  });

  test("a new one takes its place in the order, a moved one its new place, a deleted one goes", () => {
    const { set, tell, show, ids } = setUp(3);
    show();
    set("new", rectangle(9, { order: "00001V" }));
    tell("new");
    expect(ids()).toEqual(["r0", "r1", "new", "r2"]);
    set("r0", rectangle(0, { order: "00009" }));
    set("r2", null);
    tell("r0", "r2");
    expect(ids()).toEqual(["r1", "new", "r0"]);
  });

  test("one that moves to a page out of sight leaves, and comes back with its page", () => {
    const { set, tell, show, ids } = setUp(1);
    show();
    set("r0", rectangle(0, { page: "1.1" }));
    tell("r0");
    expect(ids()).toEqual([]);
    const other = new FakeElement("g");
    show("1.1", other);
    expect(other.children.map(({ id }) => id)).toEqual(["r0"]);
  });

  test("words of a record are text, whatever they look like", () => {
    const { set, show, group } = setUp();
    set("t", {
      type: "text",
      page: "1.0",
      geometry: { bbox: [0, 0, 500, 50] },
      appearance: { fontSize: 10 },
      text: { format: "plain", value: "<img onerror=x>" },
    });
    show();
    const all = (element: FakeElement): FakeElement[] => [element, ...element.children.flatMap(all)];
    const drawn = all(group);
    expect(drawn.map(({ textContent }) => textContent).join("")).toBe("<img onerror=x>");
    expect(drawn.every(({ tag }) => ["g", "svg", "path", "text"].includes(tag))).toBe(true);
  });
});

describe("previews", () => {
  test("a dragged geometry is shown until the drag ends, with what others change of the rest", () => {
    const { drawing, set, tell, show, path, group } = setUp(1);
    show();
    drawing.preview("me", new Map([["r0", { geometry: { bbox: [50, 0, 10, 10] } }]]));
    set("r0", rectangle(0, { order: "00000", appearance: { fillColor: "#0000ff" } }));
    tell("r0");
    expect(path("r0")).toContain("M50 0");
    expect(group.children[0]!.children[0]!.attributes.get("fill")).toBe("#0000ff");
    drawing.preview("me", new Map());
    expect(path("r0")).toContain("M0 0");
  });

  test("mine wins over that of somebody else, also when theirs was first", () => {
    const { drawing, show, path } = setUp(1);
    show();
    drawing.preview("peer:bob", new Map([["r0", { geometry: { bbox: [90, 0, 10, 10] } }]]));
    drawing.preview("me", new Map([["r0", { geometry: { bbox: [50, 0, 10, 10] } }]]));
    expect(path("r0")).toContain("M50 0");
    drawing.preview("me", new Map());
    expect(path("r0")).toContain("M90 0");
  });

  test("a stroke that becomes a record keeps its element, and one that does not goes", () => {
    const { drawing, set, tell, show, ids, group } = setUp(1);
    show();
    drawing.preview("me", new Map([["s", { annotation: rectangle(5) }]]));
    const [, element] = group.children;
    set("s", rectangle(5, { order: "5" }));
    tell("s");
    drawing.preview("me", new Map());
    expect(ids()).toEqual(["r0", "s"]);
    expect(group.children[1]).toBe(element);
    drawing.preview("me", new Map([["gone", { annotation: rectangle(5) }]]));
    drawing.preview("me", new Map());
    expect(ids()).toEqual(["r0", "s"]);
  });

  test("what is edited in place is not drawn", () => {
    const { drawing, tell, show, ids } = setUp(2);
    show();
    drawing.hide("r0");
    tell("r0");
    expect(ids()).toEqual(["r1"]);
    drawing.hide(null);
    expect(ids()).toEqual(["r0", "r1"]);
  });
});
