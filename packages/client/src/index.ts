export { type CallOptions, type ClientOptions, createClient, type LecternClient, type Upload } from "./client.ts";
export { allDocuments } from "./pages.ts";
export { ApiError, type ErrorCode, errorFromProblem, ERRORS } from "@lectern/protocol/plain";
