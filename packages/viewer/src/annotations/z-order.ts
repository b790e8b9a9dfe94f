/**
 * Z-order of a page's annotations: by `order` (of those without one: by their time), then by id. Keys made here count in the first five digits, so that thousands
 * of annotations one after the other keep short keys (halving the distance to the end would grow them without bound).
 */
import type { AnyRecord } from "@lectern/protocol";
import { drawingOrder, orderBetween, sourceOrder } from "@lectern/protocol/plain";

const COUNTING = /^[0-9A-Za-z]{5}/;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function orderOf(record: AnyRecord): string {
  return record.kind === "annotation" ? drawingOrder(record) : "";
}

/** Negative when `a` lies below `b`. */
export function compareZ(a: AnyRecord, b: AnyRecord): number {
  const [x, y] = [orderOf(a), orderOf(b)];
  if (x !== y) return x < y ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

export function sortedByZ(records: readonly AnyRecord[]): AnyRecord[] {
  return records.toSorted(compareZ);
}

/** An order above all of these. */
export function orderInFront(records: readonly AnyRecord[]): string {
  const last = records.reduce((max, record) => (orderOf(record) > max ? orderOf(record) : max), "");
  if (last === "") return sourceOrder(0);
  const count = countOf(last);
  const next = count === null ? null : sourceOrder(count + 1);
  return next !== null && next > last ? next : orderBetween(last, null);
}

/** An order below all of these. */
export function orderBehind(records: readonly AnyRecord[]): string {
  const orders = records.map(orderOf).filter((order) => order !== "");
  if (orders.length === 0) return sourceOrder(0);
  const first = orders.reduce((min, order) => (order < min ? order : min));
  const count = countOf(first);
  return count === null || count === 0 ? orderBetween(null, first) : sourceOrder(count - 1);
}

function countOf(order: string): number | null {
  if (!COUNTING.test(order)) return null;
  let count = 0;
  for (let i = 0; i < 5; i++) count = count * DIGITS.length + DIGITS.indexOf(order[i]!);
  return count;
}
