/** A command cannot do what was asked of it; the message is for whoever typed it. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}
