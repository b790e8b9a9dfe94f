/** Work that waits its turn within this process: one at a time for each name, and no more than `most` in all. In the order it was asked. */
export function oneAtATime(most = Number.POSITIVE_INFINITY): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  const waiting: (() => void)[] = [];
  let running = 0;

  async function inSlot<T>(work: () => Promise<T>): Promise<T> {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      // the slot is handed on as it is
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  }

  return async (name, work) => {
    const before = last.get(name) ?? Promise.resolve();
    const mine = before.then(
      () => inSlot(work),
      () => inSlot(work),
    );
    last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (last.get(name) === mine) last.delete(name);
    }
  };
}
