/** @jsxImportSource preact */
/** A question with two answers, in the browser's own modal dialog: focus stays in it and Escape closes it. */
import type { JSX } from "preact";
import type { Dialog, State } from "./state.ts";

export function ConfirmDialog({ state, dialog }: { readonly state: State; readonly dialog: Dialog }): JSX.Element {
  const t = state.translate.value;
  const close = (): void => {
    state.dialog.value = null;
  };
  return (
    <dialog
      class="card dialog"
      aria-labelledby="dialog-title"
      ref={(element) => {
        if (element === null || element.open) return;
        // A press beside it closes it too.
        element.setAttribute("closedby", "any");
        element.showModal();
      }}
      onClose={close}
    >
      <h2 id="dialog-title">{dialog.title}</h2>
      <p>{dialog.detail}</p>
      <p class="quote">{dialog.quote}</p>
      <div class="actions">
        <button class="button plain" type="button" onClick={close}>
          {t("link.cancel")}
        </button>
        <button
          class="button primary"
          type="button"
          onClick={() => {
            close();
            dialog.onConfirm();
          }}
        >
          {dialog.confirm}
        </button>
      </div>
    </dialog>
  );
}
