/** Languages of text recognition: names as they are published, or codes of ISO 639-2 with a script where there are several. */
import * as z from "zod";

/** The code of each name. */
const NAMES = {
  afrikaans: "afr",
  albanian: "sqi",
  arabic: "ara",
  armenian: "hye",
  azerbaijani: "aze",
  basque: "eus",
  belarusian: "bel",
  bengali: "ben",
  bosnian: "bos",
  bulgarian: "bul",
  catalan: "cat",
  chinese: "chi_sim",
  croatian: "hrv",
  czech: "ces",
  danish: "dan",
  dutch: "nld",
  english: "eng",
  finnish: "fin",
  french: "fra",
  german: "deu",
  indonesian: "ind",
  italian: "ita",
  malay: "msa",
  norwegian: "nor",
  polish: "pol",
  portuguese: "por",
  serbian: "srp",
  slovak: "slk",
  slovenian: "slv",
  spanish: "spa",
  swedish: "swe",
  turkish: "tur",
  welsh: "cym",
} as const;

const Language = z
  .string()
  .regex(
    new RegExp(`^(?:${Object.keys(NAMES).join("|")}|[a-z]{2}[a-z0-9](?:_[a-z]{1,8}){0,2})$`),
    "must be the name of a language or its code of three letters",
  );
/** One or several that are on the same pages. */
export const OcrLanguage = z.union([Language, z.array(Language).min(1).max(8)]);
export type OcrLanguage = z.infer<typeof OcrLanguage>;

/** Codes, each once; English when none is named. */
export function ocrLanguages(language: OcrLanguage = "english"): string[] {
  const named = typeof language === "string" ? [language] : language;
  return [...new Set(named.map((each) => (each in NAMES ? NAMES[each as keyof typeof NAMES] : each)))];
}
