/** Credentials in what is no Secret. */
import { findCredentials } from "../credentials/find-credentials.ts";
import type { Credential } from "../credentials/credential.ts";
import { field, fieldNames, listField, textField, textsField } from "../facts/json-fields.ts";
import type { CheckId } from "../findings/check-registry.ts";
import { pointerWord } from "../findings/kubectl-command.ts";
import type { PatchStep } from "../findings/kubectl-command.ts";
import type { ScoreFactor } from "../findings/score.ts";
import type { FieldPath, Observation } from "./observation.ts";
import type { Examiner } from "./examiner.ts";

interface PlacedText {
  readonly path: FieldPath;
  readonly name: string;
  readonly text: string;
  readonly check: CheckId;
  readonly patch?: readonly PatchStep[];
}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
const certainties = { certain: 1, likely: 0.85, guessable: 0.7 } as const;

/** Where the template of pods is, by the kind of the object; undefined for kinds without one. */
export function podPathOf(kind: string): readonly string[] | undefined {
  switch (kind) {
    case "Pod":
      return [];
    case "CronJob":
      return ["spec", "jobTemplate", "spec", "template"];
    case "Deployment":
    case "StatefulSet":
    case "DaemonSet":
    case "ReplicaSet":
    case "ReplicationController":
    case "Job":
      return ["spec", "template"];
    default:
      return undefined;
  }
}

/** The credentials of an object of any kind but Secret. */
export function observeLeaks(kind: string, value: unknown, examiner: Examiner): Observation[] {
  const texts = [...metadataTexts(value, []), ...textsOf(kind, value)];
  return texts.flatMap((placed) => credentialsAt(placed, examiner));
}

function textsOf(kind: string, value: unknown): PlacedText[] {
  const podPath = podPathOf(kind);
  if (podPath !== undefined) {
    const check =
      kind === "Job" || kind === "CronJob" ? "SR-LEAK-009" : kind === "ReplicaSet" ? "SR-LEAK-010" : undefined;
    return podTexts(field(value, ...podPath), podPath, check);
  }
  if (kind === "ConfigMap") return configTexts(value);
  if (kind === "ControllerRevision")
    return podTexts(field(value, "data", "spec", "template"), ["data", "spec", "template"], "SR-LEAK-010");
  return [];
}

function configTexts(value: unknown): PlacedText[] {
  const check = textField(value, "metadata", "labels", "owner") === "helm" ? "SR-LEAK-007" : "SR-LEAK-001";
  return ["data", "binaryData"].flatMap((part) =>
    fieldNames(value, part).map((key): PlacedText => {
      const patch: PatchStep[] = [{ op: "remove", path: `/${part}/${pointerWord(key)}` }];
      return { path: [part, key], name: key, text: textField(value, part, key), check, patch };
    }),
  );
}

/** A variable or an argument of a template; `check` stands for the checks of the kind of text. */
function podTexts(template: unknown, path: FieldPath, check: CheckId | undefined): PlacedText[] {
  const containers = ["containers", "initContainers", "ephemeralContainers"].flatMap((list) =>
    listField(template, "spec", list).map((container, index) => ({ container, at: [...path, "spec", list, index] })),
  );
  return [
    ...(path.length > 0 ? metadataTexts(template, path) : []),
    ...containers.flatMap(({ container, at }) => [
      ...variableTexts(container, at, check ?? "SR-LEAK-002"),
      ...wordTexts(container, at, check ?? "SR-LEAK-003"),
    ]),
  ];
}

function variableTexts(container: unknown, at: FieldPath, check: CheckId): PlacedText[] {
  return listField(container, "env").map((variable, index): PlacedText => {
    const [name, path] = [textField(variable, "name"), [...at, "env", index, "value"]];
    const pointer = `/${[...at, "env", index].map((part) => pointerWord(String(part))).join("/")}`;
    const key = { name: "credentials", key: name };
    const patch: PatchStep[] = [
      { op: "test", path: `${pointer}/name`, value: name },
      { op: "replace", path: pointer, value: { name, valueFrom: { secretKeyRef: key } } },
    ];
    return { path, name, text: textField(variable, "value"), check, patch };
  });
}

