/**
 * The objects that a binding names as the parameters of its policy.
 *
 * Source: apiserver pkg/admission/plugin/policy/generic/policy_dispatcher.go (CollectParams).
 */
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import type { PlainValue } from "../../../cel/cel-values.ts";
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { apiVersionOf } from "../response/encode-object.ts";
import { labelSelectorMatcher } from "../selector/label-selector-object.ts";
import type { KindStorage, StoredObject } from "../storage/kind-storage.ts";
import { metadataOf, objectField, stringField } from "../validation/object-fields.ts";
import { expressionObject } from "./expression-object.ts";

export interface ParamFacts {
  readonly kinds: readonly Kind[];
  readonly storage: (kind: Kind) => KindStorage;
}

/** Most objects that a selector may find. */
const paramsMax = 1000;

/** One `null` where the policy has no parameters, none where they are missing and that is allowed. Raises `invalid`. */
export async function collectParams(
  facts: ParamFacts,
  policy: Readonly<JsonObject>,
  binding: Readonly<JsonObject>,
  namespace: string,
): Promise<PlainValue[]> {
  const kindOf = policy["paramKind"];
  if (!isJsonObject(kindOf)) return [null];
  const reference = binding["paramRef"];
  // Expressions see that there are none.
  if (!isJsonObject(reference)) return [null];
  const kind = servedKind(facts.kinds, kindOf);
  const where = namespaceOf(kind, reference, namespace);
  const found = await findParams(facts.storage(kind), reference, where);
  if (found.length > 0) return found.map((object) => expressionObject(object.tree(), kind));
  if (stringField(reference, "parameterNotFoundAction") === "Allow") return [];
  throw new StrongroomError("invalid", "no params found for policy binding with `Deny` parameterNotFoundAction");
}

function servedKind(kinds: readonly Kind[], asked: JsonObject): Kind {
  const [apiVersion, name] = [stringField(asked, "apiVersion"), stringField(asked, "kind")];
  const kind = kinds.find((each) => each.kind === name && apiVersionOf(each) === apiVersion);
  if (kind !== undefined) return kind;
  const written = apiVersion.includes("/") ? apiVersion.replace("/", ", Version=") : `, Version=${apiVersion}`;
  throw new StrongroomError(
    "invalid",
    `failed to find resource referenced by paramKind: '${written.replace(/^,/, "/")}, Kind=${name}'`,
  );
}

function namespaceOf(kind: Kind, reference: JsonObject, namespace: string): string {
  const written = stringField(reference, "namespace");
  if (!kind.namespaced) {
    if (written === "") return "";
    throw new StrongroomError("invalid", "paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
  }
  if (written !== "") return written;
  if (namespace !== "") return namespace;
  throw new StrongroomError(
    "invalid",
    "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources",
  );
}

async function findParams(storage: KindStorage, reference: JsonObject, namespace: string): Promise<StoredObject[]> {
  const name = stringField(reference, "name");
  if (name !== "") {
    const object = await storage.get(namespace, name);
    return object === undefined ? [] : [object];
  }
  const selects = labelSelectorMatcher(objectField(reference, "selector"));
  const found: StoredObject[] = [];
  let after: string | undefined;
  do {
    const page = await storage.list({ namespace, after, limit: paramsMax });
    for (const object of page.objects) {
      if (selects(objectField(metadataOf(object.header()), "labels"))) found.push(object);
    }
    after = page.continueAfter;
    if (found.length > paramsMax)
      throw new StrongroomError("invalid", `a selector must find at most ${paramsMax} params`);
  } while (after !== undefined);
  return found;
}
