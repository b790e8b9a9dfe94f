/** The looks that a tool remembers, as a new shape has them. */
import type { Rectangle } from "@lectern/protocol";
import type { Style } from "../annotations/kind.ts";

export function shapeLook({ color, fill, width, opacity }: Style): Rectangle["appearance"] {
  return {
    ...(color === undefined ? {} : { strokeColor: color }),
    ...(width === undefined ? {} : { strokeWidth: width }),
    ...(fill == null ? {} : { fillColor: fill }),
    ...(opacity === undefined || opacity === 1 ? {} : { opacity }),
  };
}