/** A flag and its value may be two words. */
function wordTexts(container: unknown, at: FieldPath, check: CheckId): PlacedText[] {
  return ["command", "args"].flatMap((list) => {
    const words = textsField(container, list);
    return words.map((word, index): PlacedText => {
      const before = words[index - 1] ?? "";
      const text =
        /^--?[A-Za-z][\w.-]*$/.test(before) && !word.startsWith("-") ? `-${before.replace(/^-+/, "-")} ${word}` : word;
      return { path: [...at, list, index], name: "", text, check };
    });
  });
}

function metadataTexts(value: unknown, path: FieldPath): PlacedText[] {
  const annotations = fieldNames(value, "metadata", "annotations").map((name): PlacedText => {
    const patch: PatchStep[] = [{ op: "remove", path: pointerOf([...path, "metadata", "annotations", name]) }];
    const text = textField(value, "metadata", "annotations", name);
    const at = [...path, "metadata", "annotations", name];
    return {
      path: at,
      name: name === lastApplied ? "" : name.slice(name.indexOf("/") + 1),
      text,
      check: "SR-LEAK-004",
      patch,
    };
  });
  const labels = fieldNames(value, "metadata", "labels").map((name): PlacedText => {
    const at = [...path, "metadata", "labels", name];
    const patch: PatchStep[] = [{ op: "remove", path: pointerOf(at) }];
    const text = textField(value, "metadata", "labels", name);
    return { path: at, name: name.slice(name.indexOf("/") + 1), text, check: "SR-LEAK-006", patch };
  });
  return [...annotations.filter(({ path: at }) => !/(?:^|\/)checksum/.test(String(at.at(-1)))), ...labels];
}

function pointerOf(path: FieldPath): string {
  return `/${path.map((part) => pointerWord(String(part))).join("/")}`;
}

/** Everything in an object of a kind that is not known, with the names of its fields. */
export function observeCustom(value: unknown, examiner: Examiner): Observation[] {
  if (field(value, "sops") !== undefined) return [];
  return ["spec", "data", "status"].flatMap((part) => {
    const content = field(value, part);
    if (typeof content !== "object" || content === null) return [];
    return credentialsAt({ path: [part], name: part, text: JSON.stringify(content), check: "SR-LEAK-008" }, examiner);
  });
}

/** What credentials of a text are as observations. */
export function credentialsAt({ path, name, text, check, patch }: PlacedText, examiner: Examiner): Observation[] {
  if (text.length < 4) return [];
  const { credentials, complete } = findCredentials({ name, text }, { fingerprint: examiner.fingerprint });
  examiner.noteComplete(complete);
  return credentials.map((credential): Observation => {
    const isWhole = credential.within === "" && patch !== undefined && text.length < 600;
    const where =
      credential.within === ""
        ? credential.line > 1
          ? ` in its line ${credential.line}`
          : ""
        : ` at ${credential.within}`;
    return {
      check,
      path,
      text: `${credential.title}${where}${credential.identity === "" ? "" : `: ${credential.identity}`}`,
      factors: factorsOf(credential),
      fingerprint: credential.fingerprint,
      ...(isWhole ? { patch } : {}),
    };
  });
}

function factorsOf({ certainty, sensitivity, liveness, rule }: Credential): ScoreFactor[] {
  const factors: ScoreFactor[] = [
    { name: "certainty", value: certainties[certainty], because: `${certainty}, by the rule ${rule}` },
    { name: "sensitivity", value: 0.5 + sensitivity / 2, because: "how much such a credential opens" },
  ];
  if (liveness === "expired") factors.push({ name: "liveness", value: 0.15, because: "it has expired" });
  return factors;
}
