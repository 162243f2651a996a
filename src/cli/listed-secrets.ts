/** All secrets of a cluster, or of a namespace of it, in pages. */
import type { ApiConnection } from "../sight/sources/cluster/api-connection.ts";
import { ownAnnotations } from "./secret-writer.ts";
import type { WantedSecret } from "./secret-writer.ts";

/** Of a MiB each, as large as they may be, so many are within what is taken of one answer. */
const pageLimit = 40;

interface SecretPage {
  readonly items: readonly ListedSecret[];
  readonly metadata: { readonly continue?: string };
}

interface ListedSecret {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly type?: string;
  readonly immutable?: boolean;
  readonly data?: Record<string, string>;
}

/** Raises ApiFailure. */
export async function* listedSecrets(
  connection: ApiConnection,
  namespace: string | undefined,
): AsyncGenerator<WantedSecret> {
  const { signal } = new AbortController();
  const within = namespace === undefined ? "" : `namespaces/${encodeURIComponent(namespace)}/`;
  let token = "";
  do {
    const path = `/api/v1/${within}secrets?limit=${pageLimit}&continue=${encodeURIComponent(token)}`;
    const { items, metadata } = (await connection.ask(path, { signal })) as SecretPage; // by the schema of the API
    for (const item of items) yield wanted(item);
    token = metadata.continue ?? "";
  } while (token !== "");
}

function wanted({ metadata, type = "Opaque", immutable = false, data = {} }: ListedSecret): WantedSecret {
  const { namespace, name, labels = {}, annotations = {} } = metadata;
  return { namespace, name, type, immutable, labels, annotations: ownAnnotations(annotations), data };
}
