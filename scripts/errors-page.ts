/** docs/errors.md: every code that the product answers with, and what to do. */
import { operations, errorsOf } from "@lectern/protocol/openapi";
import { type ErrorCode, ERRORS } from "@lectern/protocol/plain";
import { ERROR_HELP } from "../packages/protocol/src/error-help.ts";

export function errorsPage(): string {
  const rows = (Object.keys(ERRORS) as ErrorCode[]).flatMap((code) => {
    const from = operations().filter(([, operation]) => errorsOf(operation).includes(code)).length;
    const where = from === 0 ? "Over the WebSocket, in the viewer, or before a request reaches an operation." : "";
    return [`## ${code}`, "", `${ERRORS[code].status}: ${ERRORS[code].title}. ${ERROR_HELP[code]}${where === "" ? "" : ` ${where}`}`, ""];
  });
  return [
    "# Errors",
    "",
    "A request that fails answers `application/problem+json` (RFC 9457):",
    "",
    "```json",
    JSON.stringify(
      {
        type: "/docs/errors#invalid_parameters",
        title: ERRORS.invalid_parameters.title,
        status: 400,
        detail: "page_size: Too big: expected number to be <=1000",
        code: "invalid_parameters",
        requestId: "01jz3v7c4q8x2m5n6p7r8s9t0w",
        failingPaths: [{ path: "$.page_size", details: "Too big: expected number to be <=1000" }],
      },
      null,
      2,
    ),
    "```",
    "",
    "`code` is for programs and stays the same; `detail` is for the developer who reads it; `type` is the address of this page on the service",
    "that answered. `requestId` is in the service's log, too, and in the header `x-request-id` of every answer. Existing",
    "clients find `message`, `details`, `request_id` and `failing_paths` with the same content.",
    "",
    ...rows,
  ].join("\n");
}
