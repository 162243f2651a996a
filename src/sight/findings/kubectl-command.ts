/** Commands of kubectl, to check and to mend what was found. */
import type { FixPatch } from "./finding.ts";
import { shellWord } from "./shell-word.ts";
import { objectText } from "../questions/principal.ts";

interface Named {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** `kubectl get KIND NAME -n NAMESPACE`, and whatever comes after it. */
export function kubectlGet({ kind, namespace, name }: Named, ...more: readonly string[]): string {
  return ["kubectl get", shellWord(kind.toLowerCase()), shellWord(name), ...inNamespace(namespace), ...more].join(" ");
}

/** One step of a JSON patch. */
export interface PatchStep {
  readonly op: "add" | "remove" | "replace" | "test";
  readonly path: string;
  readonly value?: unknown;
}

/** A JSON patch of an object with the command for it. */
export function jsonPatch(object: Named, steps: readonly PatchStep[]): FixPatch {
  return patchOf(object, "json", JSON.stringify(steps));
}

/** A merge patch of an object with the command for it. */
export function mergePatch(object: Named, patch: unknown): FixPatch {
  return patchOf(object, "merge", JSON.stringify(patch));
}

/** Whole objects, for `kubectl apply -f -`. */
export function manifests(...objects: readonly unknown[]): FixPatch {
  const text = objects.map((object) => JSON.stringify(object, undefined, 2)).join("\n---\n");
  return { format: "manifest", target: undefined, text, command: undefined };
}

function patchOf({ kind, namespace, name }: Named, type: "json" | "merge", text: string): FixPatch {
  const words = ["kubectl patch", shellWord(kind.toLowerCase()), shellWord(name), ...inNamespace(namespace)];
  return {
    format: `${type}-patch`,
    target: objectText({ kind, namespace, name }),
    text,
    command: [...words, `--type=${type}`, "-p", shellWord(text)].join(" "),
  };
}

/** A part of a JSON pointer. Source: RFC 6901, section 3. */
export function pointerWord(word: string): string {
  return word.replaceAll("~", "~0").replaceAll("/", "~1");
}

function inNamespace(namespace: string): string[] {
  return namespace === "" ? [] : ["-n", shellWord(namespace)];
}
