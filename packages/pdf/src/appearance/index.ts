/** How annotations look: `@lectern/pdf/appearance`. No platform, no schema library: it is loaded before the first paint. */
export {
  type BlendMode,
  circlePath,
  ellipsePath,
  type DrawCommand,
  type GroupCommand,
  type ImageCommand,
  type Matrix,
  type PathCommand,
  type PathSegment,
  rectPath,
  type Stroke,
  type TextCommand,
  union,
} from "./commands.ts";
export { type FontName, standardFont, textWidth, verticalMetrics } from "./font-metrics.ts";
export { annotationBounds, drawAnnotation, type DrawnAnnotation, type DrawnType, isDrawn } from "./registry.ts";
export { plainText } from "./rich-text.ts";
export { stampTitle } from "./stamp.ts";
export { layoutText, LINE_HEIGHT, TEXT_PADDING, textBody, type TextLayout } from "./text.ts";
export { unturnedBox as turnedBox } from "./turned.ts";
export { type ContentStream, type StreamResources, toContentStream } from "./to-content-stream.ts";
export { type SvgElement, svgPath, toSvg } from "./to-svg.ts";
