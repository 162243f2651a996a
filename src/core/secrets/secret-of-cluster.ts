/** Secrets that the API server of a cluster keeps here: what of them is for its own controllers. */
import { linksInText, noLinks } from "../owners/object-links.ts";
import type { ObjectLinks } from "../owners/object-links.ts";
import type { SecretBook, SecretState } from "./canonical-secret.ts";

/** What our garbage collector has to know of: nothing of a secret of a cluster, whose own collector looks after it. */
export function collectedLinks({ cluster }: Pick<SecretBook, "cluster">, metadata: string | Buffer): ObjectLinks {
  return cluster === undefined ? linksInText(metadata) : noLinks;
}

/** The bookkeeping after a write that leaves the values alone: the cluster may have taken the secret over. */
export function withCluster(book: SecretBook, { cluster = book.cluster, adoptedAt }: SecretState): SecretBook {
  return cluster === book.cluster && adoptedAt === book.adoptedAt ? book : { ...book, cluster, adoptedAt };
}
