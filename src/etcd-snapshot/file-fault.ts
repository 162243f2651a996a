import { StrongroomError } from "../errors/strongroom-error.ts";

/** What is wrong with the file, where: `page 12 must ...`. */
export function fileFault(place: string, rule: string): StrongroomError {
  return new StrongroomError("invalid", `${place} must ${rule}`);
}
