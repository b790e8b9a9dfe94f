/** Objects of a file by their numbers, and the ways to look at them. Where they come from is its subclasses' business. */
import { isDict, isName, isRef, isStream, type PdfDict, type PdfObject } from "./values.ts";

export abstract class ObjectReader {
  abstract readonly trailer: PdfDict;

  /** Null for what is not there. */
  abstract get(number: number): PdfObject;

  /** Follows references. */
  resolve(object: PdfObject | undefined): PdfObject {
    let value = object ?? null;
    for (let steps = 0; isRef(value) && steps < 32; steps++) value = this.get(value.number);
    return isRef(value) ? null : value;
  }

  /** The dictionary, or that of the stream; an empty one when it is something else. */
  dict(object: PdfObject | undefined): PdfDict {
    const value = this.resolve(object);
    return isDict(value) ? value : isStream(value) ? value.dict : new Map();
  }

  array(object: PdfObject | undefined): PdfObject[] {
    const value = this.resolve(object);
    return Array.isArray(value) ? value : [];
  }

  number(object: PdfObject | undefined, otherwise: number): number {
    const value = this.resolve(object);
    return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
  }

  name(object: PdfObject | undefined): string | null {
    const value = this.resolve(object);
    return isName(value) ? value.value : null;
  }

  numbers(object: PdfObject | undefined): number[] {
    return this.array(object).map((item) => this.number(item, 0));
  }

  get catalog(): PdfDict {
    return this.dict(this.trailer.get("Root"));
  }
}
