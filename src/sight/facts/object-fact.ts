/** What every fact has. */
import type { Provenance } from "./provenance.ts";

/** `namespace` is "" for what is cluster-wide. */
export interface ObjectFact<Kind extends string> {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly at: Provenance;
}
