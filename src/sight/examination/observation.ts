/** What is seen in an object while its values are in hand; the values are not kept. */
import type { CheckId } from "../findings/check-registry.ts";
import type { PatchStep } from "../findings/kubectl-command.ts";
import type { ScoreFactor } from "../findings/score.ts";
import type { Provenance } from "../facts/provenance.ts";

export type FieldPath = readonly (string | number)[];

/** A fault that one object shows by itself. */
export interface Observation {
  readonly check: CheckId;
  readonly path: FieldPath;
  /** In words; never the value. */
  readonly text: string;
  /** What makes it better or worse than the check has it. */
  readonly factors: readonly ScoreFactor[];
  /** Of the value it is about: what has the same one is told together. "" for none. */
  readonly fingerprint: string;
  /** Mends it in this object; holds no values. */
  readonly patch?: readonly PatchStep[];
}

export interface PlacedObservation extends Observation {
  readonly at: Provenance;
}

/** An examination whose observations have their places. */
export interface PlacedExamination extends Examination {
  readonly observations: readonly PlacedObservation[];
}

/** With places; undefined where nothing was seen. */
export function placed(
  examination: Examination,
  placeOf: (path: FieldPath) => Provenance,
): PlacedExamination | undefined {
  if (examination === nothingSeen) return undefined;
  return {
    ...examination,
    observations: examination.observations.map((each) => ({ ...each, at: placeOf(each.path) })),
  };
}

/** Of the first certificate of a secret. */
export interface CertificateNote {
  readonly path: FieldPath;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
  /** Names of hosts it is for; `*.` at the beginning is any one label. */
  readonly hosts: readonly string[];
}

/** What comes of an object being looked at. */
export interface Examination {
  readonly observations: readonly Observation[];
  /** Whether a limit was met, so that there may be more. */
  readonly complete: boolean;
  readonly certificate?: CertificateNote;
  /** When values were last written (RFC 3339), as far as managedFields say. */
  readonly changedAt?: string;
  /** When a pod began. */
  readonly startedAt?: string;
  readonly immutable?: boolean;
  /** Keys that hold a value in the clear. */
  readonly plainKeys?: readonly string[];
  /** Of an Ingress: hosts and the secret with their certificate. */
  readonly tls?: readonly { readonly hosts: readonly string[]; readonly secretName: string }[];
  /** `KIND/NAME` of the controller it was made by. */
  readonly madeBy?: string;
}

/** Nothing was seen. */
export const nothingSeen: Examination = { observations: [], complete: true };

/** As people write it: `spec.containers[0].env[1].value`, `data["app.properties"]`. */
export function fieldText(path: FieldPath): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(part)) text += `[${JSON.stringify(part)}]`;
    else text += text === "" ? part : `.${part}`;
  }
  return text;
}
