/** `/docs`: every operation with its parameters, shapes, errors and examples, written from the registry. Nothing of it comes from elsewhere. */
import { ERRORS_PAGE } from "@lectern/protocol/plain";
import { reference, type ReferenceEntry } from "@lectern/protocol/reference";

export const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const code = (text: string): string => `<code>${escaped(text)}</code>`;
/** Scrolls sideways, so the keyboard must reach it. */
const block = (label: string, text: string): string =>
  `<figure><figcaption>${label}</figcaption><pre tabindex="0" role="region" aria-label="${label}"><code>${escaped(text)}</code></pre></figure>`;

export function referencePage(version: string): string {
  const groups = reference();
  const nav = groups
    .map(
      ({ name, entries }) =>
        `<details open><summary>${escaped(name)}</summary><ul>${entries
          .map((entry) => `<li data-words="${words(entry)}"><a href="#${entry.name}">${escaped(entry.name.split(".")[1]!)}</a></li>`)
          .join("")}</ul></details>`,
    )
    .join("");
  const sections = groups
    .map(
      ({ name, about, entries }) =>
        `<section><h2 id="${name}">${escaped(name)}</h2><p>${escaped(about)}.</p>${entries.map(article).join("")}</section>`,
    )
    .join("");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>API reference</title>
<link rel="icon" href="/dashboard/icon.svg">
<link rel="stylesheet" href="/docs/docs.css">
<script src="/docs/docs.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the operations</a>
<header><strong>API reference</strong> <span>${escaped(version)}</span>
<label><span class="label">Search</span><input type="search" id="search" aria-label="Search operations" placeholder="Search operations" autocomplete="off"></label>
<a href="/openapi.json">OpenAPI</a></header>
<nav aria-label="Operations"><details class="menu" id="menu" open><summary>Operations</summary>${nav}<p><a href="${ERRORS_PAGE}">Errors</a></p></details></nav>
<main id="main" tabindex="-1">
<p id="none" role="status" hidden>No operation has these words.</p>
<section id="start"><h1>API reference</h1>
<p>Routes under <code>/viewer</code> are served under <code>/api</code>, too. Examples take the service's address from <code>LECTERN_URL</code> and
an API key from <code>LECTERN_API_KEY</code>; what stands in other variables is in the answer of an earlier example. The dashboard's own operations
take its cookie. Those in TypeScript use <code>@lectern/client</code>:</p>
${block("TypeScript", `import { openAsBlob } from "node:fs";\nimport { createClient } from "@lectern/client";\n\nconst lectern = createClient({ baseUrl, apiKey });`)}
</section>
${sections}
</main>
</body>
</html>
`;
}

function words({ name, path, summary, method }: ReferenceEntry): string {
  return escaped(`${name} ${method} ${path} ${summary}`.toLowerCase());
}

function article(entry: ReferenceEntry): string {
  const { name, method, path, layered, summary, credential, parameters, body, status, answer, errors } = entry;
  const layer = layered
    ? `<p>Also for a layer: ${code(path.replace("/{documentId}", "/{documentId}/layers/{layerName}"))}; in the client ${code("layerName")}.</p>`
    : "";
  const rows = parameters
    .map(
      ({ name: at, place, type, required }) =>
        `<tr><td>${code(at)}</td><td>${place}</td><td>${code(type)}</td><td>${required ? "yes" : ""}</td></tr>`,
    )
    .join("");
  const table =
    rows === ""
      ? ""
      : `<div class="table" tabindex="0" role="region" aria-label="Parameters of ${name}"><table><thead><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">Type</th><th scope="col">Required</th></tr></thead><tbody>${rows}</tbody></table></div>`;
  const codes = errors.map((one) => `<a href="${ERRORS_PAGE}#${one.code}"><code>${one.code}</code> ${one.status}</a>`).join(" ");
  return `<article id="${name}" data-words="${words(entry)}"><h3><a href="#${name}">${escaped(summary)}</a></h3>
<p class="route"><b>${method}</b> ${code(path)}</p><p>${code(`lectern.${name}`)} takes ${credential}.</p>${layer}${table}
${body === null ? "" : block("Body", body)}${block(`Answer ${status}`, answer)}
${block("curl", entry.curl)}${block("TypeScript", entry.typescript)}
<p class="errors">Errors: ${codes}</p></article>
`;
}

