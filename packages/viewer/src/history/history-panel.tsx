/** @jsxImportSource preact */
/** The layer's history for the sidebar: who changed what and when, what is new since this person looked, seeing it as it was, putting things back. */
import { type Signal, useSignal } from "@preact/signals";
import type { FunctionComponent, JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { ChangeSummary } from "@lectern/protocol";
import type { SyncClient } from "@lectern/sync/client";
import type { Pages } from "../parts.ts";
import { inkOn } from "../ui/contrast.ts";
import { initials } from "../ui/people.tsx";
import type { State } from "../ui/state.ts";
import type { Changes } from "./changes.ts";
import { type ChangeGroup, groupsOf } from "./groups.ts";
import type { Restoring } from "./restoring.ts";
import type { Telling } from "./telling.ts";

export interface HistoryPanelOptions {
  readonly state: State;
  readonly pages: Pages;
  readonly client: Pick<SyncClient, "seq">;
  readonly user: { readonly id: string | null };
  readonly changes: Changes;
  readonly telling: Telling;
  readonly restoring: Restoring;
  readonly showAsOf: (seq: number | null) => void;
}

/** Of one entry; more are put back together only. */
const MOST_RECORDS = 20;

export function createHistoryPanel(options: HistoryPanelOptions): FunctionComponent {
  const { state, client, changes, telling, restoring } = options;

  return function History() {
    const t = state.translate.value;
    const open = useSignal<number | null>(null);
    useEffect(() => changes.follow(), []);
    const now = changes.loaded.value;
    if (changes.failed.value !== null)
      return (
        <p class="empty" role="alert">
          {t("history.failed", { reason: changes.failed.value })}
        </p>
      );
    if (now === null) return <p class="empty">{t("history.loading")}</p>;
    const groups = groupsOf(now.changes, now.seen, options.user.id);
    if (groups.length === 0) return <p class="empty">{t("history.empty")}</p>;
    // Further back is another file, or nothing that is kept: what was there can be looked at, and not be put back.
    const reach = Math.max(now.floor, groups.find(({ revision }) => revision !== null)?.lastSeq ?? 0);
    let day = "";
    return (
      <ol class="lh-list" aria-label={t("sidebar.history")}>
        {groups.map((group) => {
          const thisDay = telling.day(group.at);
          const first = thisDay !== day;
          day = thisDay;
          return (
            <>
              {first && (
                <li class="lh-day" key={`day ${thisDay}`}>
                  {thisDay}
                </li>
              )}
              <Entry key={group.firstSeq} group={group} open={open} reach={reach} floor={now.floor} />
            </>
          );
        })}
        {now.next !== null && (
          <li>
            <button class="button plain lh-more" type="button" onClick={() => changes.more()}>
              {t("history.more")}
            </button>
          </li>
        )}
      </ol>
    );
  };

  interface EntryProps {
    readonly group: ChangeGroup;
    readonly open: Signal<number | null>;
    /** The first state that can be put back, and the first that can be seen. */
    readonly reach: number;
    readonly floor: number;
  }

  function Entry({ group, open, reach, floor }: EntryProps): JSX.Element {
    const t = state.translate.value;
    const { by, at, firstSeq, lastSeq, isNew } = group;
    // It stays open when its sitting goes on.
    const expanded = open.value === firstSeq;
    const name = telling.nameOf(by);
    const color = telling.pictureOf(by);
    return (
      <li class="lh-entry" data-open={expanded} data-shown={state.past.value?.seq === lastSeq}>
        <button class="lh-head" type="button" aria-expanded={expanded} onClick={() => (open.value = expanded ? null : firstSeq)}>
          <span class="lh-avatar" style={{ "--person": color, "--ink": inkOn(color) }} aria-hidden="true">
            {initials(name)}
          </span>
          <span class="lh-words">
            <span class="lh-who">
              <b>{name}</b>
              <time dateTime={new Date(at).toISOString()}>{telling.time(at)}</time>
            </span>
            <span class="lh-what">{telling.wordsOf(group)}</span>
          </span>
          {isNew && <span class="lh-new" role="img" aria-label={t("history.new")} />}
        </button>
        {expanded && <EntryActions group={group} reach={reach} floor={floor} />}
      </li>
    );
  }

  function EntryActions({ group, reach, floor }: Pick<EntryProps, "group" | "reach" | "floor">): JSX.Element {
    const t = state.translate.value;
    const { at, firstSeq, lastSeq, page, revision } = group;
    const number = page === null ? -1 : options.pages.order.indexOf(page);
    const canWrite = state.canWrite.value;
    const when = `${telling.day(at)}, ${telling.time(at)}`;
    const mayPutBack = revision === null && firstSeq > reach;
    return (
      <div class="lh-actions">
        {lastSeq >= floor && lastSeq < client.seq && (
          <button class="button" type="button" onClick={() => options.showAsOf(lastSeq)}>
            {t("history.show-as-of")}
          </button>
        )}
        {number >= 0 && (
          <button class="button" type="button" onClick={() => options.pages.jumpTo(page!)}>
            {t("history.show", { page: number + 1 })}
          </button>
        )}
        {mayPutBack && (
          <button
            class="button"
            type="button"
            disabled={!canWrite}
            onClick={() =>
              restoring.ask("group", {
                seq: firstSeq - 1,
                ids: group.ids,
                quote: `${telling.nameOf(group.by)} · ${when} · ${telling.wordsOf(group)}`,
              })
            }
          >
            {t("history.restore.group")}
          </button>
        )}
        {mayPutBack && group.records.length > 1 && <Records group={group} when={when} />}
        {lastSeq >= reach && lastSeq < client.seq && (
          <button class="button" type="button" disabled={!canWrite} onClick={() => restoring.ask("all", { seq: lastSeq, quote: when })}>
            {t("history.restore.all")}
          </button>
        )}
        {state.canDownload.value && (
          <button class="button" type="button" onClick={() => restoring.download(lastSeq)}>
            {t("history.download")}
          </button>
        )}
        {!canWrite && <p class="lh-note">{t("history.forbidden")}</p>}
        {lastSeq < reach && <p class="lh-note">{t("history.earlier")}</p>}
      </div>
    );
  }

  /** Each record of the entry by itself. */
  function Records({ group, when }: { readonly group: ChangeGroup; readonly when: string }): JSX.Element {
    const t = state.translate.value;
    const words = (op: ChangeSummary["ops"][number]): string => {
      const at = op.page === undefined ? -1 : options.pages.order.indexOf(op.page);
      return at < 0 ? telling.recordWords(op) : `${telling.recordWords(op)} · ${t("page.label", { page: at + 1 })}`;
    };
    return (
      <ul class="lh-records" aria-label={t("history.records")}>
        {group.records.slice(0, MOST_RECORDS).map((op) => (
          <li key={op.id}>
            <span>{words(op)}</span>
            <button
              class="button"
              type="button"
              disabled={!state.canWrite.value}
              aria-label={t("history.restore.one", { what: words(op) })}
              onClick={() =>
                restoring.ask("record", {
                  seq: group.firstSeq - 1,
                  ids: [op.id],
                  quote: `${telling.nameOf(group.by)} · ${when} · ${words(op)}`,
                })
              }
            >
              {t("history.restore.do")}
            </button>
          </li>
        ))}
      </ul>
    );
  }
}
