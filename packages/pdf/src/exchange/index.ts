/** Interchange files beside a layer: `@lectern/pdf/exchange`. Holds the schema library; browsers load it on use. */
export { readExchange, writeExchange, type ExchangeFormat, type ExchangePages, type HeldPictures } from "./files.ts";
export { fitting, toggleAt } from "./form-values.ts";
export type { ExchangeLayer } from "./layer.ts";
export { type ExchangePlan, orderAfter, patchOf, planExchange, type PlanOptions } from "./plan.ts";
export { difference, isSame } from "./same.ts";
