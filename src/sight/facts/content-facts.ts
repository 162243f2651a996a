/** Objects that are no Secrets and may hold what belongs into one. Only marks of credentials are kept. */
import { field, fieldNames, textField } from "./json-fields.ts";
import { releasedSecrets } from "./helm-release.ts";
import type { ObjectFact } from "./object-fact.ts";
import type { RenderedSecret } from "./rendered-secrets.ts";
import type { MaterialMark, SecretMaterial } from "./secret-material.ts";

/** A ConfigMap, or an earlier template that a controller keeps. */
export interface ContentFact extends ObjectFact<"ConfigMap" | "ControllerRevision"> {
  readonly literals: readonly MaterialMark[];
  /** Of a Helm release: the Secrets in it; undefined for what is none. */
  readonly released: readonly RenderedSecret[] | undefined;
}

type Content = Omit<ContentFact, "kind" | "namespace" | "name" | "at">;

export function readConfigMap(value: unknown, material: SecretMaterial): Content {
  const isRelease = textField(value, "metadata", "labels", "owner") === "helm";
  const released = isRelease ? releasedSecrets(textField(value, "data", "release"), material) : undefined;
  const texts = fieldNames(value, "data").map((key) => {
    return { name: `data[${JSON.stringify(key)}]`, text: textField(value, "data", key), word: key };
  });
  return { literals: [...material.marksOfCredentials(texts), ...appliedLiterals(value, material)], released };
}

/** Source: k/k pkg/controller/history: `data` is the template as a patch. */
export function readRevision(value: unknown, material: SecretMaterial): Content {
  return { literals: textLiterals(field(value, "data"), "data", material), released: undefined };
}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** What stands in the copy that kubectl keeps of what was applied, which may be older than the object. */
export function appliedLiterals(value: unknown, material: SecretMaterial): MaterialMark[] {
  const text = textField(value, "metadata", "annotations", lastApplied);
  if (text === "") return [];
  try {
    const applied: unknown = JSON.parse(text);
    return textLiterals(applied, `metadata.annotations["${lastApplied}"]`, material);
  } catch {
    return []; // not kubectl's
  }
}

/** All texts in a value that are credentials, each with its path. */
function textLiterals(value: unknown, path: string, material: SecretMaterial): MaterialMark[] {
  return material.marksOfCredentials(textsIn(value, path));
}

/** No object of Kubernetes nests deeper, but texts that only look like one may. */
const depthMax = 64;

/** A variable's name is the word of its value. */
function* textsIn(value: unknown, path: string, depth = 0): Generator<{ name: string; text: string; word: string }> {
  if (typeof value !== "object" || value === null || depth > depthMax) return;
  const isList = Array.isArray(value);
  for (const [key, each] of Object.entries(value) as [string, unknown][]) {
    const name = isList ? `${path}[${key}]` : `${path}.${key}`;
    if (typeof each !== "string") yield* textsIn(each, name, depth + 1);
    else yield { name, text: each, word: isList ? "" : key === "value" ? textField(value, "name") : key };
  }
}
