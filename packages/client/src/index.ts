export { type CallOptions, type ClientOptions, createClient, type LecternClient, type Upload } from "./client.ts";
export { allDocuments } from "./pages.ts";
export { ApiError, type ErrorCode, ERRORS } from "@lectern/protocol/plain";
