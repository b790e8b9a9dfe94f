/** A table of things with a name each; the last column holds what can be done with one. */
import type { ReactNode } from "react";
import { Scrolling } from "./controls.tsx";

export interface Column<T> {
  readonly head: string;
  readonly cell: (row: T) => ReactNode;
  /** A name, an id, a time that should stay on one line. */
  readonly look?: "strong" | "code" | "time";
}

const LOOKS = { strong: "font-medium", code: "font-mono text-xs", time: "whitespace-nowrap" } as const;

export function Table<T extends { readonly id: string }>({
  label,
  rows,
  columns,
  actions,
  isOver,
  empty,
}: {
  label: string;
  rows: readonly T[] | undefined;
  columns: readonly Column<T>[];
  /** Default: nothing can be done with one. */
  actions?: (row: T) => ReactNode;
  /** Revoked or expired. */
  isOver: (row: T) => boolean;
  empty: string;
}) {
  return (
    <Scrolling label={label}>
      <table aria-label={label} className="w-full text-left text-sm">
        <thead className="text-xs text-stone-500 dark:text-stone-400">
          <tr className="border-b border-stone-100 dark:border-stone-800">
            {columns.map(({ head }) => (
              <th key={head} scope="col" className="px-4 py-2.5 font-medium whitespace-nowrap">
                {head}
              </th>
            ))}
            {actions !== undefined && (
              <th scope="col" className="px-4 py-2.5">
                <span className="sr-only">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody className="divide-y divide-stone-100 dark:divide-stone-800">
          {rows?.map((row) => (
            <tr key={row.id} className={isOver(row) ? "text-stone-500 dark:text-stone-400" : ""}>
              {columns.map(({ head, cell, look }) => (
                <td key={head} className={`px-4 py-3 ${look === undefined ? "" : LOOKS[look]}`}>
                  {cell(row)}
                </td>
              ))}
              {actions !== undefined && <td className="px-4 py-3 text-right">{isOver(row) ? null : actions(row)}</td>}
            </tr>
          ))}
          {rows?.length === 0 && (
            <tr>
              <td colSpan={columns.length + 1} className="px-4 py-8 text-center text-stone-500 dark:text-stone-400">
                {empty}
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </Scrolling>
  );
}
