/** A selector that cannot be parsed, or that asks for a field the kind does not support: 400, with the message. */
export class SelectorError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SelectorError";
  }
}
