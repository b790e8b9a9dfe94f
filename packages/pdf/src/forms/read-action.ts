/** Actions (ISO 32000-2, 12.6) of widgets, fields and annotations as the file's objects have them. */
import type { Action } from "@lectern/protocol";
import { SUBMIT_FLAGS } from "../annotation-dictionary.ts";
import type { ObjectFile } from "../objects/file.ts";
import { latin } from "../objects/lexer.ts";
import { isDict, isRef, isStream, type PdfObject, stringText, textOf } from "../objects/values.ts";
import type { FormPage } from "./read-form.ts";

const MAX_DEPTH = 32;
const MAX_SCRIPT = 100_000;
const MAX_PATH = 4096;

/** Null for what is none, or one that cannot be kept; without `pages` for one that leads to a page, too. Pages are named by index. */
export function readAction(file: ObjectFile, object: PdfObject, pages: readonly FormPage[] = []): Action | null {
  const action = file.resolve(object);
  if (!isDict(action)) return null;
  const get = (key: string): PdfObject => file.resolve(action.get(key));
  const names = (): string[] =>
    file
      .array(action.get("Fields"))
      .flatMap((item) => textOf(file.resolve(item)) ?? fullName(file, item))
      .slice(0, 1000);
  switch (file.name(get("S"))) {
    case "JavaScript": {
      const code = get("JS");
      const script = isStream(code) ? (code.dict.has("Filter") ? null : stringText(latin(code.data))) : textOf(code);
      return script === null || script === "" || script.length > MAX_SCRIPT ? null : { type: "javascript", script };
    }
    case "URI": {
      const uri = textOf(get("URI"));
      return uri === null || uri === "" || uri.length > 8192 ? null : { type: "uri", uri };
    }
    case "Named": {
      const named = file.name(get("N"));
      return named === null || named.length > 64 ? null : { type: "named", action: named };
    }
    case "ResetForm":
      return {
        type: "resetForm",
        include: (file.number(get("Flags"), 0) & 1) === 0,
        ...(action.has("Fields") ? { fields: names() } : {}),
      };
    case "SubmitForm": {
      const uri = fileName(file, get("F"));
      const bits = file.number(get("Flags"), 0);
      const flags = SUBMIT_FLAGS.filter((name, bit) => name !== "" && (bits & (1 << bit)) !== 0);
      return uri === null || uri.length > 8192
        ? null
        : { type: "submitForm", uri, flags, ...(action.has("Fields") ? { fields: names() } : {}) };
    }
    case "Hide": {
      const target = action.get("T");
      const fields = Array.isArray(file.resolve(target)) ? file.array(target) : [target ?? null];
      return {
        type: "hide",
        hide: get("H") !== false,
        fields: fields.flatMap((item) => textOf(file.resolve(item)) ?? fullName(file, item)).slice(0, 1000),
      };
    }
    case "GoTo":
      return goTo(file, file.array(get("D")), pages);
    case "GoToR": {
      const relativePath = fileName(file, get("F"));
      const named = textOf(get("D")) ?? file.name(get("D"));
      if (relativePath === null || relativePath.length > MAX_PATH) return null;
      return { type: "goToRemote", relativePath, ...(named === null || named.length > 1024 ? {} : { namedDestination: named }) };
    }
    case "GoToE": {
      const relativePath = fileName(file, get("F"));
      const relation = file.name(file.dict(get("T")).get("R"));
      if (relativePath === null || relativePath.length > MAX_PATH) return null;
      return {
        type: "goToEmbedded",
        relativePath,
        ...(typeof get("NewWindow") === "boolean" ? { newWindow: get("NewWindow") === true } : {}),
        ...(relation === "P" || relation === "C" ? { targetType: relation === "P" ? "parent" : "child" } : {}),
      };
    }
    case "Launch": {
      const filePath = fileName(file, get("F"));
      return filePath === null || filePath.length > MAX_PATH ? null : { type: "launch", filePath };
    }
    default:
      return null;
  }
}

/** A file specification is a text, or a dictionary with one (7.11). */
function fileName(file: ObjectFile, object: PdfObject): string | null {
  const entries = file.dict(object);
  return textOf(object) ?? textOf(file.resolve(entries.get("UF"))) ?? textOf(file.resolve(entries.get("F")));
}

/** Explicit destinations only (12.3.2.2). */
function goTo(file: ObjectFile, destination: readonly PdfObject[], pages: readonly FormPage[]): Action | null {
  const [page, view, x, y, zoom] = destination;
  const index = isRef(page) ? pages.findIndex(({ objectNumber }) => objectNumber === page.number) : -1;
  const found = pages[index];
  if (found === undefined) return null;
  const [left, , , top] = found.box;
  const given = (object: PdfObject | undefined): number | null => {
    const value = file.resolve(object);
    return file.name(view) === "XYZ" && typeof value === "number" ? value : null;
  };
  const [across, down, scale] = [given(x), given(y), given(zoom)];
  return {
    type: "goTo",
    page: String(index),
    ...(across === null ? {} : { left: coordinate(across - left) }),
    ...(down === null ? {} : { top: coordinate(top - down) }),
    ...(scale === null || scale <= 0 ? {} : { zoom: Math.min(scale, 64) }),
  };
}

function coordinate(value: number): number {
  return Math.max(-1_000_000, Math.min(1_000_000, Math.round(value * 100) / 100));
}

function fullName(file: ObjectFile, object: PdfObject): string[] {
  const partials: string[] = [];
  let at = file.dict(object);
  for (let depth = 0; at.size > 0 && depth < MAX_DEPTH; depth++, at = file.dict(at.get("Parent"))) {
    const partial = textOf(file.resolve(at.get("T")));
    if (partial !== null) partials.unshift(partial);
  }
  return partials.length === 0 ? [] : [partials.join(".")];
}
