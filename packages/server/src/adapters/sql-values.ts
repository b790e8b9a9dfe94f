/** What no engine may be given: values that one of them would cut short (U+0000 ends a text), refuse or round. */
import { ApiError } from "@lectern/protocol/plain";
import type { Query } from "../ports.ts";

/** null when all parameters are fine; else what to throw. */
export function unfitValue(queries: readonly Query[]): Error | null {
  const unfit = queries.find(hasUnfitValue);
  if (unfit === undefined) return null;
  const { sql, params = [] } = unfit;
  const number = params.find((value) => typeof value === "number" && !Number.isSafeInteger(value));
  if (number !== undefined) return new TypeError(`${String(number)} is no whole number below 2^53, in: ${sql}`);
  return new ApiError("invalid_parameters", "Text must not contain the character U+0000");
}

function hasUnfitValue({ params = [] }: Query): boolean {
  return params.some((value) =>
    typeof value === "number" ? !Number.isSafeInteger(value) : typeof value === "string" && value.includes("\0"),
  );
}
