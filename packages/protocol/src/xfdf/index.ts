export { readXfdf } from "./read.ts";
export type { PageOrigin, XfdfPages } from "./space.ts";
export { writeXfdf, type XfdfOptions } from "./write.ts";
