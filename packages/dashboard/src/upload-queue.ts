/** Files on their way: at most three at once, each with its progress or the reason why it was refused. */
import { queries } from "./api.ts";
import { upload } from "./upload.ts";

export interface QueuedFile {
  readonly key: number;
  readonly file: File;
  /** 0 to 1. */
  readonly share: number;
  readonly state: "waiting" | "sending" | "failed";
  readonly reason?: string;
}

export interface UploadQueue {
  readonly items: () => readonly QueuedFile[];
  readonly subscribe: (listener: () => void) => () => void;
  readonly add: (files: readonly File[]) => void;
  /** Cancels what is on its way, forgets what failed. */
  readonly dismiss: (key: number) => void;
}

const AT_ONCE = 3;

export function uploadQueue(applicationId: string): UploadQueue {
  let items: readonly QueuedFile[] = [];
  let nextKey = 0;
  const listeners = new Set<() => void>();
  const controllers = new Map<number, AbortController>();

  const set = (next: readonly QueuedFile[]) => {
    items = next;
    for (const listener of listeners) listener();
  };
  const change = (key: number, to: Partial<QueuedFile>) => set(items.map((item) => (item.key === key ? { ...item, ...to } : item)));
  const remove = (key: number) => set(items.filter((item) => item.key !== key));

  async function send({ key, file }: QueuedFile): Promise<void> {
    const controller = new AbortController();
    controllers.set(key, controller);
    change(key, { state: "sending" });
    try {
      await upload(file, { applicationId, signal: controller.signal, onProgress: (share) => change(key, { share }) });
      remove(key);
    } catch (error) {
      if (!controller.signal.aborted) change(key, { state: "failed", reason: error instanceof Error ? error.message : "Refused" });
    }
    controllers.delete(key);
    sendWaiting();
    await queries.invalidateQueries({ queryKey: ["documents"] });
  }
  function sendWaiting(): void {
    const free = AT_ONCE - controllers.size;
    for (const item of items.filter(({ state }) => state === "waiting").slice(0, Math.max(0, free))) void send(item);
  }

  return {
    items: () => items,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    add(files) {
      set([...items, ...files.map((file) => ({ key: nextKey++, file, share: 0, state: "waiting" as const }))]);
      sendWaiting();
    },
    dismiss(key) {
      controllers.get(key)?.abort();
      remove(key);
    },
  };
}
