/** The secrets of a Strongroom server with their versions, as the published API has them, for the commands about them. */
import type { ApiConnection } from "../sight/sources/cluster/api-connection.ts";
import { usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { switchFlag } from "./flags.ts";
import { withServer } from "./server-connection.ts";

export const dryRunFlag = switchFlag("dry-run", "Let the server say what would be done, and do nothing.");
export interface SecretPlace {
  readonly namespace: string;
  readonly name: string;
}

/** A SecretVersion, as far as it is shown. */
export interface VersionObject {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly creationTimestamp: string };
  readonly secret: string;
  readonly version: number;
  readonly current: boolean;
  readonly author: string;
  readonly door: string;
  /** RFC 3339 with milliseconds. */
  readonly time: string;
  readonly again?: number;
  readonly sizeBytes: number;
  readonly keys?: readonly { readonly name: string; readonly sizeBytes?: number }[];
  readonly changes?: Partial<Record<"added" | "changed" | "removed", readonly string[]>>;
  readonly data?: Readonly<Record<string, string>>;
}

/** A DeletedSecret. */
export interface DeletedObject {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly resourceVersion: string };
  readonly secret: string;
  readonly version: number;
  readonly author: string;
  readonly deleted: string;
}

/** A Secret or its metadata. */
export interface SecretObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
  };
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

const group = "/apis/strongroom.dev/v1";
const pageLimit = 500;
const metadataList = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

/** Does something with the secrets of the server that is meant. Raises {@link CommandFailure} with what the server said. */
export function withSecrets<Result>(
  invocation: Invocation,
  work: (source: SecretSource) => Promise<Result>,
): Promise<Result> {
  return withServer(invocation, "docs/versions.md", (connection) => work(new SecretSource(connection)));
}

export class SecretSource {
  readonly #connection: ApiConnection;
  readonly #signal = new AbortController().signal;

  constructor(connection: ApiConnection) {
    this.#connection = connection;
  }

  /** The versions of a secret, or of all in a namespace (name ""), the oldest of each first. */
  async versions({ namespace, name }: SecretPlace): Promise<VersionObject[]> {
    const selector = name === "" ? "" : `&fieldSelector=${encodeURIComponent(`secret=${name}`)}`;
    return this.#all(`${group}/${inNamespace(namespace)}secretversions?limit=${pageLimit}${selector}`);
  }

