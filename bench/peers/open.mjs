/** How long the peer's own client takes to have a document: `node open.mjs <url> <name>` prints milliseconds and the records it got. */
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { WebSocket } from "ws";
import * as Y from "yjs";

const [url, name] = /** @type {[string, string]} */ (process.argv.slice(2));
const document = new Y.Doc();
const start = performance.now();
const websocketProvider = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: WebSocket });
const provider = new HocuspocusProvider({
  websocketProvider,
  name,
  document,
  token: "token",
  onSynced() {
    const ms = performance.now() - start;
    process.stdout.write(`${JSON.stringify({ ms, records: document.getMap("records").size })}\n`, () => process.exit(0));
  },
});
provider.attach();
