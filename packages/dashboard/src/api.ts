/** How the dashboard talks to the service: the same client that backends use, with the sign-in's cookie instead of a key. */
import { createClient, type LecternClient } from "@lectern/client";
import { QueryClient } from "@tanstack/react-query";

const common = { baseUrl: location.origin, credentials: "same-origin", retries: 1 } as const;

/** Accounts, applications, keys. */
export const admin: LecternClient = createClient(common);

/** The product's operations within one application: the header names it and shows that the request is ours. */
export function inApplication(applicationId: string): LecternClient {
  return createClient({ ...common, headers: { "lectern-application": applicationId } });
}

export const queries = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: 5_000 } } });

/** All entries that the filter names, a line of JSON each, oldest first. Throws an Error with the service's sentence. */
export async function auditLines(applicationId: string, filter: Readonly<Record<string, string>>): Promise<Blob> {
  const response = await fetch(`/viewer/audit?${new URLSearchParams(filter).toString()}`, {
    headers: { accept: "application/x-ndjson", "lectern-application": applicationId },
  });
  if (response.ok) return response.blob();
  const problem = (await response.json().catch(() => ({}))) as { readonly detail?: string };
  throw new Error(problem.detail ?? `The service answered ${response.status}`);
}
