/** `/docs/errors`: where the `type` of a problem document leads. Every code with its status, what it means and what to do. */
import { type ErrorCode, ERRORS } from "@lectern/protocol/plain";
import { ERROR_HELP } from "@lectern/protocol/reference";
import { escaped } from "./reference-page.ts";

export function errorsPage(version: string): string {
  const codes = Object.keys(ERRORS) as ErrorCode[];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Errors</title>
<link rel="icon" href="/dashboard/icon.svg">
<link rel="stylesheet" href="/docs/docs.css">
</head>
<body>
<a class="skip" href="#main">Skip to the errors</a>
<header><strong>Errors</strong> <span>${escaped(version)}</span><a href="/docs">API reference</a></header>
<nav aria-label="Codes"><ul>${codes.map((code) => `<li><a href="#${code}">${code}</a></li>`).join("")}</ul></nav>
<main id="main" tabindex="-1">
<h1>Errors</h1>
<p>A request that fails answers <code>application/problem+json</code>. Its <code>code</code> is for programs and stays the same; <code>detail</code>
says what was wrong with this request; <code>failingPaths</code> names the parts of the input that were. Whoever runs the service finds
<code>requestId</code> in its log; it is the header <code>x-request-id</code>, too.</p>
${codes.map((code) => `<section><h2 id="${code}"><code>${code}</code></h2><p>${ERRORS[code].status}: ${escaped(ERRORS[code].title)}. ${escaped(ERROR_HELP[code])}</p></section>`).join("\n")}
</main>
</body>
</html>
`;
}
