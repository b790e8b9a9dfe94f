/** A whole layer → an interchange file → another layer, in each format, and from one format to the other. */
import { type AnyRecord, checkData, fromInstantJson, type Op, type PageNames, type RichText, toInstantJson } from "@lectern/protocol";
import { ApiError, drawingOrder, FULL_GRANTS, wordsOf } from "@lectern/protocol/plain";
import type { XfdfPages } from "@lectern/protocol/xfdf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LAYER_PAGES, layerRecords } from "../testing/drawn-records.ts";
import { type ExchangeFormat, type ExchangeLayer, type HeldPictures, planExchange, readExchange, writeExchange } from "./index.ts";

type Stored = AnyRecord & { readonly deleted: boolean };

/** Pages with an odd box, turned in two ways. */
const PAGES: XfdfPages = {
  idAt: (index) => LAYER_PAGES[index] ?? null,
  indexOf(id) {
    const index = (LAYER_PAGES as readonly string[]).indexOf(id);
    return index < 0 ? null : index;
  },
  shown: (id) => ({
    width: 612,
    height: 792,
    rotation: id === "1.1" ? 90 : id === "1.2" ? 180 : 0,
    crop: id === "1.2" ? [10, 20, 500, 600] : null,
  }),
  origin: () => ({ left: -30, bottom: 12.5, height: 792 }),
};

class Layer implements ExchangeLayer {
  readonly grants = FULL_GRANTS;
  readonly base = { source: "0".repeat(64) };
  readonly #records: Map<string, Stored>;
  readonly room: ExchangeLayer["room"];

  constructor(records: readonly AnyRecord[] = []) {
    this.#records = new Map(records.map((record) => [record.id, { ...record, deleted: false }]));
    const all = (): Stored[] => [...this.#records.values()];
    this.room = {
      erasedSeq: 0,
      snapshot: () => ({ records: all() }),
      record: (id) => this.#records.get(id) ?? null,
      below: (id) => all().filter(({ data }) => "field" in data && data.field === id),
      changed: all,
    };
  }

  pages(): PageNames {
    return PAGES;
  }

  apply(ops: readonly Op[]): void {
    for (const op of ops) {
      const before = this.#records.get(op[1]);
      if (op[0] === "c") {
        const [, id, kind, data] = op;
        expect(checkData(kind, data)).toMatchObject({ ok: true });
        expect(before, id).toBeUndefined();
        const head = { seq: 1, createdBy: null, createdAt: 1_800_000_000_000, updatedBy: null, updatedAt: 1_800_000_000_000, grp: null };
        this.#records.set(id, { ...head, id, kind, data, deleted: false } as unknown as Stored);
      } else if (op[0] === "u") {
        const data = { ...before!.data, ...op[2] };
        this.#records.set(op[1], { ...before!, data } as Stored);
      } else throw new Error(`${op[0]} is not expected`);
    }
  }
}

const NO_PICTURES: HeldPictures = { has: () => false, addText: () => Promise.reject(new ApiError("invalid_document")) };

async function exchanged(from: Layer, to: Layer, format: ExchangeFormat) {
  const text = writeExchange(from, PAGES, { format, attachments: new Map() });
  const { exchange } = await readExchange(to, PAGES, { format: format === "xfdf" ? "xfdf" : "instant", text, pictures: NO_PICTURES });
  let id = 0;
  const plan = planExchange(to, exchange, { pictures: new Map(), freshId: () => `fresh-${id++}`, now: 1_800_000_000_000 });
  to.apply(plan.ops);
  return { ...plan, skipped: [...plan.skipped] };
}

const recordsOf = (layer: Layer): readonly AnyRecord[] => layer.room.snapshot(FULL_GRANTS).records;

/** The later is drawn over the earlier; of forms: the order of the tab key. */
const orders = (layer: Layer): object =>
  ["annotation", "widget"].map((kind) =>
    LAYER_PAGES.map((page) =>
      recordsOf(layer)
        .flatMap((record) =>
          record.kind === kind && "page" in record.data && record.data.page === page
            ? [[drawingOrder(record as never), record.id] as const]
            : [],
        )
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([, id]) => id),
    ),
  );

/** What the formats do not hold; what of it is an order is checked by itself. */
function held(record: AnyRecord, format: ExchangeFormat): object | null {
  const isXfdf = format === "xfdf";
  switch (record.kind) {
    case "annotation": {
      const { order: _order, lock, bundle, ...data } = record.data;
      if (isXfdf) return { ...data, ...(lock === undefined ? {} : { lock }), ...(bundle === undefined ? {} : { bundle }) };
      const spelled = fromInstantJson(toInstantJson(record, record.data, PAGES), PAGES);
      if (!spelled.ok) throw new Error("it cannot be said");
      return withWords(spelled.value, format);
    }
    case "comment":
      return withWords(record.data, format);
    case "bookmark":
      return isXfdf ? null : { ...record.data, order: undefined };
    case "value":
      // The room makes an empty one by itself.
      return isXfdf || record.data.value === null ? null : record.data;
    case "field":
    case "widget":
      return isXfdf ? null : { ...record.data, order: undefined };
    default:
      throw new Error(record.kind);
  }
}

/** Version 1 has bare texts. */
function withWords<T extends object>(data: T, format: ExchangeFormat): T {
  const { text } = data as { readonly text?: RichText };
  return format !== "instant-1" || text === undefined ? data : { ...data, text: { format: "plain", value: wordsOf(text) } };
}

const data = (layer: Layer, formats: readonly ExchangeFormat[]): object =>
  Object.fromEntries(
    recordsOf(layer).flatMap((record) => {
      const all = formats.map((format) => held(record, format));
      return all.includes(null) ? [] : [[record.id, round(all.at(-1))]];
    }),
  );

/** What turning coordinates and writing numbers may lose. */
function round(value: unknown): unknown {
  if (typeof value === "number") return Math.round(value * 1e4) / 1e4 + 0;
  if (Array.isArray(value)) return value.map(round);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, round(inner)]));
}

describe.each(["instant-1", "instant-2", "xfdf"] as const)("%s", (format) => {
  test("what was just written changes nothing where it came from", async () => {
    await fc.assert(
      fc.asyncProperty(layerRecords, async (records) => {
        const layer = new Layer(records);
        expect(await exchanged(layer, layer, format)).toMatchObject({ ops: [], skipped: [] });
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  test("an empty layer gets what the format holds, in its order", async () => {
    await fc.assert(
      fc.asyncProperty(layerRecords, async (records) => {
        const [from, to] = [new Layer(records), new Layer()];
        await exchanged(from, to, format);
        expect(data(to, [format])).toEqual(data(from, [format]));
        if (format !== "xfdf") expect(orders(to)).toEqual(orders(from));
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});

test.each(["instant-2", "xfdf"] as const)("what one format brings, the other brings on: %s first", async (first) => {
  const second = first === "xfdf" ? "instant-2" : "xfdf";
  await fc.assert(
    fc.asyncProperty(layerRecords, async (records) => {
      const [from, between, to] = [new Layer(records), new Layer(), new Layer()];
      await exchanged(from, between, first);
      await exchanged(between, to, second);
      expect(data(to, [first, second])).toEqual(data(between, [first, second]));
    }),
    { numRuns: 60, seed: 1 },
  );
});
