/** One object, of whatever origin, into the facts of its source. */
import { examineObject } from "../examination/examine-object.ts";
import { placed } from "../examination/observation.ts";
import { placeText } from "../facts/provenance.ts";
import type { FactSet } from "../facts/fact-set.ts";
import { textField } from "../facts/json-fields.ts";
import { factKindOf } from "../facts/fact-kind.ts";
import { addCollection, isCollection } from "./collection.ts";
import { readFact } from "../facts/read-fact.ts";
import type { ReadObject } from "../facts/read-fact.ts";

/** What cannot be used is reported, and what is of a kind that is not looked at is counted. */
export function addObject(facts: FactSet, object: ReadObject): void {
  const [apiVersion, kind] = [textField(object.value, "apiVersion"), textField(object.value, "kind")];
  if (apiVersion === "" || kind === "") {
    // Values of charts and settings of other tools lie in trees of manifests; elsewhere there are objects only.
    if (facts.source === "manifests") facts.countOther();
    else facts.report({ message: "an object must have apiVersion and kind", at: object.at });
    return;
  }
  if (isCollection(object.value)) {
    addCollection(facts, object.value);
    return;
  }
  const known = factKindOf(apiVersion, kind);
  if (known === undefined) {
    facts.countOther();
    addExamined(facts, object);
    return;
  }
  const fact = readFact(known, object, facts.material);
  if (typeof fact === "string") facts.report({ message: fact, at: object.at });
  else facts.add(fact);
}

/** Of a kind that is no fact, what was seen in it is kept; a file of settings need not have a name. */
function addExamined(facts: FactSet, { value, at, placeOf }: ReadObject): void {
  const examined = placed(examineObject(value), placeOf);
  if (examined === undefined) return;
  const name = textField(value, "metadata", "name") || placeText(at);
  facts.addExamined({
    kind: textField(value, "kind"),
    namespace: textField(value, "metadata", "namespace"),
    name,
    at,
    examined,
  });
}
