/**
 * What is wrong, or worth a look, with what shows it and what to do. Every output is written from this shape; nothing in
 * it is the value of a secret, not even a part of one.
 */
import { createHash } from "node:crypto";
import { placeText } from "../facts/provenance.ts";
import type { Provenance } from "../facts/provenance.ts";
import { objectText } from "../questions/principal.ts";
import type { Step } from "../questions/path-steps.ts";
import { checkOf } from "./check-registry.ts";
import type { CheckId } from "./check-registry.ts";
import type { Frameworks } from "./check.ts";
import { baseScore, severityOf } from "./score.ts";
import type { Score, Severity } from "./score.ts";

/** An object a finding is about, or that shows something, and where it was read. */
export interface FoundObject {
  readonly kind: string;
  /** "" for what is cluster-wide. */
  readonly namespace: string;
  readonly name: string;
  readonly at: Provenance;
}

export interface Evidence {
  /** `KIND NAMESPACE/NAME`, with the number of the rule where it is one of a role. */
  readonly object: string;
  /** `FILE:LINE`, or the document and item. */
  readonly place: string;
  readonly at: Provenance;
  /** The exact path of the field, such as `data["config.json"]`; "" for the object as a whole. */
  readonly field: string;
  /** What is seen there, in words; never the value. */
  readonly text: string;
}

/** What a machine can do about it. */
export interface FixPatch {
  /** RFC 6902, RFC 7386, or whole objects to create or to put in place. */
  readonly format: "json-patch" | "merge-patch" | "manifest";
  /** The object that is patched; undefined for a manifest of new objects. */
  readonly target: string | undefined;
  /** JSON; several manifests are separated by `---`. */
  readonly text: string;
  /** The command that does it; undefined for a manifest, which goes to `kubectl apply`. */
  readonly command: string | undefined;
}

/** A command that shows whether it is mended, and what it prints then. */
export interface Verify {
  readonly command: string;
  readonly expect: string;
}

export interface Finding {
  /** The same for the same fault in another scan: the check and the names of what it is about. */
  readonly id: string;
  /** A digest of the id, for outputs that want one of fixed length: 32 hexadecimal digits. */
  readonly fingerprint: string;
  readonly check: CheckId;
  readonly title: string;
  readonly severity: Severity;
  readonly score: Score;
  readonly frameworks: Frameworks;
  /** One sentence that names what is wrong with what. */
  readonly message: string;
  readonly object: FoundObject;
  /** At least one. */
  readonly evidence: readonly Evidence[];
  /** Why it matters. */
  readonly explanation: string;
  /** What to do. */
  readonly fix: string;
  readonly patch: FixPatch | undefined;
  readonly verify: Verify;
  /** For what is a way: its steps. */
  readonly path: readonly Step[];
  /** What is not known and would change the score, in words. */
  readonly unknown: readonly string[];
  /** How many secrets the way leads to, the worst of which it is shown to; undefined where that is not counted. */
  readonly secrets: number | undefined;
  /** Among findings of one score, the larger comes first. */
  readonly weight: number;
}

/** What a check says of one fault; the rest comes from the registry. */
export interface FindingParts {
  readonly check: CheckId;
  readonly object: FoundObject;
  /** What tells faults of one check and one object apart; names only, none of which may be a value. */
  readonly about?: readonly string[];
  readonly message: string;
  readonly evidence: readonly Evidence[];
  readonly verify: Verify;
  /** Instead of the registry's. */
  readonly score?: Score;
  readonly explanation?: string;
  readonly fix?: string;
  readonly patch?: FixPatch | undefined;
  readonly path?: readonly Step[];
  readonly unknown?: readonly string[];
  readonly secrets?: number;
  readonly weight?: number;
  /** Instead of the object in the id, for findings about a group of objects. */
  readonly subject?: string;
}

/** A finding from its parts. */
export function makeFinding(parts: FindingParts): Finding {
  const check = checkOf(parts.check);
  const id = [parts.check, parts.subject ?? objectText(parts.object), ...(parts.about ?? [])].join("/");
  const score = parts.score ?? baseScore(check.score);
  return {
    id,
    fingerprint: createHash("sha256").update(id).digest("hex").slice(0, 32),
    check: parts.check,
    title: check.title,
    severity: severityOf(score.value),
    score,
    frameworks: check.frameworks,
    message: parts.message,
    object: parts.object,
    evidence: parts.evidence,
    explanation: parts.explanation ?? check.explanation,
    fix: parts.fix ?? check.fix,
    patch: parts.patch,
    verify: parts.verify,
    path: parts.path ?? [],
    unknown: parts.unknown ?? [],
    secrets: parts.secrets,
    weight: parts.weight ?? 0,
  };
}

/** Evidence of an object that was read. */
export function evidenceOf(object: FoundObject, field: string, text: string): Evidence {
  return { object: objectText(object), place: placeText(object.at), at: object.at, field, text };
}
