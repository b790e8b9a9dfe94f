/** Actions of widgets and fields (ISO 32000-2, 12.6) as the form has them. */
import type { Action } from "@lectern/protocol";
import type { ObjectFile } from "../objects/file.ts";
import { latin } from "../objects/lexer.ts";
import { isDict, isStream, type PdfObject, stringText, textOf } from "../objects/values.ts";

const MAX_DEPTH = 32;
const MAX_SCRIPT = 100_000;

/** Null for what is none, or one that cannot be kept. */
export function readAction(file: ObjectFile, object: PdfObject): Action | null {
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
      const target = get("F");
      const uri = textOf(target) ?? textOf(file.resolve(file.dict(target).get("F")));
      return uri === null || uri.length > 8192
        ? null
        : { type: "submitForm", uri, flags: [], ...(action.has("Fields") ? { fields: names() } : {}) };
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
    default:
      return null;
  }
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
