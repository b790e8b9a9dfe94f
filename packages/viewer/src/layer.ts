/** The layer's records, from `open` at once and over the socket later: a sync client whose transport comes when the first page is shown. */
import type { Opened, Page } from "@lectern/protocol";
import { type Clock, type PushQueue, type Rejection, SyncClient } from "@lectern/sync/client";
import type { Transport } from "./source/source.ts";

export interface Layer {
  readonly client: SyncClient;
  /** Resolved when editing may begin. */
  connect(transport: Transport): Promise<void>;
}

/** `page`: of the revision, by its id. */
export function openLayer(opened: Opened, page: (id: string) => Page | null): Layer {
  let transport: Transport | null = null;
  const ready = (): Transport => {
    if (transport === null) throw new Error("the layer is used before it is connected");
    return transport;
  };
  const client = clientOf(
    opened,
    ready,
    {
      load: () => ready().queue.load(),
      append: (push) => ready().queue.append(push),
      remove: (ns) => ready().queue.remove(ns),
      reset: () => ready().queue.reset(),
    },
    page,
  );
  return {
    client,
    async connect(given) {
      transport = given;
      await client.start();
    },
  };
}

/** Sends what a closed tab has left, under that tab's name; it comes back as a change of the layer like any other. `rejected`: what cannot be. */
export async function sendOrphan(
  opened: Opened,
  transport: Transport,
  queue: PushQueue,
  rejected: (rejection: Rejection) => void,
): Promise<void> {
  const client = clientOf(opened, () => transport, queue);
  client.on("reject", rejected);
  try {
    await client.start();
    await client.flush();
  } finally {
    client.close();
  }
}

function clientOf(opened: Opened, transport: () => Transport, queue: PushQueue, page?: (id: string) => Page | null): SyncClient {
  const { seq, epoch, grants, records } = opened;
  return new SyncClient({
    connect: (events) => transport().connect(events),
    getToken: (why) => transport().getToken(why),
    fetchSnapshot: (url) => transport().fetchSnapshot(url),
    queue,
    clock: browserClock,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    initial: { seq, epoch, grants, records: records.inline, complete: records.complete },
    ...(opened.documentId === null ? {} : { document: opened.documentId }),
    layer: opened.layer,
    ...(page === undefined ? {} : { page }),
  });
}

export const browserClock: Clock = {
  now: () => Date.now(),
  setTimeout(run, ms) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
