/**
 * Following a person: this window shows what theirs shows, until this person scrolls, they leave, or it is ended. And the other way: what this
 * window shows is told to those who may follow. Who presents asks everybody to follow: nobody is led anywhere who has not agreed, and those who
 * have are let go when the presentation ends.
 */
import type { Peer } from "@lectern/protocol";
import type { SyncClient } from "@lectern/sync/client";
import { effect } from "@preact/signals";
import type { Events } from "../events.ts";
import type { Scroller } from "../pages/scroller.ts";
import { personOf } from "../ui/people.tsx";
import type { State } from "../ui/state.ts";

export interface FollowingOptions {
  readonly scroller: Scroller;
  readonly client: Pick<SyncClient, "peers" | "self" | "on" | "setPresence">;
  readonly state: State;
  readonly events: Events;
  /** Keys are heard here. */
  readonly host: EventTarget;
}

/** Milliseconds between two words of where this window is. */
const TELL_MS = 100;
/** Somebody who is gone for so long has left. */
const PATIENCE_MS = 5000;
/** A window that is nearly as wide is not zoomed for. */
const SAME_SCALE = 0.04;
const OWN_KEYS: ReadonlySet<string> = new Set([
  "ArrowUp",
  "ArrowDown",
  "ArrowLeft",
  "ArrowRight",
  "PageUp",
  "PageDown",
  "Home",
  "End",
  " ",
]);

/** Until the returned function is called. */
export function createFollowing({ scroller, client, state, events, host }: FollowingOptions): () => void {
  const { viewport } = scroller;
  const ending = new AbortController();
  let telling = 0;
  let missing = 0;
  let shown = "";
  /** Followed because they present. */
  let led = false;
  let absent = 0;
  /** They have been away for too long. */
  let gone = false;

  function tell(): void {
    telling = 0;
    const page = scroller.order[scroller.currentIndex];
    const view = page === undefined ? undefined : scroller.views.get(page);
    if (page === undefined || view === undefined) return;
    const { left, top, right, bottom } = viewport.getBoundingClientRect();
    const [a, b] = [view.toPage(left, top), view.toPage(right, bottom)];
    const round = (value: number): number => Math.round(value * 10) / 10;
    const [x, y] = [round(Math.min(a[0], b[0])), round(Math.min(a[1], b[1]))];
    client.setPresence({ page, viewport: { page, x, y, width: round(Math.abs(a[0] - b[0])), height: round(Math.abs(a[1] - b[1])) } });
  }
  const tellSoon = (): void => void (telling ||= window.setTimeout(tell, TELL_MS));

  function follow(): void {
    const followed = state.following.value;
    if (followed === null) return void (shown = "");
    const now = found(client.peers, followed);
    if (now === null) {
      // They may only have lost their line, or we ours.
      missing ||= window.setTimeout(() => {
        missing = 0;
        if (state.following.value !== followed || found(client.peers, followed) !== null) return;
        state.announcement.value = state.translate.value("people.left", { name: followed.name });
        state.following.value = null;
      }, PATIENCE_MS);
      return;
    }
    const theirs = now.presence.viewport;
    const key = JSON.stringify(theirs ?? null);
    if (theirs === undefined || theirs === null || key === shown) return;
    shown = key;
    const { page, x, y, width, height } = theirs;
    const middle = [x + width / 2, y + height / 2] as const;
    scroller.centre(page, middle);
    const view = scroller.views.get(page);
    if (view === undefined) return;
    const box = view.toScreen([x, y, width, height]);
    const fit = Math.min(viewport.clientWidth / box.width, viewport.clientHeight / box.height);
    if (!Number.isFinite(fit) || Math.abs(fit - 1) < SAME_SCALE) return;
    scroller.setZoom(scroller.scale * fit);
    scroller.centre(page, middle);
  }

  /** Who presents stays the one until they end it: of two, the first. */
  function present(): void {
    const before = state.presenter.value;
    const presenting = client.peers.filter(({ presence }) => presence.presenting === true);
    const now = (before === null ? null : found(presenting, before)) ?? presenting[0] ?? null;
    if (now?.id === before?.id) return;
    if (now === null && found(client.peers, before!) === null && !gone) {
      // They may only have lost their line.
      absent ||= window.setTimeout(() => {
        [absent, gone] = [0, true];
        present();
        gone = false;
      }, PATIENCE_MS);
      return;
    }
    state.presenter.value = now;
    if (now !== null && before !== null && personOf(now) === personOf(before)) return;
    state.declined.value = null;
    const who = (now ?? before)!;
    // The banner says that somebody presents; that they have ended it nothing else says.
    const name = who.name || state.translate.value("people.anonymous");
    if (now === null) state.announcement.value = state.translate.value("present.ended", { name });
    events.emit("presenter.change", { presenter: now }, { origin: "remote", by: who.userId });
    if (now === null && led) state.following.value = null;
  }

  const stop = (): void => {
    if (state.following.value !== null) state.following.value = null;
  };
  const own = { passive: true, capture: true, signal: ending.signal } as const;
  viewport.addEventListener("scroll", tellSoon, { passive: true, signal: ending.signal });
  for (const type of ["wheel", "touchmove"]) viewport.addEventListener(type, stop, own);
  // Its own scroll bar.
  viewport.addEventListener("pointerdown", (event) => void (event.target === viewport && stop()), own);
  host.addEventListener("keydown", (event) => void (OWN_KEYS.has((event as KeyboardEvent).key) && stop()), own);

  let told = false;
  let heard: string | undefined;
  const stops = [
    scroller.onMove(tellSoon),
    client.on("peers", () => {
      present();
      follow();
    }),
    effect(() => {
      const presenting = state.presenting.value;
      if (presenting === told) return;
      told = presenting;
      client.setPresence({ presenting });
      if (presenting) state.following.value = null;
      events.emit("presenter.change", { presenter: presenting ? client.self : state.presenter.peek() });
    }),
    effect(() => {
      const followed = state.following.value;
      const presenter = state.presenter.peek();
      led = followed !== null && presenter !== null && personOf(followed) === personOf(presenter);
      if (followed?.id !== heard) events.emit("following.change", { client: followed });
      heard = followed?.id;
      viewport.classList.toggle("following", followed !== null);
      if (followed !== null) viewport.style.setProperty("--person", followed.color);
      follow();
    }),
  ];
  tellSoon();
  present();
  return () => {
    ending.abort();
    clearTimeout(telling);
    clearTimeout(missing);
    clearTimeout(absent);
    for (const each of stops) each();
    state.following.value = null;
    state.presenter.value = null;
    viewport.classList.remove("following");
  };
}

/** The same connection, or another one of the same person. */
function found(peers: readonly Peer[], followed: Peer): Peer | null {
  const same = peers.find(({ id }) => id === followed.id);
  return same ?? peers.find(({ userId }) => userId !== null && userId === followed.userId) ?? null;
}
