/** Public keys over HTTP. */
import type { PublicKey } from "@lectern/protocol";
import { actorOf } from "../audit/audit.ts";
import type { Handlers } from "../handlers.ts";
import type { Once } from "../requests/once.ts";
import type { PublicKeys } from "./public-keys.ts";
import type { PublicKeyRow } from "./store.ts";

export function publicKeyRoutes({ keys, once }: { readonly keys: PublicKeys; readonly once: Once }): Handlers["publicKeys"] {
  return {
    async create({ name, pem, algorithm, max_ttl: maxTtl }, context) {
      const given = { name, pem, algorithm, maxTtl };
      const { applicationId } = context.caller;
      const key = await once(context, {
        applicationId,
        what: ["public key", given],
        find: async (id) => {
          const found = await keys.find(id);
          return found?.removedAt === null ? found : null;
        },
        make: (making) => keys.create(applicationId, { ...given, making }, actorOf(context)),
      });
      return { data: shown(key) };
    },
    async list(_input, { caller }) {
      return { data: (await keys.list(caller.applicationId)).map(shown) };
    },
    async delete({ keyId }, context) {
      return { data: shown(await keys.remove(context.caller.applicationId, keyId, actorOf(context))) };
    },
  };
}

function shown({ id, name, algorithm, pem, fingerprint, maxTtl, createdAt }: PublicKeyRow): PublicKey {
  return { id, name, algorithm, pem, fingerprint, max_ttl: maxTtl, created_at: new Date(createdAt).toISOString() };
}
