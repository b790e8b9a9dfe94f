/** @jsxImportSource preact */
/** The layer's history for the sidebar: who changed what and when, what is new since this person looked, and putting things back. A chunk of its own. */
import { type Signal, signal, useSignal } from "@preact/signals";
import type { FunctionComponent, JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { ChangeSummary } from "@lectern/protocol";
import type { SyncClient } from "@lectern/sync/client";
import { colorOf } from "../comments/people.ts";
import type { Pages } from "../parts.ts";
import type { LayerHistory } from "../source/source.ts";
import { inkOn } from "../ui/contrast.ts";
import { initials } from "../ui/people.tsx";
import type { State } from "../ui/state.ts";
import { adoptStyles } from "../ui/style.ts";
import { type ChangeGroup, groupsOf } from "./groups.ts";
import css from "./history.css?inline";

export interface HistoryOptions {
  readonly root: ShadowRoot;
  readonly state: State;
  readonly pages: Pages;
  readonly client: Pick<SyncClient, "seq" | "peers" | "records" | "on">;
  readonly history: LayerHistory;
  readonly user: { readonly id: string | null; readonly name: string; readonly color: string };
  readonly save: (pdf: Blob, name: string) => void;
}

interface Loaded {
  readonly changes: readonly ChangeSummary[];
  /** Older ones are before it; null: there are none. */
  readonly next: number | null;
  readonly floor: number;
  readonly seen: number | null;
}

const KINDS: ReadonlySet<string> = new Set(["annotation", "comment", "reaction", "page", "value", "field", "bookmark"]);
/** A burst of changes is read once. */
const CALM_MS = 400;

export function createHistory(options: HistoryOptions): FunctionComponent {
  const { root, state, client, history } = options;
  adoptStyles(root, css);
  const language = document.documentElement.lang || undefined;
  const times = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
  const days = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
  const plural = new Intl.PluralRules(language);
  const loaded = signal<Loaded | null>(null);
  const failed = signal<string | null>(null);
  let seen: number | null | undefined;

  async function load(until: number): Promise<Loaded> {
    const { data, next, floor, seen: now } = await history.changes(until);
    // As it was when this person came: their own looking does not make things old under their eyes.
    seen ??= now;
    return { changes: data, next, floor, seen: seen ?? null };
  }
  const tell = (error: unknown): void => void (failed.value = error instanceof Error ? error.message : String(error));
  const refresh = (): void => {
    load(Math.max(0, client.seq)).then((news) => {
      failed.value = null;
      loaded.value = news;
    }, tell);
  };
  const more = (now: Loaded): void => {
    load(now.next!).then((older) => (loaded.value = { ...older, changes: [...now.changes, ...older.changes] }), tell);
  };

  function nameOf(by: string | null): string {
    const t = state.translate.value;
    if (by === null) return t("history.service");
    if (by === options.user.id) return options.user.name || t("people.anonymous");
    return client.peers.find(({ userId }) => userId === by)?.name || by;
  }
  const pictureOf = (by: string | null): string =>
    by === options.user.id ? options.user.color : (client.peers.find(({ userId }) => userId === by)?.color ?? colorOf(by ?? ""));

  function wordsOf({ counts, revision }: ChangeGroup): string {
    const t = state.translate.value;
    if (revision !== null) return t("history.revision", { revision });
    const words = counts.map(({ action, kind, count }) => {
      const known = KINDS.has(kind) ? kind : "other";
      const what = t(`history.kind.${known}.${plural.select(count) === "one" ? "one" : "other"}`, { count });
      return t(`history.${action}`, { what });
    });
    return words.length === 0 ? t("history.nothing") : words.join(" · ");
  }

  function confirm(group: ChangeGroup, kind: "group" | "all"): void {
    const t = state.translate.value;
    const when = `${days.format(group.at)}, ${times.format(group.at)}`;
    state.dialog.value = {
      title: t(`history.confirm.${kind}`),
      detail: t(`history.confirm.${kind}.detail`),
      quote: kind === "all" ? when : `${nameOf(group.by)} · ${when} · ${wordsOf(group)}`,
      confirm: t("history.restore.do"),
      onConfirm: () => {
        const wish = kind === "all" ? history.restore(group.lastSeq) : history.restore(group.firstSeq - 1, group.ids);
        wish.then(({ restored, left }) => {
          state.notice.value = t(left === 0 ? "history.restored" : "history.restored-partly", { count: restored, left });
          refresh();
        }, told);
      },
    };
  }
  const told = (error: unknown): void => {
    state.notice.value = state.translate.value("history.failed", { reason: error instanceof Error ? error.message : String(error) });
  };
  function download({ lastSeq }: ChangeGroup): void {
    history.pdf(lastSeq).then((pdf) => options.save(pdf, `${state.title.value ?? "document"} (${lastSeq}).pdf`), told);
  }

  return function History() {
    const t = state.translate.value;
    const open = useSignal<number | null>(null);
    useEffect(() => {
      let timer = 0;
      const soon = (): void => {
        clearTimeout(timer);
        timer = window.setTimeout(refresh, CALM_MS);
      };
      refresh();
      const stop = client.records.onChange(soon);
      return () => {
        clearTimeout(timer);
        stop();
      };
    }, []);
    const now = loaded.value;
    if (failed.value !== null)
      return (
        <p class="empty" role="alert">
          {t("history.failed", { reason: failed.value })}
        </p>
      );
    if (now === null) return <p class="empty">{t("history.loading")}</p>;
    const groups = groupsOf(now.changes, now.seen, options.user.id);
    if (groups.length === 0) return <p class="empty">{t("history.empty")}</p>;
    // Further back is another file, or nothing that is kept.
    const reach = Math.max(now.floor, groups.find(({ revision }) => revision !== null)?.lastSeq ?? 0);
    let day = "";
    return (
      <ol class="lh-list" aria-label={t("sidebar.history")}>
        {groups.map((group) => {
          const thisDay = days.format(group.at);
          const first = thisDay !== day;
          day = thisDay;
          return (
            <>
              {first && (
                <li class="lh-day" key={`day ${thisDay}`}>
                  {thisDay}
                </li>
              )}
              <Entry key={group.lastSeq} group={group} open={open} reach={reach} />
            </>
          );
        })}
        {now.next !== null && (
          <li>
            <button class="button plain lh-more" type="button" onClick={() => more(now)}>
              {t("history.more")}
            </button>
          </li>
        )}
      </ol>
    );
  };

  function Entry({
    group,
    open,
    reach,
  }: {
    readonly group: ChangeGroup;
    readonly open: Signal<number | null>;
    readonly reach: number;
  }): JSX.Element {
    const t = state.translate.value;
    const { by, at, lastSeq, firstSeq, isNew, page, revision } = group;
    const expanded = open.value === lastSeq;
    const name = nameOf(by);
    const color = pictureOf(by);
    const number = page === null ? -1 : options.pages.order.indexOf(page);
    const canWrite = state.canWrite.value;
    return (
      <li class="lh-entry" data-open={expanded}>
        <button class="lh-head" type="button" aria-expanded={expanded} onClick={() => (open.value = expanded ? null : lastSeq)}>
          <span class="lh-avatar" style={{ "--person": color, "--ink": inkOn(color) }} aria-hidden="true">
            {initials(name)}
          </span>
          <span class="lh-words">
            <span class="lh-who">
              <b>{name}</b>
              <time dateTime={new Date(at).toISOString()}>{times.format(at)}</time>
            </span>
            <span class="lh-what">{wordsOf(group)}</span>
          </span>
          {isNew && <span class="lh-new" role="img" aria-label={t("history.new")} />}
        </button>
        {expanded && (
          <div class="lh-actions">
            {number >= 0 && (
              <button class="button" type="button" onClick={() => options.pages.jumpTo(page!)}>
                {t("history.show", { page: number + 1 })}
              </button>
            )}
            {revision === null && firstSeq > reach && (
              <button class="button" type="button" disabled={!canWrite} onClick={() => confirm(group, "group")}>
                {t("history.restore.group")}
              </button>
            )}
            {lastSeq >= reach && lastSeq < client.seq && (
              <button class="button" type="button" disabled={!canWrite} onClick={() => confirm(group, "all")}>
                {t("history.restore.all")}
              </button>
            )}
            {state.canDownload.value && (
              <button class="button" type="button" onClick={() => download(group)}>
                {t("history.download")}
              </button>
            )}
            {!canWrite && <p class="lh-note">{t("history.forbidden")}</p>}
            {lastSeq < reach && <p class="lh-note">{t("history.earlier")}</p>}
          </div>
        )}
      </li>
    );
  }
}
