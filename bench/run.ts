/** `npm run bench [name …]`: figures as ratios to a floor or a peer in the same run. Times say nothing on their own: machines differ. */
import { build } from "../scripts/build.mjs";
import { benchDatabase } from "./database.ts";
import { benchFirstPage } from "./first-page.ts";
import { benchRender } from "./render.ts";
import { benchService } from "./service.ts";

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  "first-page": benchFirstPage,
  database: benchDatabase,
  render: benchRender,
  service: benchService,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) throw new Error(`no such bench: ${unknown.join(", ")}; there are ${Object.keys(BENCHES).join(", ")}`);
await build();
for (const [name, bench] of Object.entries(BENCHES)) if (wanted.length === 0 || wanted.includes(name)) await bench();
