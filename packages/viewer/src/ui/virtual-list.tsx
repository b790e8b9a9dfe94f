/** @jsxImportSource preact */
/** A list of any length: only the rows in sight are in the DOM. */
import { type Signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Layout } from "../pages/layout.ts";

export interface VirtualListProps {
  readonly layout: Layout;
  readonly label: string;
  /** Kept in sight. */
  readonly current: Signal<number>;
  readonly row: (index: number) => JSX.Element;
}

export function VirtualList({ layout, label, current, row }: VirtualListProps): JSX.Element {
  const scrolled = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(0);
  const index = current.value;
  useEffect(() => {
    const element = scrolled.current!;
    const resizes = new ResizeObserver(() => (height.value = element.clientHeight));
    resizes.observe(element);
    return () => resizes.disconnect();
  }, []);
  useEffect(() => {
    const element = scrolled.current;
    if (element === null || index < 0 || index >= layout.count || height.value === 0) return;
    const from = layout.top(index, 1);
    const to = layout.top(index + 1, 1);
    if (from < element.scrollTop || to > element.scrollTop + height.value) element.scrollTop = from - (height.value - (to - from)) / 2;
  }, [index, layout, height.value]);
  const [first, last] = layout.count === 0 ? [0, -1] : layout.range(top.value - 200, top.value + height.value + 200, 1);
  const rows = [];
  for (let i = first; i <= last; i++) {
    rows.push(
      <li key={i} class="row" style={{ top: `${layout.top(i, 1)}px` }} aria-setsize={layout.count} aria-posinset={i + 1}>
        {row(i)}
      </li>,
    );
  }
  return (
    <div class="list" ref={scrolled} onScroll={(event) => (top.value = event.currentTarget.scrollTop)}>
      <ul aria-label={label} style={{ height: `${layout.height(1)}px` }}>
        {rows}
      </ul>
    </div>
  );
}
