/** `npm run bench [name …]`: all, or those named (`sync-…` are parts of `sync`); figures as ratios to a floor or a peer in the same run. Times say nothing on their own: machines differ. */
import { build } from "../scripts/build.mjs";
import { benchAbuse } from "./abuse.ts";
import { benchAgreement } from "./agreement.ts";
import { benchApi } from "./api.ts";
import { benchDatabase } from "./database.ts";
import { benchExport } from "./export.ts";
import { benchFirstPage } from "./first-page.ts";
import { benchParallel } from "./parallel.ts";
import { benchRender } from "./render.ts";
import { benchService } from "./service.ts";
import { benchSync } from "./sync.ts";

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  "first-page": benchFirstPage,
  database: benchDatabase,
  export: benchExport,
  parallel: benchParallel,
  render: benchRender,
  service: benchService,
  sync: () => benchSync(),
  "sync-load": () => benchSync("load"),
  "sync-large": () => benchSync("large"),
  "sync-kill": () => benchSync("kill"),
  "sync-nodes": () => benchSync("nodes"),
  abuse: benchAbuse,
  agreement: benchAgreement,
  api: benchApi,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) throw new Error(`no such bench: ${unknown.join(", ")}; there are ${Object.keys(BENCHES).join(", ")}`);
await build();
for (const [name, bench] of Object.entries(BENCHES))
  if (wanted.length === 0 ? !name.startsWith("sync-") : wanted.includes(name)) await bench();
