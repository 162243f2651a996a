/**
 * How much is read of Secrets: each level needs more rights than the one before, and tells more.
 *
 * - `references`: nothing of them; names stand in what refers to them.
 * - `metadata`: names, ages and labels, by PartialObjectMetadata. No value leaves the cluster. Strongroom allows that by
 *   `secrets/metadata`; Kubernetes by no right but `list secrets`, which is a right to every value.
 * - `full`: whole objects, whose values are dropped where they are decoded.
 */
export const levels = ["references", "metadata", "full"] as const;

export type Level = (typeof levels)[number];

/** Of a server that knows it: reading Secrets without their values. */
export const metadataResource = "secrets/metadata";
