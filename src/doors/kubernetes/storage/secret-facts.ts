/** What the audit log does not tell of a secret: of which clusters it may be, and when it was there. */
import { clustersOf } from "../../../audit/cluster/cluster-audit-config.ts";
import type { NamedCluster } from "../../../audit/cluster/cluster-audit-config.ts";
import type { SecretFacts } from "../../../audit/index/audit-records.ts";
import type { Life } from "../../../audit/index/who-read.ts";
import type { DeletedSecret, SecretTrash } from "../../../core/secrets/secret-trash.ts";
import type { NamespaceFacts } from "../../../core/namespaces/namespace-facts.ts";
import type { Secrets } from "../../../core/secrets/secrets.ts";
import type { Store } from "../../../store/store.ts";
import { secretLinkKind, sourceOf } from "../kinds/secret-link.ts";
import type { KindStorage } from "./kind-storage.ts";
import { plainStorage } from "./plain-storage.ts";
import { parseStoredJson } from "../codec/json-parser.ts";
import { stringField } from "../validation/object-fields.ts";
import type { JsonObject } from "../codec/json.ts";

/** Records of the trash that are read at once, and the pages of them that are looked through. */
const pageLimit = 500;
const pagesMax = 40;
/** Creation is on record in whole seconds, deletion by the clock of this server. */
const slackMs = 1000;

export interface SecretPlaces {
  readonly store: Store;
  readonly secrets: Pick<Secrets, "get">;
  readonly trash: Pick<SecretTrash, "list">;
  readonly namespaces: NamespaceFacts;
}

/** Which clusters there are, by configuration. */
export interface KnownClusters {
  /** Those that send their audit. */
  readonly reportingClusters?: readonly NamedCluster[];
  /** Those at the etcd door. */
  readonly etcd?: { readonly clusters: readonly NamedCluster[] } | undefined;
}

export function secretFacts(
  places: SecretPlaces,
  { reportingClusters: sending = [], etcd: { clusters: others } = { clusters: [] } }: KnownClusters,
): SecretFacts {
  const links = plainStorage(places.store, secretLinkKind, places.namespaces);
  return {
    copiesOf: (namespace, name) => copiesOf(links, namespace, name),
    clustersOf: (namespace) => clustersOf(namespace, sending, others),
    livesOf: (namespace, name) => secretLives(places, namespace, name),
  };
}

/** What the links of a source make, by all links. */
async function copiesOf(links: Pick<KindStorage, "list">, namespace: string, name: string) {
  const copies: { readonly namespace: string; readonly name: string }[] = [];
  let after: string | undefined;
  do {
    const page = await links.list({ namespace: "", after, limit: pageLimit });
    for (const link of page.objects) {
      const source = sourceOf(link.header());
      if (source.namespace === namespace && source.name === name)
        copies.push({ namespace: link.namespace, name: link.name });
    }
    after = page.continueAfter;
  } while (after !== undefined);
  return copies;
}

/** As far as the secret and what is in the trash tell: the lives of a name, the present one last. Undefined when nothing is known of it, or there is too much in the trash to tell. */
async function secretLives(
  { secrets, trash }: SecretPlaces,
  namespace: string,
  name: string,
): Promise<readonly Life[] | undefined> {
  const lives: Life[] = [];
  let after: { readonly namespace: string; readonly uid: string } | undefined;
  for (let page = 0; ; page++) {
    if (page === pagesMax) return undefined;
    const { secrets: deleted, last } = await trash.list({ namespace, after, limit: pageLimit, revision: undefined });
    lives.push(...deleted.filter((each) => each.name === name).map(lifeOfDeleted));
    if (last === undefined) break;
    after = { namespace, uid: last.book.uid };
  }
  lives.sort((a, b) => a.fromMs - b.fromMs);
  const present = await secrets.get(namespace, name);
  if (present !== undefined) lives.push({ fromMs: createdMs(present.metadata), toMs: Infinity });
  return lives.length === 0 ? undefined : lives;
}

function lifeOfDeleted({ metadata, deleted }: DeletedSecret): Life {
  return { fromMs: createdMs(metadata), toMs: Date.parse(deleted.time) + slackMs };
}

/** Without a time it may have been there always. */
function createdMs(metadata: Buffer): number {
  const object = parseStoredJson(metadata) as JsonObject; // the metadata of an object
  const timeMs = Date.parse(stringField(object, "creationTimestamp"));
  return Number.isFinite(timeMs) ? timeMs - slackMs : -Infinity;
}
