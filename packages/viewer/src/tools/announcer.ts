/** Tells screen readers what others change: one sentence for all that happens within a moment. */
import type { AnyRecord } from "@lectern/protocol";
import type { RecordsChanged } from "@lectern/sync/client";
import { isEditable, kindOf } from "../annotations/registry.ts";
import type { Translate } from "../ui/locale.ts";

const MOMENT = 1500;

export interface AnnouncerOptions {
  readonly record: (id: string) => AnyRecord | undefined;
  /** Those that are there already. */
  readonly known: Iterable<string>;
  readonly nameOf: (userId: string) => string;
  readonly pageNumber: (pageId: string) => number;
  readonly announce: (text: string) => void;
  readonly later: (run: () => void, ms: number) => () => void;
  readonly t: Translate;
}

export interface Announcer {
  recordsChanged(change: RecordsChanged): void;
}

export function createAnnouncer({ record, known, nameOf, pageNumber, announce, later, t }: AnnouncerOptions): Announcer {
  const annotations = new Set(known);
  let sentences: { readonly by: string; readonly text: string }[] = [];

  function tell(): void {
    const [first] = sentences;
    if (first !== undefined) {
      const same = sentences.every(({ by }) => by === first.by);
      announce(
        sentences.length === 1
          ? first.text
          : t(same ? "tools.announce.several" : "tools.announce.others", { name: first.by, count: sentences.length }),
      );
    }
    sentences = [];
  }

  return {
    recordsChanged({ ids, origin, by }) {
      for (const id of ids) {
        const now = record(id);
        const before = annotations.has(id);
        if (now?.kind === "annotation") annotations.add(id);
        else annotations.delete(id);
        // Without a name it is the layer's content that arrives, not a person's change.
        if (origin !== "remote" || by === null || (now === undefined && !before)) continue;
        const name = nameOf(by);
        if (now === undefined) sentences.push({ by: name, text: t("tools.announce.deleted", { name }) });
        else if (now.kind === "annotation" && isEditable(now.data) && now.data.page !== null) {
          const values = { name, kind: t(kindOf(now.data).label), page: pageNumber(now.data.page) };
          sentences.push({ by: name, text: t(before ? "tools.announce.changed" : "tools.announce.created", values) });
        } else continue;
        if (sentences.length === 1) later(tell, MOMENT);
      }
    },
  };
}
