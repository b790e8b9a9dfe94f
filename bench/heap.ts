/** The heap of a process that runs already, after a collection: asked over Node's inspector, which its signal USR1 opens. */
import { once } from "node:events";
import WebSocket from "ws";
import { until } from "../e2e/product.ts";

export interface Heap {
  /** Bytes in use, rubbish collected first. */
  used(): Promise<number>;
  close(): void;
}

/** `inspector`: the port that the process was started with, as `--inspect-port`. */
export async function heapOf({ pid, inspector }: { readonly pid: number; readonly inspector: number }): Promise<Heap> {
  process.kill(pid, "SIGUSR1");
  const url = await until("the inspector answers", async () => {
    const response = await fetch(`http://127.0.0.1:${inspector}/json/list`).catch(() => null);
    return response === null ? null : ((await response.json()) as { webSocketDebuggerUrl: string }[])[0]?.webSocketDebuggerUrl;
  });
  const socket = new WebSocket(url);
  await once(socket, "open");
  let id = 0;
  const call = async <T>(method: string): Promise<T> => {
    const mine = ++id;
    socket.send(JSON.stringify({ id: mine, method }));
    for (;;) {
      const [data] = (await once(socket, "message")) as [Buffer];
      const answer = JSON.parse(data.toString()) as { id?: number; result: T };
      if (answer.id === mine) return answer.result;
    }
  };
  return {
    async used() {
      await call("HeapProfiler.collectGarbage");
      return (await call<{ usedSize: number }>("Runtime.getHeapUsage")).usedSize;
    },
    close: () => socket.close(),
  };
}