  async value({ namespace, name }: SecretPlace, version: number): Promise<VersionObject> {
    const path = `${group}/${inNamespace(namespace)}secretversions/${encodeURIComponent(`${name}.v${version}`)}/value`;
    return (await this.#connection.ask(path, { signal: this.#signal })) as VersionObject; // by the schema of the API
  }

  /** What is in the trash under a name, or all of a namespace (name ""). */
  async deleted({ namespace, name }: SecretPlace): Promise<DeletedObject[]> {
    const selector = name === "" ? "" : `&fieldSelector=${encodeURIComponent(`secret=${name}`)}`;
    return this.#all(`${group}/${inNamespace(namespace)}deletedsecrets?limit=${pageLimit}${selector}`);
  }

  async secret({ namespace, name }: SecretPlace): Promise<SecretObject> {
    const path = `/api/v1/${inNamespace(namespace)}secrets/${encodeURIComponent(name)}`;
    return (await this.#connection.ask(path, { signal: this.#signal })) as SecretObject; // by the schema of the API
  }

  /** Secrets as they were at a revision (undefined: now): one with its values, or all of a namespace without. */
  async secretsAt({ namespace, name }: SecretPlace, revision: string | undefined): Promise<SecretObject[]> {
    const at = revision === undefined ? "" : `&resourceVersion=${revision}&resourceVersionMatch=Exact`;
    const selector = name === "" ? "" : `&fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
    const path = `/api/v1/${inNamespace(namespace)}secrets?limit=${pageLimit}${at}${selector}`;
    return this.#all(path, name === "" ? metadataList : undefined);
  }

  async rollback(
    { namespace, name }: SecretPlace,
    { toVersion, resourceVersion, dryRun }: { toVersion: number; resourceVersion: string | undefined; dryRun: boolean },
  ): Promise<{ readonly version: number; readonly changed?: boolean }> {
    const metadata = { name, ...(resourceVersion !== undefined && { resourceVersion }) };
    const path = `/api/v1/${inNamespace(namespace)}secrets/${encodeURIComponent(name)}/rollback`;
    const answer = await this.#post(path, { ...typed("SecretRollback"), metadata, spec: { toVersion } }, dryRun);
    return (answer as { status: { version: number; changed?: boolean } }).status; // by the schema of the API
  }

  async restore({ metadata }: DeletedObject, dryRun: boolean): Promise<{ readonly version: number }> {
    const { namespace, name, resourceVersion } = metadata;
    const path = `${group}/${inNamespace(namespace)}deletedsecrets/${encodeURIComponent(name)}/restore`;
    const answer = await this.#post(path, { ...typed("SecretRestore"), metadata: { name, resourceVersion } }, dryRun);
    return (answer as { status: { version: number } }).status; // by the schema of the API
  }

  async purge({ metadata }: DeletedObject, dryRun: boolean): Promise<void> {
    const { namespace, name, resourceVersion } = metadata;
    // Where there is a body, the query does not count.
    const options = { preconditions: { resourceVersion }, ...(dryRun && { dryRun: ["All"] }) };
    const body = { apiVersion: "v1", kind: "DeleteOptions", ...options };
    const path = `${group}/${inNamespace(namespace)}deletedsecrets/${encodeURIComponent(name)}`;
    await this.#connection.ask(path, { signal: this.#signal, body, method: "DELETE", once: true });
  }

  async #post(path: string, body: object, dryRun: boolean): Promise<unknown> {
    return this.#connection.ask(path + query(dryRun), { signal: this.#signal, body, once: true });
  }

  async #all<T>(path: string, accept?: string): Promise<T[]> {
    const items: T[] = [];
    let token = "";
    do {
      const page = `${path}${token === "" ? "" : `&continue=${encodeURIComponent(token)}`}`;
      // A continued list has its revision in the token.
      const asked = token === "" ? page : page.replace(/&resourceVersion(?:Match)?=[^&]*/g, "");
      const answer = await this.#connection.ask(asked, {
        signal: this.#signal,
        ...(accept !== undefined && { accept }),
      });
      const { items: more, metadata } = answer as { items: T[]; metadata: { continue?: string } }; // a list of the API
      items.push(...more);
      token = metadata.continue ?? "";
    } while (token !== "");
    return items;
  }
}

function inNamespace(namespace: string): string {
  return `namespaces/${encodeURIComponent(namespace)}/`;
}

function typed(kind: string) {
  return { apiVersion: "strongroom.dev/v1", kind };
}

function query(dryRun: boolean): string {
  return dryRun ? "?dryRun=All" : "";
}

/** The number of a version as it is written after a flag: `3` or `v3`. Raises a usage error for anything else. */
export function versionNumber(written: string, flag: string): number {
  const digits = /^v?([1-9][0-9]{0,9})$/.exec(written)?.[1];
  if (digits === undefined) throw usageError(`--${flag} must be the number of a version, such as 3`);
  return Number(digits);
}

/** `+new ~changed -gone`, for people. */
export function changesText({ changes, again }: Pick<VersionObject, "changes" | "again">): string {
  if (again !== undefined) return `again v${again}`;
  if (changes === undefined) return "(the version before is no longer kept)";
  const marked = (mark: string, names: readonly string[] = []) => names.map((name) => mark + name);
  const all = [...marked("+", changes.added), ...marked("~", changes.changed), ...marked("-", changes.removed)];
  return all.length === 0 ? "(no keys)" : all.join(" ");
}

/** Rows of texts as columns. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
