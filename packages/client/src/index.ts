export { type CallOptions, type ClientOptions, createClient, type LecternClient } from "./client.ts";
export type { DocumentInfo, DocumentSummary, Operations } from "./operations.ts";
export { all, allDocuments } from "./pages.ts";
export type { Upload, UploadBody } from "./upload.ts";
export { verifyWebhook, type VerifyOptions, type WebhookEvent } from "./webhook.ts";
export { ApiError, type ErrorCode, errorFromProblem, ERRORS } from "@lectern/protocol/plain";
