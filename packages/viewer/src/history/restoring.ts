/** Putting things back, each time after a question, and the file as it was. */
import type { LayerHistory } from "../source/source.ts";
import type { State } from "../ui/state.ts";

export interface RestoringOptions {
  readonly state: State;
  readonly history: LayerHistory;
  readonly save: (pdf: Blob, name: string) => void;
  readonly showAsOf: (seq: number | null) => void;
  readonly onDone: () => void;
}

export interface Restoring {
  /** `ids`: these records only. `quote` says what it is about. */
  ask(kind: "group" | "record" | "all", wish: { readonly seq: number; readonly ids?: readonly string[]; readonly quote: string }): void;
  download(seq: number): void;
}

export function createRestoring({ state, history, save, showAsOf, onDone }: RestoringOptions): Restoring {
  const told = (error: unknown): void => {
    state.notice.value = state.translate.value("history.failed", { reason: error instanceof Error ? error.message : String(error) });
  };
  return {
    ask(kind, { seq, ids, quote }) {
      const t = state.translate.value;
      state.dialog.value = {
        title: t(`history.confirm.${kind}`),
        detail: t(`history.confirm.${kind}.detail`),
        quote,
        confirm: t("history.restore.do"),
        onConfirm: () => {
          history.restore(seq, ids).then(({ restored, left }) => {
            state.notice.value = t(left === 0 ? "history.restored" : "history.restored-partly", { count: restored, left });
            if (state.past.value !== null) showAsOf(null);
            onDone();
          }, told);
        },
      };
    },
    download(seq) {
      history.pdf(seq).then((pdf) => save(pdf, `${state.title.value ?? "document"} (${seq}).pdf`), told);
    },
  };
}
