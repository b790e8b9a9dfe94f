/** Times as people write them where they are: in the viewer's language, and as the page around it has that (en-GB, de-AT). */
import type { Translate } from "./locale.ts";

export function languageOf(t: Translate): string {
  const tag = t("locale.tag");
  const page = document.documentElement.lang;
  return page === tag || page.startsWith(`${tag}-`) ? page : tag;
}

/** Of milliseconds since 1970. The language may become another one. */
export function dateTimes(t: Translate, options: Intl.DateTimeFormatOptions): (ms: number) => string {
  let language = "";
  let format: Intl.DateTimeFormat | null = null;
  return (ms) => {
    const now = languageOf(t);
    if (now !== language || format === null) format = new Intl.DateTimeFormat(now, options);
    language = now;
    return format.format(ms);
  };
}

export const DAY_AND_TIME: Intl.DateTimeFormatOptions = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
