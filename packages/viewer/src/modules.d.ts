/** Style sheets as text, and single icons: no JavaScript of a library comes with either. */
declare module "*.css?inline" {
  const css: string;
  export default css;
}

declare module "lucide/dist/esm/icons/*.mjs" {
  const icon: readonly (readonly [tag: string, attributes: Readonly<Record<string, string>>])[];
  export default icon;
}

/** Addresses of files that the build puts beside the code. */
declare module "*?worker&url" {
  const url: string;
  export default url;
}

declare module "*.wasm?url" {
  const url: string;
  export default url;
}
