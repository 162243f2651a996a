/** Pods and the templates of pods: what they refer to, as whom and where they run. */
import { podReferences } from "../../core/references/pod-references.ts";
import { appliedLiterals } from "./content-facts.ts";
import type { WorkloadFact, WorkloadKind, WorkloadReference } from "./facts.ts";
import { field, flagField, listField, textField } from "./json-fields.ts";
import { readPodTraits } from "./pod-traits.ts";
import { SecretMaterial } from "./secret-material.ts";

const mirrorAnnotation = "kubernetes.io/config.mirror";

/** Where the pod, or the template of one, is. */
function podPathOf(kind: WorkloadKind): readonly string[] {
  if (kind === "Pod") return [];
  return kind === "CronJob" ? ["spec", "jobTemplate", "spec", "template"] : ["spec", "template"];
}

/** What a workload is, beside its name. */
export function readWorkload(
  kind: WorkloadKind,
  value: unknown,
  material: SecretMaterial = SecretMaterial.ofThisProcess(),
): Omit<WorkloadFact, "kind" | "namespace" | "name" | "at"> {
  const podPath = podPathOf(kind);
  const path = [...podPath, "spec"];
  const spec = field(value, ...path);
  const traits = readPodTraits(
    { spec, metadata: field(value, ...podPath, "metadata"), path: path.join(".") },
    material,
  );
  const mirror = kind === "Pod" && field(value, "metadata", "annotations", mirrorAnnotation) !== undefined;
  return {
    references: readReferences(spec),
    account: textField(spec, "serviceAccountName") || textField(spec, "serviceAccount") || "default",
    mountsToken: mirror ? false : mountsToken(spec),
    node: kind === "Pod" ? textField(spec, "nodeName") : "",
    mirror,
    traits: { ...traits, literals: [...traits.literals, ...appliedLiterals(value, material)] },
  };
}

function readReferences(spec: unknown): WorkloadReference[] {
  const required = requiredNames(spec);
  return podReferences({ spec }).map((reference) => ({
    ...reference,
    optional: reference.kind !== "serviceaccount" && !required.has(`${reference.kind}/${reference.name}`),
  }));
}

/** Tokens for these are for a cloud or a store; no API server takes them. */
const audiencesOfOthers =
  /^(?:sts\.amazonaws\.com(?:\.cn)?|pods\.eks\.amazonaws\.com|api:\/\/AzureADTokenExchange|vault|[\w.-]+\.svc\.id\.goog)$/;

/** A token volume of its own counts whatever else is said; the switch of the pod wins over the account's. */
function mountsToken(spec: unknown): boolean | undefined {
  const hasVolume = listField(spec, "volumes").some((volume) =>
    listField(volume, "projected", "sources").some(
      (source) =>
        field(source, "serviceAccountToken") !== undefined &&
        !audiencesOfOthers.test(textField(source, "serviceAccountToken", "audience")),
    ),
  );
  return hasVolume ? true : flagField(spec, "automountServiceAccountToken");
}

/** `secret/NAME` and `configmap/NAME` of the references without which a container does not start. */
function requiredNames(spec: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  const note = (kind: string, reference: unknown, nameField = "name") => {
    const name = textField(reference, nameField);
    if (name !== "" && flagField(reference, "optional") !== true) found.add(`${kind}/${name}`);
  };
  for (const containers of ["containers", "initContainers"]) {
    for (const container of listField(spec, containers)) {
      for (const variable of listField(container, "env")) {
        note("secret", field(variable, "valueFrom", "secretKeyRef"));
        note("configmap", field(variable, "valueFrom", "configMapKeyRef"));
      }
      for (const source of listField(container, "envFrom")) {
        note("secret", field(source, "secretRef"));
        note("configmap", field(source, "configMapRef"));
      }
    }
  }
  for (const volume of listField(spec, "volumes")) {
    note("secret", field(volume, "secret"), "secretName");
    note("configmap", field(volume, "configMap"));
    for (const source of listField(volume, "projected", "sources")) {
      note("secret", field(source, "secret"));
      note("configmap", field(source, "configMap"));
    }
  }
  return found;
}
