/** Style sheets of the shadow root: adopted, so they need no `style-src 'unsafe-inline'`. */
export function adoptStyles(root: ShadowRoot, css: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets.push(sheet);
}
