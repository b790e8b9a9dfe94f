/** @jsxImportSource preact */
/** The picture of a person: letters on a colour. Decoration; the name stands beside it. */
import type { JSX } from "preact";
import { inkOn } from "../ui/contrast.ts";
import { initials } from "../ui/people.tsx";

export interface AvatarProps {
  readonly name: string;
  readonly color: string;
  readonly small?: boolean;
}

export function Avatar({ name, color, small = false }: AvatarProps): JSX.Element {
  return (
    <span class={small ? "lc-avatar lc-small" : "lc-avatar"} style={{ "--person": color, "--ink": inkOn(color) }} aria-hidden="true">
      {initials(name)}
    </span>
  );
}
