/** An entry of the audit log as an object. */
import type { AuditEntry } from "../../../audit/audit-log.ts";
import { disclosuresOf } from "../../../audit/disclosures.ts";
import { toRevision } from "../../../store/revision.ts";
import { parseStoredJson } from "../codec/json-parser.ts";
import type { JsonObject } from "../codec/json.ts";
import { metadataOf } from "../validation/object-fields.ts";
import type { StoredObject } from "./kind-storage.ts";
import { treeObject } from "./tree-object.ts";

const nameDigits = 16;

/** The position that a name says; undefined for what is no name of an entry. */
export function positionOf(name: string): number | undefined {
  return name.length === nameDigits && /^\d+$/.test(name) ? Number(name) : undefined;
}

export function nameOf(position: number): string {
  return String(position).padStart(nameDigits, "0");
}

/** An entry as an object, which is kept as bytes: a page of them may have megabytes, and trees take several times as much. */
export function entryObject({ position, event }: AuditEntry): StoredObject {
  const name = nameOf(position);
  const resourceVersion = String(position + 1);
  const { disclosed: _, ...rest } = event;
  const disclosed = disclosuresOf(event);
  const metadata = { name, resourceVersion, creationTimestamp: `${event.stageTimestamp.slice(0, 19)}Z` };
  const whole = { metadata, position, ...rest, ...(disclosed.length > 0 && { disclosed }) };
  const bytes = Buffer.from(JSON.stringify(whole));
  const tree = () => parseStoredJson(bytes) as JsonObject; // an object was written
  return {
    namespace: "",
    name,
    revision: toRevision(position + 1),
    sizeBytes: bytes.length,
    itemJson: () => bytes,
    tree,
    metadata: () => metadataOf(tree()),
    header: tree,
    disclosure: () => ({ namespace: "", name, uid: "", resourceVersion }),
    at: (revision) => treeObject(tree()).at(revision),
  };
}
