/** Files that are no PDF, and files that are one and something else besides. */
import { crc32, onePage, seeded, zlibBomb } from "./raw-pdf.ts";
import type { Texts } from "./structure.ts";

const HTML = "<!DOCTYPE html><html><body><script>alert(1)</script><img src=x onerror=alert(1)></body></html>";

export function otherFiles(seed: number): Texts {
  const noise = (count: number): string => seeded(seed, `noise ${count}`).bytes(count);
  const texts: Readonly<Record<string, () => string>> = {
    "0 bytes": () => "",
    "1 byte": () => "%",
    "4 bytes": () => "%PDF",
    "a zero": () => "\0",
    "a megabyte of zeros": () => "\0".repeat(1_000_000),
    "a line break": () => "\n",
    text: () => "Dear reader,\nthis is no PDF.\n".repeat(100),
    "text of half characters": () => "\xff\xfe\xd8\x3d".repeat(100),
    html: () => HTML,
    svg: () => `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>`,
    xml: () => `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>`,
    "xml that laughs": () => `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>`,
    json: () => `{"__proto__": {"polluted": true}}`,
    png: () => `\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR${"\xff".repeat(8)}\x08\x02\0\0\0${noise(300)}`,
    jpeg: () => `\xff\xd8\xff\xe0\0\x10JFIF\0${noise(300)}`,
    gif: () => `GIF89a\xff\xff\xff\xff${noise(300)}`,
    tiff: () => `II*\0\x08\0\0\0${noise(300)}`,
    bmp: () => `BM${noise(300)}`,
    webp: () => `RIFF\xff\xff\xff\xffWEBPVP8 ${noise(300)}`,
    heic: () => `\0\0\0\x18ftypheic${noise(300)}`,
    zip: () => zip([["a.txt", "hello"]]),
    docx: () =>
      zip([
        ["[Content_Types].xml", "<Types/>"],
        ["word/document.xml", "<w:document/>"],
      ]),
    "a docx of a bomb": () =>
      zip([
        ["[Content_Types].xml", "<Types/>"],
        ["word/document.xml", zlibBomb(1_000_000_000, 2)],
      ]),
    "a zip with a path upwards": () => zip([["../../../../etc/cron.d/x", "* * * * * root true"]]),
    gzip: () => `\x1f\x8b\x08\0\0\0\0\0\0\x03${noise(300)}`,
    rtf: () => "{\\rtf1 Hello}",
    "an old office document": () => `\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1${noise(500)}`,
    postscript: () => "%!PS-Adobe-3.0\nshowpage\n",
    elf: () => `\x7fELF\x02\x01\x01${noise(300)}`,
    exe: () => `MZ${noise(300)}`,
    noise: () => noise(3000),
    "a header too late": () => " ".repeat(5000) + onePage({}),
    "a header in small letters": () => onePage({}).replace("%PDF", "%pdf"),
    "a mail": () => "From: a@example.com\r\nSubject: =?utf-8?q?hi?=\r\n\r\nHello\r\n",
  };
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [`other: ${name}`, text]));
}

export function polyglots(seed: number): Texts {
  const pdf = (): string => onePage({ content: "1 0 0 rg 0 0 99 99 re f" });
  const archive = (): string => zip([["index.html", HTML]]);
  const texts: Readonly<Record<string, () => string>> = {
    "HTML, then PDF": () => `${HTML}\n${pdf()}`,
    "HTML in the header": () => pdf().replace("\n", ` ${HTML}\n`),
    "PDF, then HTML": () => pdf() + HTML,
    "HTML in a comment": () => pdf().replace("\n", `\n% ${HTML}\n`),
    "ZIP, then PDF": () => archive() + pdf(),
    "PDF, then ZIP": () => pdf() + archive(),
    "PNG, then PDF": () => `\x89PNG\r\n\x1a\n${pdf()}`,
    "JPEG with a PDF in its comment": () => `\xff\xd8\xff\xfe\x03\xe8${pdf()}`,
    "GIF, then PDF": () => `GIF89a${pdf()}`,
    "PostScript, then PDF": () => `%!PS-Adobe-3.0\n${pdf()}`,
    "script, then PDF": () => `#!/bin/sh\nexit 0\n${pdf()}`,
    "program, then PDF": () => `MZ${pdf()}`,
    "PDF of which every second byte is noise": () =>
      Array.from(pdf(), (c, n) => (n % 2 === 0 || n < 20 ? c : seeded(seed, String(n)).bytes(1))).join(""),
    "a header and noise": () => `%PDF-1.7\n${seeded(seed, "after the header").bytes(20_000)}`,
    "a header and HTML": () => `%PDF-1.7\n${HTML.repeat(100)}`,
  };
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [`both: ${name}`, text]));
}

/** Files stored without compression. */
function zip(files: readonly (readonly [name: string, content: string])[]): string {
  const le = (value: number, bytes: number): string =>
    Array.from({ length: bytes }, (_, n) => String.fromCharCode((value >>> (8 * n)) & 255)).join("");
  let body = "";
  let directory = "";
  for (const [name, content] of files) {
    const fields = `${le(20, 2)}${le(0, 2)}${le(0, 2)}${le(0, 4)}${le(crc32(content), 4)}${le(content.length, 4)}${le(content.length, 4)}${le(name.length, 2)}${le(0, 2)}`;
    directory += `PK\x01\x02${le(20, 2)}${fields}${le(0, 2)}${le(0, 2)}${le(0, 2)}${le(0, 4)}${le(body.length, 4)}${name}`;
    body += `PK\x03\x04${fields}${name}${content}`;
  }
  return `${body}${directory}PK\x05\x06${le(0, 4)}${le(files.length, 2)}${le(files.length, 2)}${le(directory.length, 4)}${le(body.length, 4)}${le(0, 2)}`;
}
