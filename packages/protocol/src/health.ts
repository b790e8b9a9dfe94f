/** What load balancers and scripts ask. */
import * as z from "zod";
import { operation } from "./operation.ts";

const root = { mount: "root", auth: "none" } as const;
const Health = z.object({ status: z.string() });

export const health = {
  live: operation({ ...root, method: "GET", path: "/livez", summary: "The process answers", response: Health }),
  ready: operation({
    ...root,
    method: "GET",
    path: "/readyz",
    summary: "Storage answers and a known page was drawn by a worker",
    response: Health,
    errors: ["unavailable"],
  }),
  metrics: operation({
    ...root,
    method: "GET",
    path: "/metrics",
    summary: "For Prometheus; from this machine, or with the metrics' token",
    responseType: "text/plain; version=0.0.4; charset=utf-8",
    errors: ["unauthorized", "forbidden"],
  }),
  healthcheck: operation({
    ...root,
    method: "GET",
    path: "/healthcheck",
    summary: "The same as /readyz, at the published address",
    response: Health,
    errors: ["unavailable"],
  }),
} as const;
