/** Changes in words: who, when, what. */
import type { AnyRecord, ChangeSummary } from "@lectern/protocol";
import type { SyncClient } from "@lectern/sync/client";
import { colorOf } from "../comments/people.ts";
import type { State } from "../ui/state.ts";
import type { ChangeGroup } from "./groups.ts";

export interface TellingOptions {
  readonly state: State;
  readonly client: Pick<SyncClient, "peers" | "records">;
  readonly user: { readonly id: string | null; readonly name: string; readonly color: string };
}

export interface Telling {
  nameOf(by: string | null): string;
  pictureOf(by: string | null): string;
  /** Of milliseconds since 1970. */
  day(at: number): string;
  time(at: number): string;
  wordsOf(group: ChangeGroup): string;
  /** One record that was changed. */
  recordWords(op: ChangeSummary["ops"][number]): string;
}

const KINDS: ReadonlySet<string> = new Set(["annotation", "comment", "reaction", "page", "value", "field", "bookmark"]);

export function createTelling({ state, client, user }: TellingOptions): Telling {
  const language = document.documentElement.lang || undefined;
  const times = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
  const days = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
  const plural = new Intl.PluralRules(language);
  const what = (kind: string, count: number): string =>
    state.translate.value(`history.kind.${KINDS.has(kind) ? kind : "other"}.${plural.select(count) === "one" ? "one" : "other"}`, {
      count,
    });

  /** What kind of annotation, which field: what the record itself still says. */
  function detail(record: AnyRecord | undefined): string | null {
    const t = state.translate.value;
    if (record?.kind === "annotation") {
      const words = t(`tools.kind.${record.data.type}`);
      return words.startsWith("tools.") ? null : words;
    }
    const field = record?.kind === "value" ? client.records.get(record.data.field) : undefined;
    return field?.kind === "field" ? field.data.name : null;
  }

  return {
    nameOf(by) {
      const t = state.translate.value;
      if (by === null) return t("history.service");
      if (by === user.id) return user.name || t("people.anonymous");
      return client.peers.find(({ userId }) => userId === by)?.name || by;
    },
    pictureOf: (by) => (by === user.id ? user.color : (client.peers.find(({ userId }) => userId === by)?.color ?? colorOf(by ?? ""))),
    day: (at) => days.format(at),
    time: (at) => times.format(at),
    wordsOf({ counts, revision }) {
      const t = state.translate.value;
      if (revision !== null) return t("history.revision", { revision });
      const words = counts.map(({ action, kind, count }) => t(`history.${action}`, { what: what(kind, count) }));
      return words.length === 0 ? t("history.nothing") : words.join(" · ");
    },
    recordWords: ({ action, id, kind }) =>
      state.translate.value(`history.${action}`, { what: detail(client.records.get(id)) ?? what(kind, 1) }),
  };
}
