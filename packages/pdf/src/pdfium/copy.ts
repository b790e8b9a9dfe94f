/**
 * One loaded copy of a document with a few open pages. A document has up to two: the true one, which is read, edited and
 * saved, and one to draw annotations on, because PDFium writes the appearances that it makes up into what it draws.
 */
import { PdfError } from "../engine.ts";
import { dropContents, withOnly } from "./hide.ts";
import type { Pointer, Wasm } from "./memory.ts";

const OPEN_PAGES = 4;

export interface FormFill {
  readonly environment: Pointer;
  readonly info: Pointer;
}

export class DocumentCopy {
  readonly pointer: Pointer;
  readonly form: FormFill | null;
  readonly #wasm: Wasm;
  /** In order of use, the least recent first. */
  readonly #pages = new Map<number, Pointer>();

  constructor(wasm: Wasm, pointer: Pointer, options: { readonly withForms: boolean }) {
    this.#wasm = wasm;
    this.pointer = pointer;
    this.form = options.withForms ? openFormFill(wasm, pointer) : null;
  }

  /** The page, or 0 when the file has none that could be read there. Pages stay open for the next call. */
  page(index: number): Pointer {
    let page = this.#pages.get(index);
    if (page !== undefined) this.#pages.delete(index);
    else {
      for (const [oldest, pointer] of this.#pages) {
        if (this.#pages.size < OPEN_PAGES) break;
        this.#pages.delete(oldest);
        this.#closePage(pointer);
      }
      page = this.#wasm.fn.FPDF_LoadPage(this.pointer, index);
      if (page === 0) return 0;
      const loaded = page;
      const { form } = this;
      if (form !== null) {
        dropContents(this.#wasm, loaded);
        withOnly(
          this.#wasm,
          loaded,
          (subtype) => subtype === "Widget",
          () => this.#wasm.fn.FORM_OnAfterLoadPage(loaded, form.environment),
        );
      }
    }
    this.#pages.set(index, page);
    return page;
  }

  closePages(): void {
    for (const page of this.#pages.values()) this.#closePage(page);
    this.#pages.clear();
  }

  close(): void {
    this.closePages();
    if (this.form !== null) {
      this.#wasm.fn.PDFiumExt_ExitFormFillEnvironment(this.form.environment);
      this.#wasm.fn.PDFiumExt_CloseFormFillInfo(this.form.info);
    }
    this.#wasm.fn.FPDF_CloseDocument(this.pointer);
  }

  #closePage(page: Pointer): void {
    if (this.form !== null) this.#wasm.fn.FORM_OnBeforeClosePage(page, this.form.environment);
    this.#wasm.fn.FPDF_ClosePage(page);
  }
}

function openFormFill(wasm: Wasm, pointer: Pointer): FormFill {
  const info = wasm.fn.PDFiumExt_OpenFormFillInfo();
  const environment = wasm.fn.PDFiumExt_InitFormFillEnvironment(pointer, info);
  if (environment !== 0) return { environment, info };
  wasm.fn.PDFiumExt_CloseFormFillInfo(info);
  throw new PdfError("failed", "forms could not be prepared for drawing");
}
