const ADOPTED = Symbol("sheets");

/** Style sheets of the shadow root, each once: adopted, so they need no `style-src 'unsafe-inline'`. */
export function adoptStyles(root: ShadowRoot & { [ADOPTED]?: Set<string> }, css: string): void {
  const adopted = (root[ADOPTED] ??= new Set());
  if (adopted.has(css)) return;
  adopted.add(css);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets.push(sheet);
}
