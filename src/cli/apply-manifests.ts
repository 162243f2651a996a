import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

import { StrongroomError } from "../errors/strongroom-error.ts";
import { at } from "./api-client.ts";
import type { ApiClient } from "./api-client.ts";

interface Manifest {
  /** File name, for messages. */
  readonly file: string;
  readonly kind: string;
  readonly namespace: string;
  readonly object: unknown;
}

interface Resource {
  readonly name: string;
  readonly namespaced: boolean;
}

/** How many objects of each kind were created. */
export type AppliedCounts = ReadonlyMap<string, number>;

const alreadyExists = 409;
const created = 201;

/**
 * Creates the objects of every YAML file in `folder`, Namespaces first, in the order of file names, as `kubectl apply` does.
 * What exists already is left as it is. Objects of kinds that the server does not serve are counted as `skipped`.
 * Raises `invalid` for the first that is refused, with the file and the server's reason.
 */
export async function applyManifests(
  client: ApiClient,
  folder: string,
): Promise<{ readonly applied: AppliedCounts; readonly skipped: number }> {
  const resources = await servedResources(client);
  const manifests = await readManifests(folder);
  const namespacesFirst = manifests.toSorted((a, b) => Number(b.kind === "Namespace") - Number(a.kind === "Namespace"));
  const applied = new Map<string, number>();
  let skipped = 0;
  for (const manifest of namespacesFirst) {
    const resource = resources.get(manifest.kind);
    if (resource === undefined) skipped += 1;
    else {
      await create(client, resource, manifest);
      applied.set(manifest.kind, (applied.get(manifest.kind) ?? 0) + 1);
    }
  }
  return { applied, skipped };
}

/** Kinds of the core group by name, from its discovery document. */
async function servedResources(client: ApiClient): Promise<ReadonlyMap<string, Resource>> {
  const { body } = await client.send("GET", "/api/v1");
  const entries = at(body, "resources");
  const found = new Map<string, Resource>();
  for (const entry of Array.isArray(entries) ? entries : []) {
    const name = at(entry, "name");
    const kind = at(entry, "kind");
    if (typeof name !== "string" || typeof kind !== "string" || name.includes("/")) continue;
    found.set(kind, { name, namespaced: at(entry, "namespaced") === true });
  }
  return found;
}

async function readManifests(folder: string): Promise<readonly Manifest[]> {
  const names = (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name)).sort();
  const files = await Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(folder, name), "utf8") })),
  );
  return files.flatMap(({ name, text }) => manifestsOf(name, text));
}

function manifestsOf(file: string, text: string): Manifest[] {
  const manifests: Manifest[] = [];
  for (const document of parseAllDocuments(text, { prettyErrors: false })) {
    if (document.errors.length > 0) throw new StrongroomError("invalid", `${file} must be valid YAML`);
    const object: unknown = document.toJS();
    const kind = at(object, "kind");
    if (object === null) continue;
    if (typeof kind !== "string") throw new StrongroomError("invalid", `each object in ${file} must have a kind`);
    const namespace = at(at(object, "metadata"), "namespace");
    manifests.push({ file, kind, namespace: typeof namespace === "string" ? namespace : "default", object });
  }
  return manifests;
}

async function create(client: ApiClient, resource: Resource, manifest: Manifest): Promise<void> {
  const { name, namespaced } = resource;
  const place = namespaced ? `namespaces/${encodeURIComponent(manifest.namespace)}/${name}` : name;
  const { status, body } = await client.send("POST", `/api/v1/${place}`, asApplied(manifest.object));
  if (status === created || status === alreadyExists) return;
  const reason = at(body, "message");
  throw new StrongroomError("invalid", `${manifest.file} was refused (${status}): ${String(reason)}`);
}

/** With the annotation by which a later `kubectl apply` knows what was applied; it warns where it is missing. */
function asApplied(object: unknown): unknown {
  const copy = structuredClone(object) as { metadata: { annotations?: Record<string, string> } }; // a manifest
  copy.metadata.annotations = {
    ...copy.metadata.annotations,
    "kubectl.kubernetes.io/last-applied-configuration": `${JSON.stringify(object)}\n`,
  };
  return copy;
}
