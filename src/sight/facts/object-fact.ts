/** What every fact has. */
import type { PlacedExamination } from "../examination/observation.ts";
import type { Provenance } from "./provenance.ts";

/** `namespace` is "" for what is cluster-wide. */
export interface ObjectFact<Kind extends string> {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly at: Provenance;
  /** What was seen in the object while its values were in hand; undefined for nothing. */
  readonly examined?: PlacedExamination;
}
