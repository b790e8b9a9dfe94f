/** The words that people read: one catalogue a language. */
import en from "./locale/en.json" with { type: "json" };

export type MessageKey = keyof typeof en;
export type Translate = (key: string, values?: Readonly<Record<string, string | number>>) => string;

/** `{name}` in a message is filled in. A key that the catalogue does not have is shown as it is. */
export function translator(catalogue: Readonly<Record<string, string>> = en): Translate {
  return (key, values = {}) =>
    (catalogue[key] ?? key).replace(/\{(\w+)\}/g, (placeholder, name: string) =>
      Object.hasOwn(values, name) ? String(values[name]) : placeholder,
    );
}
