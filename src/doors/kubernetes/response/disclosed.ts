/** What leaves of an object in an answer, for the record: under which keys, never the values. */
import type { Disclosure } from "../../../audit/audit-event.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { showsMetadata, showsValues } from "./output-format.ts";
import type { OutputFormat } from "./output-format.ts";

/** The object as an answer in this format discloses it: without keys where no value is in that. */
export function disclosureIn(format: OutputFormat, object: StoredObject): Disclosure {
  const keys = keysIn(format, object);
  const disclosure = object.disclosure();
  return keys === undefined ? disclosure : { ...disclosure, keys };
}

function keysIn(format: OutputFormat, object: StoredObject): readonly string[] | undefined {
  if (!showsMetadata(format)) return undefined;
  const places = object.valuePlaces?.();
  if (places === undefined) return undefined;
  const { keys, annotations } = places;
  if (showsValues(format)) return annotations.length === 0 ? keys : [...keys, ...annotations];
  return annotations.length === 0 ? undefined : annotations;
}
