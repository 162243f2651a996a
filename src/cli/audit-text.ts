/** What audit logs say, as sentences. */
import { objectText } from "../sight/questions/principal.ts";
import type { Did, UseShown } from "../sight/questions/who-did.ts";

/** `12 reads (get 10, list 2), last 2026-..., first ...`, and what else is to be said of them. */
export function useText(use: UseShown): string {
  const { reads, scoped, dryRun, uncertain, metadataOnly, refused, first, last, verbs } = use;
  const parts = [
    reads > 0 ? `${counted(reads, "read")} (${verbsText(verbs)})` : "",
    scoped > 0 ? `${scoped} of them of all secrets of a namespace or the cluster` : "",
    dryRun > 0 ? `${dryRun} of them as a dry run` : "",
    uncertain > 0 ? `${counted(uncertain, "deletion")} that may have returned it` : "",
    metadataOnly > 0 ? `${counted(metadataOnly, "read")} of metadata alone` : "",
    refused > 0 ? `${refused} refused` : "",
    last === undefined ? "" : `last ${last}`,
    first === undefined || first === last ? "" : `first ${first}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function verbsText(verbs: Readonly<Record<string, number>>): string {
  return Object.entries(verbs)
    .map(([verb, count]) => `${verb} ${count}`)
    .join(", ");
}

/** A principal and what it did, with what else is on record of it. */
export function didLines(did: Did): string[] {
  const { principal, impersonatedBy, userAgents, addresses } = did;
  return [
    `${objectText(principal)}: ${useText(did)}`,
    ...(impersonatedBy.length === 0 ? [] : [`  acted as it: ${impersonatedBy.join(", ")}`]),
    ...(addresses.length === 0 ? [] : [`  from ${addresses.join(", ")}`]),
    ...(userAgents.length === 0 ? [] : [`  with ${userAgents.join("; ")}`]),
  ];
}
