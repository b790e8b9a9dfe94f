/** A page on screen: a stack of layers (image, text, annotations, overlay), and how record coordinates become pixels. */
import type { Point, Rect, Rotation } from "@lectern/protocol";
import { type PageSpace, pageSpace } from "@lectern/protocol/plain";
import type { PageView } from "../parts.ts";
import { imageSize, placeImage } from "./image-place.ts";
import { addRotations, type PageShape } from "./page-list.ts";

const SVG = "http://www.w3.org/2000/svg";

export class PageElement implements PageView {
  #shape: PageShape;
  readonly element: HTMLElement;
  readonly imageLayer: HTMLElement;
  /** Children are positioned in record coordinates, one CSS pixel a point. */
  readonly textLayer: HTMLElement;
  readonly drawing: SVGGElement;
  readonly overlay: HTMLElement;
  #space: PageSpace;
  #svg: SVGSVGElement;
  #rotation: Rotation = 0;
  #scale = 1;

  constructor(shape: PageShape, label: string) {
    this.#shape = shape;
    this.element = box("page");
    this.element.role = "group";
    this.element.dataset.page = shape.id;
    this.imageLayer = box("page-image");
    this.textLayer = box("page-text");
    this.overlay = box("page-overlay");
    this.#svg = document.createElementNS(SVG, "svg");
    this.#svg.setAttribute("class", "page-drawing");
    this.#svg.setAttribute("preserveAspectRatio", "none");
    this.drawing = document.createElementNS(SVG, "g");
    this.#svg.append(this.drawing);
    this.element.append(this.imageLayer, this.textLayer, this.#svg, this.overlay);
    this.#space = pageSpace(shape);
    if (shape.crop !== null) {
      const [left, top, width, height] = shape.crop;
      this.textLayer.style.clipPath = `inset(${top}px ${shape.width - left - width}px ${shape.height - top - height}px ${left}px)`;
      this.overlay.classList.add("cropped");
    }
    this.move(shape, label);
  }

  /** The same page at another place. */
  move(shape: PageShape, label: string): void {
    this.#shape = shape;
    this.element.ariaLabel = label;
    this.imageLayer.dataset.number = String(shape.index + 1);
  }

  get shape(): PageShape {
    return this.#shape;
  }

  get pageId(): string {
    return this.shape.id;
  }
  get index(): number {
    return this.shape.index;
  }
  get width(): number {
    return this.shape.width;
  }
  get height(): number {
    return this.shape.height;
  }
  get rotation(): Rotation {
    return this.#rotation;
  }
  get scale(): number {
    return this.#scale;
  }
  /** CSS pixels as shown. */
  get shownWidth(): number {
    return this.#space.width * this.#scale;
  }

  /** Follows zoom and the viewer's rotation. Layers stretch with the box, so nothing is drawn again. */
  resize(scale: number, viewRotation: Rotation): void {
    this.#scale = scale;
    this.#rotation = addRotations(this.shape.sourceRotation, this.shape.rotation, viewRotation);
    this.#space = pageSpace({ width: this.width, height: this.height, rotation: this.#rotation, crop: this.shape.crop });
    const { width, height } = this.#space;
    this.element.style.width = `${Math.round(width * scale)}px`;
    this.element.style.height = `${Math.round(height * scale)}px`;
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const [a, b, c, d, e, f] = this.#matrix();
    this.drawing.setAttribute("transform", `matrix(${a} ${b} ${c} ${d} ${e} ${f})`);
    this.textLayer.style.transform = `matrix(${a * scale},${b * scale},${c * scale},${d * scale},${e * scale},${f * scale})`;
    this.textLayer.style.width = `${this.width}px`;
    this.textLayer.style.height = `${this.height}px`;
    placeImage(this.imageLayer.style, this.shape, addRotations(this.shape.rotation, viewRotation));
  }

  /** From record coordinates to the page as shown, in points. */
  #matrix(): readonly [number, number, number, number, number, number] {
    const [e, f] = this.#space.toShown([0, 0]);
    const [x1, y1] = this.#space.toShown([1, 0]);
    const [x2, y2] = this.#space.toShown([0, 1]);
    return [x1 - e, y1 - f, x2 - e, y2 - f, e, f];
  }

  /** Width in CSS pixels that the image has before it is turned. */
  get imageWidth(): number {
    return imageSize(this.shape).width * this.#scale;
  }

  toPage(clientX: number, clientY: number): Point {
    const at = this.element.getBoundingClientRect();
    return this.#space.toSource([(clientX - at.left) / this.#scale, (clientY - at.top) / this.#scale]);
  }

  toScreen(rect: Rect): { left: number; top: number; width: number; height: number } {
    const [left, top, width, height] = this.#space.rectToShown(rect);
    return { left: left * this.#scale, top: top * this.#scale, width: width * this.#scale, height: height * this.#scale };
  }
}

function box(name: string): HTMLElement {
  const element = document.createElement("div");
  element.className = name;
  return element;
}