export const REFERENCE_STYLE = `:root {
  color-scheme: light dark;
  --ink: light-dark(#1c1b22, #ecebf1); --dim: light-dark(#5b5966, #a9a7b5); --paper: light-dark(#fff, #17161c);
  --soft: light-dark(#f4f3f7, #211f29); --line: light-dark(#d9d7e0, #3a3746); --accent: light-dark(#4b3fb3, #b3a9ff);
}
* { box-sizing: border-box }
html { scroll-padding-block-start: 4.5rem }
body { margin: 0; display: grid; grid-template: auto 1fr / 16rem minmax(0, 1fr); font: 1rem/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
a { color: var(--accent) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.skip { position: absolute; inset-inline-start: -100vw }
.skip:focus { inset-inline-start: 1rem; inset-block-start: .5rem; z-index: 2; padding: .25rem .75rem; background: var(--paper) }
header { grid-column: 1 / -1; position: sticky; inset-block-start: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; padding: .6rem 1.25rem; background: var(--paper); border-block-end: 1px solid var(--line) }
header span { color: var(--dim) }
header label { flex: 1; display: flex; gap: .5rem; align-items: center; justify-content: end }
input { font: inherit; min-inline-size: 0; inline-size: 20rem; padding: .35rem .7rem; color: inherit; background: var(--soft); border: 1px solid var(--line); border-radius: .5rem }
nav { padding: 1rem 1.25rem; font-size: .9rem }
.menu { position: sticky; inset-block-start: 4.5rem; max-block-size: calc(100vh - 5.5rem); overflow: auto }
.menu > summary { display: none }
nav ul { list-style: none; margin: 0 0 .5rem; padding-inline-start: 1rem }
nav li a { display: block; padding-block: .15rem; color: inherit; text-decoration: none }
nav li a:hover { color: var(--accent); text-decoration: underline }
summary { cursor: pointer; font-weight: 600; padding-block: .2rem }
main { padding: 1rem 1.5rem 6rem; max-inline-size: 60rem; outline: none }
h2 { margin-block: 2.5rem .25rem; padding-block-start: 1rem; border-block-start: 1px solid var(--line) }
h3 { margin-block: 2.25rem .25rem; line-height: 1.3 }
h3 a { color: inherit; text-decoration: none }
p { margin-block: .4rem }
code, pre { font-family: ui-monospace, "Cascadia Mono", Menlo, monospace; font-size: .86rem; overflow-wrap: anywhere }
.route b { display: inline-block; min-inline-size: 3.5rem; color: var(--accent) }
figure { margin: .75rem 0 }
figcaption { font-size: .8rem; color: var(--dim) }
pre { margin: .15rem 0 0; padding: .75rem 1rem; max-block-size: 24rem; overflow: auto; white-space: pre-wrap; background: var(--soft); border: 1px solid var(--line); border-radius: .5rem }
.table { overflow-x: auto; margin-block: .75rem }
table { border-collapse: collapse; inline-size: 100%; font-size: .9rem }
th, td { text-align: start; padding: .3rem .75rem .3rem 0; border-block-end: 1px solid var(--line); vertical-align: top }
th { font-weight: 600; color: var(--dim) }
.errors { font-size: .85rem; color: var(--dim) }
.errors a { margin-inline-end: .6rem; white-space: nowrap; text-decoration: none }
[hidden] { display: none !important }
@media (max-width: 50rem) {
  body { grid-template: auto auto 1fr / minmax(0, 1fr) }
  nav { padding-block: .5rem 0 }
  .menu { position: static; max-block-size: none }
  .menu > summary { display: list-item }
  main { padding-inline: 1.25rem }
  html { scroll-padding-block-start: 7rem }
  .label { display: none }
  header label { order: 1; flex-basis: 100% }
  input { inline-size: 100% }
}
`;

/** Searching: all words must occur. On narrow screens the list starts closed. */
export const REFERENCE_SCRIPT = `"use strict";
const search = document.getElementById("search");
const found = document.querySelectorAll("[data-words]");
const menu = document.getElementById("menu");
if (matchMedia("(max-width: 50rem)").matches) menu.open = false;
function show() {
  const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let count = 0;
  for (const element of found) {
    element.hidden = !words.every((word) => element.dataset.words.includes(word));
    if (!element.hidden) count++;
  }
  for (const section of document.querySelectorAll("main > section, nav details details")) {
    const own = section.querySelectorAll("[data-words]");
    section.hidden = words.length > 0 && ![...own].some((element) => !element.hidden);
  }
  document.getElementById("none").hidden = count > 0;
}
search.addEventListener("input", show);
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || document.activeElement === search) return;
  event.preventDefault();
  search.focus();
});
addEventListener("hashchange", () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target === null || target.closest("[hidden]") === null) return;
  search.value = "";
  show();
  target.scrollIntoView();
});
`;
