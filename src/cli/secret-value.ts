/** Values of secrets for people who asked for them. */
import { unprintable } from "./printable.ts";

/** Text where a value is one that a terminal shows as it is, else base64 that says so. */
export function shownValue(base64: string): string {
  const bytes = Buffer.from(base64, "base64");
  const text = bytes.toString("utf8");
  const isText = Buffer.from(text, "utf8").equals(bytes) && text.search(unprintable) < 0;
  return isText ? text : `base64:${base64}`;
}
