/** Secrets that the API server of a cluster keeps here: what of them is for its own controllers. */
import { linksInText, noLinks } from "../owners/object-links.ts";
import type { ObjectLinks } from "../owners/object-links.ts";
import type { SecretBook, SecretState } from "./canonical-secret.ts";

/** The type of secrets whose value only the API server that wrote it can read. */
export const clusterValueType = "strongroom.dev/etcd-value";

/** What our garbage collector has to know of: nothing of a secret of a cluster, whose own collector looks after it. */
export function collectedLinks({ cluster }: Pick<SecretBook, "cluster">, metadata: string | Buffer): ObjectLinks {
  return cluster === undefined ? linksInText(metadata) : noLinks;
}

/**
 * The bookkeeping after a write that leaves the values alone: the cluster may have taken the secret over, or a link got another source that
 * has the same.
 */
export function withCluster(
  book: SecretBook,
  { cluster = book.cluster, adoptedAt }: SecretState,
  { linkedFrom = book.linkedFrom }: Pick<SecretBook, "linkedFrom">,
): SecretBook {
  const isSame = cluster === book.cluster && adoptedAt === book.adoptedAt && linkedFrom === book.linkedFrom;
  return isSame ? book : { ...book, cluster, adoptedAt, linkedFrom };
}
