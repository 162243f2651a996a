/** Writes secrets to a server by its published API, one by one, and says of each what changes: keys, never values. */
import { ApiFailure } from "../sight/sources/cluster/api-failure.ts";
import type { ApiConnection } from "../sight/sources/cluster/api-connection.ts";
import { changesText } from "./secret-source.ts";

type Texts = Readonly<Record<string, string>>;

/** A secret as it is to be. `data` has the standard base64 of each value. */
export interface WantedSecret {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  readonly immutable: boolean;
  readonly labels: Texts;
  readonly annotations: Texts;
  readonly data: Texts;
}

export type WriteAction = "created" | "replaced" | "unchanged" | "kept" | "refused";

export interface SecretWrite {
  readonly namespace: string;
  readonly name: string;
  readonly action: WriteAction;
  /** Which keys; or why it was refused. */
  readonly what: string;
}

export interface WriteOptions {
  /** Replace secrets that are there and differ. Else they are kept. */
  readonly overwrite: boolean;
  /** The server checks everything and does nothing. */
  readonly dryRun: boolean;
}

/** What kubectl keeps for itself: a copy of values among the metadata, of another object's history. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

interface Existing {
  readonly metadata: { readonly resourceVersion: string; readonly labels?: Texts; readonly annotations?: Texts };
  readonly type?: string;
  readonly immutable?: boolean;
  readonly data?: Texts;
}

/** Writes secrets; namespaces that are missing are made. What one secret is refused for does not stop the others. */
export class SecretWriter {
  readonly #connection: ApiConnection;
  readonly #options: WriteOptions;
  readonly #signal = new AbortController().signal;
  readonly #namespaces = new Map<string, Promise<boolean>>();

  constructor(connection: ApiConnection, options: WriteOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Raises {@link ApiFailure} where the server cannot be asked at all. */
  async write(secret: WantedSecret): Promise<SecretWrite> {
    const { namespace, name } = secret;
    try {
      return { namespace, name, ...(await this.#write(secret)) };
    } catch (error) {
      if (!(error instanceof ApiFailure) || !isOfOne(error)) throw error;
      return { namespace, name, action: "refused", what: error.message };
    }
  }

  async #write(secret: WantedSecret): Promise<Pick<SecretWrite, "action" | "what">> {
    const collection = `/api/v1/namespaces/${encodeURIComponent(secret.namespace)}/secrets`;
    const path = `${collection}/${encodeURIComponent(secret.name)}`;
    const isThere = await this.#ensureNamespace(secret.namespace);
    const existing = isThere ? await this.#get(path) : undefined;
    if (existing === undefined) {
      // In a namespace that a dry run has not made, the server cannot say whether it would take the secret.
      if (isThere || !this.#options.dryRun) await this.#send(collection, manifestOf(secret));
      return { action: "created", what: changesText({ changes: { added: Object.keys(secret.data) } }) };
    }
    const what = differences(existing, secret);
    if (what === undefined) return { action: "unchanged", what: "" };
    if (!this.#options.overwrite) return { action: "kept", what };
    const { resourceVersion } = existing.metadata;
    await this.#send(path, manifestOf(secret, resourceVersion), "PUT");
    return { action: "replaced", what };
  }

  async #get(path: string): Promise<Existing | undefined> {
    try {
      return (await this.#connection.ask(path, { signal: this.#signal })) as Existing; // by the schema of the API
    } catch (error) {
      if (error instanceof ApiFailure && error.kind === "not-found") return undefined;
      throw error;
    }
  }

  /** Whether it is there; one that is missing is made, or would be. */
  #ensureNamespace(name: string): Promise<boolean> {
    let known = this.#namespaces.get(name);
    if (known === undefined) this.#namespaces.set(name, (known = this.#makeNamespace(name)));
    return known;
  }

  async #makeNamespace(name: string): Promise<boolean> {
    const path = `/api/v1/namespaces/${encodeURIComponent(name)}`;
    if ((await this.#get(path)) !== undefined) return true;
    await this.#send("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    return !this.#options.dryRun;
  }

  async #send(path: string, body: object, method?: "PUT"): Promise<void> {
    const query = this.#options.dryRun ? "?dryRun=All" : "";
    await this.#connection.ask(path + query, { signal: this.#signal, body, once: true, ...(method && { method }) });
  }
}

/** Whether others may fare better. */
function isOfOne({ kind }: ApiFailure): boolean {
  return kind === "refused" || kind === "forbidden" || kind === "not-found";
}

/** The manifest of a secret. */
export function manifestOf(secret: WantedSecret, resourceVersion?: string) {
  const { namespace, name, type, immutable, labels, annotations, data } = secret;
  const some = (texts: Texts) => (Object.keys(texts).length > 0 ? texts : undefined);
  const metadata = { name, namespace, labels: some(labels), annotations: some(annotations), resourceVersion };
  return { apiVersion: "v1", kind: "Secret", metadata, type, data, ...(immutable && { immutable }) };
}

/** What differs, for people; undefined where nothing does. */
function differences(existing: Existing, secret: WantedSecret): string | undefined {
  const { data = {}, type = "Opaque", immutable = false } = existing;
  const { labels = {}, annotations = {} } = existing.metadata;
  const keys = {
    added: Object.keys(secret.data).filter((key) => !Object.hasOwn(data, key)),
    changed: Object.keys(secret.data).filter((key) => Object.hasOwn(data, key) && data[key] !== secret.data[key]),
    removed: Object.keys(data).filter((key) => !Object.hasOwn(secret.data, key)),
  };
  const isSameData = Object.values(keys).every((names) => names.length === 0);
  const parts = [
    ...(isSameData ? [] : [changesText({ changes: keys })]),
    ...(type === secret.type ? [] : [`type ${type} -> ${secret.type}`]),
    ...(immutable === secret.immutable ? [] : ["immutable"]),
    ...(sameTexts(labels, secret.labels) ? [] : ["labels"]),
    ...(sameTexts(annotations, secret.annotations) ? [] : ["annotations"]),
  ];
  return parts.length === 0 ? undefined : parts.join(", ");
}

function sameTexts(a: Texts, b: Texts): boolean {
  const entries = (texts: Texts) => Object.entries(texts).filter(([key]) => key !== lastApplied);
  const [first, second] = [entries(a), entries(b)];
  return first.length === second.length && first.every(([key, text]) => Object.hasOwn(b, key) && b[key] === text);
}

/** Without what kubectl keeps for itself. */
export function ownAnnotations(annotations: Texts): Texts {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== lastApplied));
}
