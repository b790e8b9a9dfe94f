/** The words that people read: one catalogue a language. English is there from the start, the others come when they are asked for. */
import en from "./locale/en.json" with { type: "json" };

export type Translate = (key: string, values?: Readonly<Record<string, string | number>>) => string;
type Catalogue = Readonly<Record<string, string>>;

export const LOCALES = ["en", "de", "es", "fr"] as const;
export type Locale = (typeof LOCALES)[number];

/** `{name}` in a message is filled in. A key that the catalogue does not have is shown as it is. */
export function translator(catalogue: Catalogue = en): Translate {
  return (key, values = {}) =>
    (catalogue[key] ?? key).replace(/\{(\w+)\}/g, (placeholder, name: string) =>
      Object.hasOwn(values, name) ? String(values[name]) : placeholder,
    );
}

export function isLocale(name: string): name is Locale {
  return LOCALES.some((known) => known === name);
}

export async function loadTranslator(locale: Locale): Promise<Translate> {
  return translator(await CATALOGUES[locale]());
}

const CATALOGUES: Readonly<Record<Locale, () => Promise<Catalogue>>> = {
  en: () => Promise.resolve(en),
  de: async () => (await import("./locale/de.json")).default,
  es: async () => (await import("./locale/es.json")).default,
  fr: async () => (await import("./locale/fr.json")).default,
};
