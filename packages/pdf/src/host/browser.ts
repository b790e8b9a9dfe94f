/** The engine in a browser. The page makes the worker from `@lectern/pdf/worker`, so that its bundler sees it. */
export {
  type Cancellable,
  connectPdfWorker,
  type DocumentFacts,
  type FilePicture,
  type RemoteDocument,
  type RemotePdf,
  type WorkerPort,
} from "./rpc.ts";
export { sha256Hex } from "../sha256.ts";
