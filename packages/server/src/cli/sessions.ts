/** Sessions without the service: in its database, which it may be using at the same time. */
import { ApiError } from "@lectern/protocol/plain";
import type { Config } from "../config.ts";
import { systemClock, systemRandom } from "../ports.ts";
import type { Session } from "../sessions/session.ts";
import { revokeSession } from "../sessions/sessions.ts";
import { listSessions } from "../sessions/store.ts";
import { CommandError } from "./command-error.ts";
import { withStore } from "./keys.ts";

type Print = (line: string) => void;
const PAGE = 1000;

export async function printSessions(config: Config, application: string | null, print: Print): Promise<void> {
  await withStore(config, application, async (database, applicationId) => {
    for (let page = await listSessions(database, applicationId, PAGE, null); ;) {
      for (const session of page) print(lineOf(session));
      if (page.length < PAGE) return;
      page = await listSessions(database, applicationId, PAGE, page.at(-1)!);
    }
  });
}

export async function revoke(
  config: Config,
  { id, application }: { readonly id: string; readonly application: string | null },
  print: Print,
): Promise<void> {
  await withStore(config, application, async (database, applicationId) => {
    await revokeSession({ database, clock: systemClock, random: systemRandom }, { applicationId, id }).catch((error: unknown) => {
      throw error instanceof ApiError ? new CommandError(`There is no session ${id}`) : error;
    });
    print(`revoked ${id}`);
  });
}

function lineOf({ id, userId, documents, expiresAt, revokedAt }: Session): string {
  const now = systemClock.now();
  const at = (time: number): string => new Date(time).toISOString();
  const state = revokedAt !== null ? `revoked ${at(revokedAt)}` : `${expiresAt > now ? "until" : "ended"} ${at(expiresAt)}`;
  return [id, state, userId ?? "", documents.map(({ documentId }) => documentId).join(" ")].join("\t");
}
