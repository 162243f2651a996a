/** What was sent, for the record, where the audit policy has it kept. */
import type { GateContext } from "../../../gate/gate.ts";
import type { JsonObject } from "../codec/json.ts";
import { writeJson } from "../codec/json-writer.ts";
import type { Kind } from "../kinds/kind.ts";
import { apiVersionOf, withType } from "../response/encode-object.ts";

/** Keeps a decoded object as it was sent: call it before anything is filled in. */
export function keepRequest(
  gate: Pick<GateContext, "keepBody">,
  { kind, group, version }: Pick<Kind, "kind" | "group" | "version">,
  tree: JsonObject,
): void {
  gate.keepBody("request", () => writeJson(withType(kind, apiVersionOf({ group, version }), tree), false));
}
