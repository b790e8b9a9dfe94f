/** `npm start`: builds what it must, then runs the service in this process. Options are passed on: `npm start -- --port 8080`. */
import { build } from "./build.mjs";

await build();
process.argv.splice(2, 0, "start");
await import("../packages/server/dist/main.js");
