/** Writes the sample document that a new installation shows: `node --conditions=lectern-source --import tsx scripts/sample.ts` */
import { writeFileSync } from "node:fs";
import { sampleDocument } from "@lectern/pdf/testing";

const target = new URL("../packages/server/assets/sample.pdf", import.meta.url);
const bytes = sampleDocument();
writeFileSync(target, bytes);
console.log(`${target.pathname}: ${Math.round(bytes.length / 1000)} kB`);
