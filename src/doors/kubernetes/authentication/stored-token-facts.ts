/** What tokens are checked against, read from our own store. */
import type {
  AccountFact,
  SecretFact,
  TokenFacts,
  TokenObjectFact,
  TokenObjectKind,
} from "../../../identity/tokens/token-facts.ts";
import type { Kind } from "../kinds/kind.ts";
import { nodeKind } from "../kinds/node.ts";
import { podKind } from "../kinds/pod.ts";
import { secretKind } from "../kinds/secret.ts";
import { serviceAccountKind } from "../kinds/service-account.ts";
import type { KindStorage, StoredObject } from "../storage/kind-storage.ts";
import { objectField, objectsField, stringField } from "../validation/object-fields.ts";
import { isPathSegment } from "../verbs/verb-context.ts";

/** The kinds of objects that tokens depend on. */
export const tokenObjectKindTables: Readonly<Record<TokenObjectKind, Kind>> = {
  serviceaccount: serviceAccountKind,
  secret: secretKind,
  pod: podKind,
  node: nodeKind,
};

export function storedTokenFacts(storage: (kind: Kind) => KindStorage): TokenFacts {
  const read = async (kind: TokenObjectKind, namespace: string, name: string) => {
    // What is no name is not in a key either, whoever signed it.
    if (name === "" || !isPathSegment(namespace) || !isPathSegment(name)) return undefined;
    if (tokenObjectKindTables[kind].namespaced && namespace === "") return undefined;
    return storage(tokenObjectKindTables[kind]).get(namespace, name);
  };
  return {
    async account(namespace, name): Promise<AccountFact | undefined> {
      const stored = await read("serviceaccount", namespace, name);
      if (stored === undefined) return undefined;
      const secrets = objectsField(stored.tree(), "secrets").map((reference) => stringField(reference, "name"));
      return { ...objectFact(stored), secrets };
    },
    async secret(namespace, name): Promise<SecretFact | undefined> {
      const stored = await read("secret", namespace, name);
      // A token in a secret of a cluster is one to that cluster, not to us.
      if (stored === undefined || stored.cluster !== undefined) return undefined;
      const data = objectField(stored.tree(), "data");
      return {
        ...objectFact(stored),
        type: stringField(stored.header(), "type"),
        labels: objectField(stored.metadata(), "labels"),
        value: (key) => Buffer.from(stringField(data, key), "base64").toString("utf8"),
      };
    },
    async object({ kind, namespace, name }): Promise<TokenObjectFact | undefined> {
      const stored = await read(kind, namespace, name);
      return stored === undefined ? undefined : objectFact(stored);
    },
  };
}

function objectFact(stored: StoredObject): TokenObjectFact {
  const metadata = stored.metadata();
  const deleted = stringField(metadata, "deletionTimestamp");
  return { uid: stringField(metadata, "uid"), deletedAtMs: deleted === "" ? undefined : Date.parse(deleted) };
}
