/** Every answer has an id, also those to what is no request: the log has it, too. A sane one that the client sent is kept. */
import type { IncomingHttpHeaders } from "node:http";
import { newId } from "@lectern/protocol/plain";
import type { Clock, Random } from "../ports.ts";
import { single } from "./auth.ts";

export type RequestIds = (headers?: IncomingHttpHeaders) => string;

const SANE = /^[\w.:@~-]{1,128}$/;

/** Unique and sortable, without asking for random bytes each time. */
export function requestIds({ clock, random }: { readonly clock: Clock; readonly random: Random }): RequestIds {
  const start = newId(clock.now(), random(10)).slice(0, 18);
  let count = 0;
  return (headers = {}) => {
    const given = single(headers["x-request-id"]);
    return given !== null && SANE.test(given) ? given : start + (count++).toString(36).padStart(8, "0");
  };
}
