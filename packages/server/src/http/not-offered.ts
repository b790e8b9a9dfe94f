/** Published operations that this service leaves out on purpose: they answer 501 and say why, so that nobody looks for a mistake of theirs. */
import { ApiError } from "@lectern/protocol/plain";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

const FONTS = "Fonts are not substituted by configuration: the service draws with the fonts of the file, else with its own";
const SIGNING = "Signatures are inspected, not made";
const SECRETS = "Secrets are set with the service's configuration and keys, not over HTTP: see the routes of public keys";

/** Below /viewer and /api; a star at the start: for a document and for each of its layers. */
export const NOT_OFFERED: readonly (readonly [method: "GET" | "POST" | "PUT" | "DELETE", path: string, why: string])[] = [
  ["POST", "/process_office_template", "Office templates are not filled: make the document elsewhere, then upload it"],
  ["POST", "/validate_pdfa", "Conformance to PDF/A is neither checked nor made"],
  ["POST", "/sign", SIGNING],
  ["POST", "*/sign", SIGNING],
  ["POST", "*/refresh_ltv", SIGNING],
  ["PUT", "*/font_substitutions", FONTS],
  ["DELETE", "*/font_substitutions", FONTS],
  ["POST", "/documents/{documentId}/migrate_assets", "All documents are in one storage: there is nothing to migrate to"],
  ["GET", "/secrets/{secretType}", SECRETS],
  ["POST", "/secrets/{secretType}", SECRETS],
  ["POST", "/secrets/{secretType}/rotate", SECRETS],
  ["POST", "/secrets/{secretType}/{secretId}", SECRETS],
];

/** What operations that are offered leave out: the parameter, and why. */
export const LEFT_OUT = {
  pdfa: ['`type: "pdfa"`, `conformance`', "Conformance to PDF/A is neither checked nor made"],
  office: ["`output.type` `docx`, `xlsx`, `pptx`", "Office documents become PDF, and not the other way round"],
  optimize: [
    "`optimize` but for `linearize` and `imageOptimizationQuality`",
    "The service makes no file that looks other than the one it has: no colours turned grey, no pictures taken out or drawn anew",
  ],
  meaning: ["`output.tables`, `output.keyValuePairs`", "What a page means is not worked out: ask for its text"],
  storage: ["`storage` but for `built_in`", "Documents are stored by the service itself, in the one place that is configured"],
} as const;

export function notOffered(what: keyof typeof LEFT_OUT): ApiError {
  const [name, why] = LEFT_OUT[what];
  return new ApiError("not_implemented", `${name.replaceAll("`", "")}: ${why}`);
}

/** The paths below /viewer and /api that an entry stands for. */
export function pathsNotOffered(path: string): string[] {
  if (!path.startsWith("*")) return [path];
  return ["/documents/{documentId}", "/documents/{documentId}/layers/{layerName}"].map((at) => at + path.slice(1));
}

export function mountNotOffered(app: FastifyInstance, count: (request: FastifyRequest, reply: FastifyReply) => void): void {
  for (const [method, path, why] of NOT_OFFERED) {
    for (const address of pathsNotOffered(path).flatMap((at) => [`/viewer${at}`, `/api${at}`])) {
      const url = address.replace(/\{(\w+)\}/g, ":$1");
      if (app.hasRoute({ method, url })) continue;
      app.route({
        method,
        url,
        // Before the body is read, which may be anything.
        onRequest: async (request, reply) => {
          count(request, reply);
          throw new ApiError("not_implemented", why);
        },
        handler: () => {},
      });
    }
  }
}
