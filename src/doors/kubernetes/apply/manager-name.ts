/**
 * The name under which a write is recorded when the request gives none.
 *
 * Source: apiserver pkg/endpoints/handlers/create.go (managerOrUserAgent).
 */
import { fieldManagerBytesMax } from "../validation/field-manager.ts";
import { byteLength, isPrintable } from "../validation/go-format.ts";

/** `fieldManager`, or else what stands before the first slash of the User-Agent, as far as it can be printed. */
export function managerName(fieldManager: string, userAgent: string): string {
  if (fieldManager !== "") return fieldManager;
  const [program = ""] = userAgent.split("/", 1);
  let name = "";
  for (const character of program) {
    if (!isPrintable(character)) continue;
    if (byteLength(name) + byteLength(character) > fieldManagerBytesMax) break;
    name += character;
  }
  return name;
}
