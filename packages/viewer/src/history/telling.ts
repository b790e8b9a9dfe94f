/** Changes in words: who, when, what. */
import type { AnyRecord, ChangeSummary } from "@lectern/protocol";
import type { SyncClient } from "@lectern/sync/client";
import { colorOf } from "../comments/people.ts";
import { dateTimes, languageOf } from "../ui/dates.ts";
import type { Translate } from "../ui/locale.ts";
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
  const t: Translate = (key, values) => state.translate.value(key, values);
  const times = dateTimes(t, { hour: "2-digit", minute: "2-digit" });
  const days = dateTimes(t, { weekday: "long", day: "numeric", month: "long" });
  const one = (count: number): boolean => new Intl.PluralRules(languageOf(t)).select(count) === "one";
  const what = (kind: string, count: number): string =>
    t(`history.kind.${KINDS.has(kind) ? kind : "other"}.${one(count) ? "one" : "other"}`, {
      count,
    });

  /** What kind of annotation, which field: what the record itself still says. */
  function detail(record: AnyRecord | undefined): string | null {
    if (record?.kind === "annotation") {
      const words = t(`tools.kind.${record.data.type}`);
      return words.startsWith("tools.") ? null : words;
    }
    const field = record?.kind === "value" ? client.records.get(record.data.field) : undefined;
    return field?.kind === "field" ? field.data.name : null;
  }

  return {
    nameOf(by) {
      if (by === null) return t("history.service");
      if (by === user.id) return user.name || t("people.anonymous");
      return client.peers.find(({ userId }) => userId === by)?.name || by;
    },
    pictureOf: (by) => (by === user.id ? user.color : (client.peers.find(({ userId }) => userId === by)?.color ?? colorOf(by ?? ""))),
    day: (at) => days(at),
    time: (at) => times(at),
    wordsOf({ counts, revision }) {
      if (revision !== null) return t("history.revision", { revision });
      const words = counts.map(({ action, kind, count }) => t(`history.${action}`, { what: what(kind, count) }));
      return words.length === 0 ? t("history.nothing") : words.join(" · ");
    },
    recordWords: ({ action, id, kind }) => t(`history.${action}`, { what: detail(client.records.get(id)) ?? what(kind, 1) }),
  };
}
