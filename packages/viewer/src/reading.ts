/** What makes pages readable, now or as they were: text that is selected, tiles, links, gestures, the form. */
import type { Action, AnyRecord } from "@lectern/protocol";
import type { Grants } from "@lectern/protocol/plain";
import type { Records, SyncClient } from "@lectern/sync/client";
import { followGestures } from "./pages/gestures.ts";
import { type LinkTarget, linkTarget } from "./pages/link-target.ts";
import { showLinks } from "./pages/links.ts";
import type { Scroller } from "./pages/scroller.ts";
import { createTextLayer } from "./pages/text-layer.ts";
import { PageTiles } from "./pages/tiles.ts";
import type { TextLayer } from "./parts.ts";
import type { Paper } from "./source/source.ts";
import type { State } from "./ui/state.ts";

export interface ReadingOptions {
  readonly paper: Paper;
  readonly scroller: Scroller;
  readonly client: SyncClient;
  readonly root: ShadowRoot;
  readonly state: State;
  readonly grants: () => Grants;
  /** Nothing is filled in, whatever the grants say. */
  readonly readOnly: boolean;
}

export interface Reading {
  readonly text: TextLayer;
  follow(action: Action | undefined): void;
  close(): void;
}

export function createReading({ paper, scroller, client, root, state, grants, readOnly }: ReadingOptions): Reading {
  const go = (target: LinkTarget): void => {
    const t = state.translate.value;
    if (target.kind === "page") {
      const place = target.top === null ? undefined : ([target.left ?? 0, target.top, 0, 0] as const);
      scroller.jumpTo(target.page, place === undefined ? undefined : [...place]);
      return;
    }
    state.dialog.value = {
      title: t("link.title"),
      detail: t("link.detail"),
      quote: target.href,
      confirm: t("link.open"),
      onConfirm: () => window.open(target.href, "_blank", "noopener,noreferrer"),
    };
  };
  const follow = (action: Action | undefined): void => {
    const target = linkTarget(action);
    if (target !== null) go(target);
  };
  const text = createTextLayer({
    scroller,
    root,
    load: (page, signal) => paper.text(page, signal),
    onError: reportError,
    canCopy: paper.opened.restrictions.copy,
  });
  const tiles = new PageTiles({
    scroller,
    load: (page, tile, signal) => paper.tile(page, tile, signal),
    pixelRatio: () => devicePixelRatio,
  });
  const stops = [
    () => text.destroy(),
    showLinks({
      pages: scroller,
      records: client.records,
      follow: go,
      label(target) {
        const t = state.translate.value;
        return target.kind === "page"
          ? t("link.to-page", { page: scroller.order.indexOf(target.page) + 1 })
          : t("link.external", { address: target.href });
      },
    }),
    followGestures(scroller),
    () => tiles.close(),
    lateForms(client.records, async () => {
      const { showForms } = await import("./forms/forms.ts");
      return showForms({
        pages: scroller,
        client,
        grants,
        readOnly,
        root,
        t: (key, values) => state.translate.value(key, values),
        follow,
        announce: (words) => (state.announcement.value = words),
      });
    }),
  ];
  return {
    text,
    follow,
    close() {
      for (const stop of stops) stop();
    },
  };
}

/** The form's part comes when there is a field, which may be made later. */
function lateForms(records: Records, load: () => Promise<() => void>): () => void {
  let stop: (() => void) | null = null;
  let state: "waiting" | "loading" | "closed" = "waiting";
  const look = (ids: Iterable<AnyRecord | undefined>): void => {
    if (state !== "waiting") return;
    for (const record of ids) {
      if (record?.kind !== "widget") continue;
      state = "loading";
      stopListening();
      load().then((close) => {
        if (state === "closed") close();
        else stop = close;
      }, reportError);
      return;
    }
  };
  const stopListening = records.onChange(({ ids }) => look([...ids].map((id) => records.get(id))));
  look(records.all());
  return () => {
    state = "closed";
    stopListening();
    stop?.();
  };
}
