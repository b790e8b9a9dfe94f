import { pagesPdf } from "@lectern/pdf/testing";
import type { BrowserContext, Page, WebSocketRoute } from "playwright-core";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { describeInBrowser, pageImage } from "./browser.ts";
import { until } from "./product.ts";
import { useStage } from "./stage.ts";

interface Instance {
  create(annotation: unknown): Promise<readonly string[]>;
  update(change: unknown): Promise<unknown>;
  pageInfoForIndex(index: number): { readonly id: string } | null;
}
interface Around {
  readonly instance: Instance;
  start(options: object): Promise<unknown>;
  fresh(): Promise<string>;
}

describeInBrowser("without a network", () => {
  const stage = useStage();
  let documentId: string;
  /** The browser of one computer, and whether it has a network. */
  let computer: BrowserContext;
  let isOffline: boolean;
  /** Messages of the service are kept back. */
  let isHeld: boolean;
  let welcomes: number;
  const lines = new Set<{ readonly near: WebSocketRoute; readonly far: WebSocketRoute; readonly held: (() => void)[] }>();

  beforeAll(async () => {
    documentId = await stage.upload(pagesPdf(2));
  });
  beforeEach(async () => {
    computer = await stage.browser.newContext({ viewport: { width: 1280, height: 900 } });
    [isOffline, isHeld, welcomes] = [false, false, 0];
    // Offline, a browser lets sockets stand that are open already.
    await computer.routeWebSocket(/\/viewer\/sync/, (near) => {
      if (isOffline) return void near.close();
      const far = near.connectToServer();
      const line = { near, far, held: [] as (() => void)[] };
      lines.add(line);
      near.onClose(() => {
        lines.delete(line);
        void far.close();
      });
      far.onMessage((message) => {
        if (String(message).includes('"welcome"')) welcomes++;
        if (isHeld) line.held.push(() => near.send(message));
        else near.send(message);
      });
    });
    for (const { id } of await stored()) await stage.product.client.annotations.delete({ documentId, annotationId: id });
    return () => computer.close();
  });

  async function goOffline(): Promise<void> {
    isOffline = true;
    await computer.setOffline(true);
    await Promise.all([...lines].flatMap(({ near, far }) => [near.close().catch(() => undefined), far.close().catch(() => undefined)]));
    lines.clear();
  }
  /** What was kept back arrives, at those who still listen: a new line may have been opened meanwhile, and waits for its welcome. */
  function letThrough(): void {
    isHeld = false;
    for (const { held } of lines) for (const send of held.splice(0)) send();
  }
  async function goOnline(): Promise<void> {
    isOffline = false;
    await computer.setOffline(false);
  }

  const open = (user: string): Promise<Page> => stage.open(documentId, { user, context: computer });
  /** Shown at once; nobody waits for the service. */
  const draw = (page: Page, note: string): Promise<void> =>
    page.evaluate((text) => {
      const { instance } = window as unknown as Around;
      const annotation = {
        type: "rectangle",
        page: instance.pageInfoForIndex(0)!.id,
        geometry: { bbox: [100, 200, 120, 60] },
        appearance: { strokeColor: "#e02020", strokeWidth: 4 },
        note: text,
      };
      instance.create(annotation).catch(() => undefined);
    }, note);
  const stored = async () => (await stage.product.client.annotations.list({ documentId })).data.annotations;
  const notes = async (): Promise<string[]> =>
    (await stored()).map(({ content, createdBy }) => `${createdBy} ${String(content["note"])}`).toSorted();
  const arrived = (expected: readonly string[]) =>
    until(`${expected.join()} arrived`, async () => (await notes()).join() === expected.join(), 60).then(async () => {
      // Once: each annotation was created by one change.
      const { data } = await stage.product.client.layers.changes({ documentId });
      const ids = new Set((await stored()).map(({ id }) => id));
      const created = data.flatMap(({ ops }) => ops.filter(({ id, action }) => action === "create" && ids.has(id)).map(({ id }) => id));
      expect(created.toSorted()).toEqual([...ids].toSorted());
    });
  const saved = (page: Page) => page.getByRole("status", { name: "All changes are saved" }).waitFor();
  const waiting = (page: Page, count: number) => page.getByText(`Offline · ${count} to save`).waitFor();
  /** Written to the device: a tab may be closed then. */
  const onDevice = (page: Page, count: number): Promise<true> =>
    until(`${count} changes are on the device`, async () => (await kept(page)) === count);
  const rowsOf = (page: Page, name: "pushes" | "queues"): Promise<number> =>
    page.evaluate(
      (store) =>
        new Promise<number>((resolve, reject) => {
          const opening = indexedDB.open("lectern");
          opening.onerror = () => reject(new Error("no storage"));
          opening.onsuccess = () => {
            const counting = opening.result.transaction(store).objectStore(store).count();
            counting.onsuccess = () => {
              opening.result.close();
              resolve(counting.result);
            };
          };
        }),
      name,
    );
  const kept = (page: Page) => rowsOf(page, "pushes");
  const queues = (page: Page) => rowsOf(page, "queues");

  test("what the service has not confirmed is not called saved, and a line that has silently gone is noticed", async () => {
    const ana = await open("ana");
    await until("the socket is open", () => welcomes === 1);
    await saved(ana);
    isHeld = true;
    await draw(ana, "zero");
    await ana.getByText("Saving…").waitFor();
    // The service has it, but the answer does not come; nothing tells the browser that the line is dead.
    await arrived(["ana zero"]);
    await waiting(ana, 1);
    letThrough();
    await saved(ana);
    await arrived(["ana zero"]);
  });

  test("one sees how much waits, also after the tab was closed, and every edit arrives once and in its order", async () => {
    const ana = await open("ana");
    await saved(ana);
    await goOffline();
    await draw(ana, "one");
    await draw(ana, "two");
    await waiting(ana, 2);
    await draw(ana, "three");
    await waiting(ana, 3);
    await onDevice(ana, 3);
    await ana.close();
    expect(await notes()).toEqual([]);

    await goOnline();
    const again = await open("ana");
    await arrived(["ana one", "ana three", "ana two"]);
    await saved(again);
    expect(await again.locator("g[data-id]").count()).toBe(3);
    const { data } = await stage.product.client.layers.changes({ documentId });
    const byId = new Map((await stored()).map(({ id, content }) => [id, content["note"]]));
    const order = data.toSorted((a, b) => a.seq - b.seq).flatMap(({ ops }) => ops.flatMap(({ id }) => byId.get(id) ?? []));
    expect(order).toEqual(["one", "two", "three"]);
    expect(await kept(again)).toBe(0);
  });

  test("each tab has a queue of its own: of one that crashed another takes it over, of one that lives it stays", async () => {
    const [living, dying] = [await open("ana"), await open("ana")];
    await Promise.all([saved(living), saved(dying)]);
    await goOffline();
    await draw(living, "living");
    await draw(dying, "dying");
    await onDevice(living, 2);
    const crashed = new Promise<void>((resolve) => dying.once("crash", () => resolve()));
    const devtools = await computer.newCDPSession(dying);
    devtools.send("Page.crash").catch(() => undefined);
    await crashed;
    await dying.close();
    await goOnline();
    const third = await open("ana");
    await arrived(["ana dying", "ana living"]);
    await Promise.all([saved(living), saved(third)]);
    for (const page of [living, third]) await until("both are shown", async () => (await page.locator("g[data-id]").count()) === 2);
    await until("nothing is left on the device", async () => (await kept(third)) === 0);
  });

  test("… also where browsers have no locks: of two tabs that open at once, one takes over what was left, and each has a queue of its own", async () => {
    await computer.addInitScript(() => Object.defineProperty(navigator, "locks", { value: undefined }));
    const left = await open("ana");
    await saved(left);
    await goOffline();
    await draw(left, "left");
    await onDevice(left, 1);
    await left.goto("about:blank");
    await goOnline();
    // Ten minutes later; both know which queues there are before one of them takes any.
    await computer.addInitScript(() => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + 600_000;
      const original = Object.getOwnPropertyDescriptor(IDBIndex.prototype, "getAll")!.value as (query: IDBValidKey) => IDBRequest;
      IDBIndex.prototype.getAll = function (this: IDBIndex, query: IDBValidKey) {
        const request = original.call(this, query);
        Object.defineProperty(request, "onsuccess", {
          set(listener: () => void) {
            request.addEventListener("success", () => {
              localStorage.setItem(`reader ${Math.random()}`, "");
              const timer = setInterval(() => {
                if (Object.keys(localStorage).filter((name) => name.startsWith("reader ")).length < 2) return;
                clearInterval(timer);
                listener();
              }, 20);
            });
          },
        });
        return request;
      } as typeof IDBIndex.prototype.getAll;
    });
    const [one, two] = await Promise.all([open("ana"), open("ana")]);
    await arrived(["ana left"]);
    expect(await queues(one)).toBe(2);
    await Promise.all([draw(one, "one"), draw(two, "two")]);
    await arrived(["ana left", "ana one", "ana two"]);
    await Promise.all([saved(one), saved(two)]);
  });

  test("what one person left is not sent when another opens the document on the same browser", async () => {
    const ana = await open("ana");
    await saved(ana);
    await goOffline();
    await draw(ana, "mine");
    await waiting(ana, 1);
    await onDevice(ana, 1);
    await ana.close();
    await goOnline();
    const ben = await open("ben");
    await saved(ben);
    await draw(ben, "his");
    await arrived(["ben his"]);
    await saved(ben);
    expect(await kept(ben)).toBe(1);
    await ben.close();
    const again = await open("ana");
    await arrived(["ana mine", "ben his"]);
    await saved(again);
  });

  describeExpiry();

  test("what the others made impossible meanwhile is taken back with the reason, and the rest is saved", async () => {
    const id = "to-be-deleted";
    await stage.product.client.annotations.create({
      documentId,
      id,
      content: { type: "pspdfkit/shape/rectangle", v: 2, pageIndex: 0, bbox: [100, 200, 150, 80], strokeColor: "#3457d5", strokeWidth: 4 },
    });
    const ana = await open("ana");
    await saved(ana);
    await ana.locator(`g[data-id="${id}"]`).first().waitFor({ state: "attached" });
    await goOffline();
    await ana.evaluate((id) => {
      const { instance } = window as unknown as Around;
      instance.update({ id, note: "too late" }).catch(() => undefined);
    }, id);
    await draw(ana, "fine");
    await waiting(ana, 2);
    await stage.product.client.annotations.delete({ documentId, annotationId: id });
    await goOnline();
    await ana.getByRole("status", { name: "Changes not accepted: 1" }).waitFor();
    await ana.getByText("A change was not accepted and has been taken back").waitFor();
    await arrived(["ana fine"]);
    expect(await ana.locator("g[data-id]").count()).toBe(1);
  });

  test("… also when it comes from a tab that is closed and whose queue another tab sends beside its own", async () => {
    await stage.product.client.annotations.create({
      documentId,
      id: "to-be-deleted-too",
      content: { type: "pspdfkit/shape/rectangle", v: 2, pageIndex: 0, bbox: [100, 200, 150, 80], strokeColor: "#3457d5", strokeWidth: 4 },
    });
    const tabs = [await open("ana"), await open("ana")];
    for (const tab of tabs) {
      await saved(tab);
      await tab.locator(`g[data-id="to-be-deleted-too"]`).first().waitFor({ state: "attached" });
    }
    await goOffline();
    for (const [index, tab] of tabs.entries()) await draw(tab, `tab ${index}`);
    await onDevice(tabs[0]!, 2);
    // A new tab goes on with the first of the queues that it finds; this is the other one.
    const last = await tabs[0]!.evaluate(
      () =>
        new Promise<string>((resolve, reject) => {
          const opening = indexedDB.open("lectern");
          opening.onerror = () => reject(new Error("no storage"));
          opening.onsuccess = () => {
            const reading = opening.result.transaction("pushes").objectStore("pushes").getAll();
            reading.onsuccess = () => {
              opening.result.close();
              resolve(JSON.stringify((reading.result as { sid: string }[]).toSorted((a, b) => (a.sid < b.sid ? -1 : 1)).at(-1)));
            };
          };
        }),
    );
    await tabs[last.includes("tab 1") ? 1 : 0]!.evaluate(() => {
      const { instance } = window as unknown as Around;
      instance.update({ id: "to-be-deleted-too", note: "too late" }).catch(() => undefined);
    });
    await onDevice(tabs[0]!, 3);
    for (const tab of tabs) await tab.close();
    await stage.product.client.annotations.delete({ documentId, annotationId: "to-be-deleted-too" });
    await goOnline();
    const again = await open("ana");
    await again.getByText("A change was not accepted and has been taken back").waitFor();
    await arrived(["ana tab 0", "ana tab 1"]);
  });

  /** Whose token has expired while there was no network. */
  function describeExpiry(): void {
    const SECONDS = 8;
    /** Clocks may differ by so much. */
    const LEEWAY_MS = 5000;
    /** Opens with a short session, goes offline and waits until it is over; `fresh` is what `onSessionExpired` answers. */
    async function away(note: string, fresh: (() => Promise<string>) | null): Promise<Page> {
      const ana = await computer.newPage();
      ana.setDefaultTimeout(15_000);
      let ends = 0;
      const mint = async (): Promise<string> => {
        ends = Date.now() + SECONDS * 1000;
        return stage.session(documentId, { user: "ana", expiresIn: SECONDS });
      };
      // A slow machine may need another before it is all on screen.
      let isAway = false;
      await ana.exposeFunction("fresh", () => (isAway ? (fresh ?? mint)() : mint()));
      await ana.goto(stage.host.url);
      await ana.evaluate(
        ([session, answers]) => {
          const around = window as unknown as Around;
          return around.start({ session, ...(answers ? { onSessionExpired: () => around.fresh() } : {}) });
        },
        [await mint(), fresh !== null] as const,
      );
      await pageImage(ana, 1).waitFor();
      await saved(ana);
      await goOffline();
      isAway = true;
      await draw(ana, note);
      await waiting(ana, 1);
      await onDevice(ana, 1);
      await until("the session has expired", () => Date.now() > ends + LEEWAY_MS + 500);
      await goOnline();
      return ana;
    }

    test("a token that expired meanwhile is replaced by the page's callback, and what waits is sent", { timeout: 240_000 }, async () => {
      let asked = 0;
      const ana = await away("later", () => {
        asked++;
        return stage.session(documentId, { user: "ana" });
      });
      await arrived(["ana later"]);
      await saved(ana);
      expect(asked).toBe(1);
      await draw(ana, "and on");
      await arrived(["ana and on", "ana later"]);
    });

    test("a callback that answers with another person's token sends nothing as that person", { timeout: 240_000 }, async () => {
      const ana = await away("mine", () => stage.session(documentId, { user: "ben" }));
      await ana.getByRole("alert").waitFor({ timeout: 60_000 });
      expect(await notes()).toEqual([]);
      expect(await kept(ana)).toBe(1);
      await ana.close();
      await saved(await open("ana"));
      await arrived(["ana mine"]);
    });

    test(
      "without a callback the page says that the session is over, and the next session sends what waits",
      { timeout: 240_000 },
      async () => {
        const ana = await away("kept", null);
        await ana.getByRole("alert").waitFor({ timeout: 60_000 });
        expect([await notes(), await kept(ana)]).toEqual([[], 1]);
        await ana.close();
        await saved(await open("ana"));
        await arrived(["ana kept"]);
      },
    );
  }
});
