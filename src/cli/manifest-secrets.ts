/** Secrets in manifests: YAML or JSON, one or many documents, lists too. */
import { readFile, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { parseAllDocuments } from "yaml";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { at } from "./api-client.ts";
import { ownAnnotations } from "./secret-writer.ts";
import type { WantedSecret } from "./secret-writer.ts";

export interface ManifestSecrets {
  readonly secrets: readonly WantedSecret[];
  /** How many manifests are of other kinds. */
  readonly others: number;
}

const fileBytesMax = 256 * 1024 * 1024;

/** Reads files, and those in folders. Raises `invalid`, naming the file and never what stands in it, and what the file system says. */
export async function manifestSecrets(
  paths: readonly string[],
  directory: string,
  namespace: string,
): Promise<ManifestSecrets> {
  const secrets: WantedSecret[] = [];
  let others = 0;
  for (const path of paths) {
    for await (const { name, text } of texts(path, directory)) {
      for (const object of objectsIn(name, text)) {
        if (at(object, "kind") === "Secret" && at(object, "apiVersion") === "v1") {
          secrets.push(secretOf(name, object, namespace));
        } else others++;
      }
    }
  }
  return { secrets, others };
}

async function* texts(path: string, directory: string): AsyncGenerator<{ name: string; text: string }> {
  if (path === "-") {
    yield { name: "standard input", text: (await buffer(process.stdin)).toString("utf8") };
    return;
  }
  const whole = resolve(directory, path);
  const found = await stat(whole);
  if (!found.isDirectory()) {
    if (found.size > fileBytesMax)
      throw new StrongroomError("too-large", `${path} must have at most ${fileBytesMax} bytes`);
    yield { name: path, text: await readFile(whole, "utf8") };
    return;
  }
  const names = (await readdir(whole)).filter((name) => /\.(?:ya?ml|json)$/.test(name)).sort();
  for (const name of names) yield* texts(join(path, name), directory);
}

/** Each object, those in lists one by one. */
function objectsIn(file: string, text: string): unknown[] {
  return parseAllDocuments(text, { prettyErrors: false, version: "1.1" }).flatMap((document) => {
    const object = valueOf(file, document);
    if (object === null || object === undefined) return [];
    const items = at(object, "items");
    return Array.isArray(items) && String(at(object, "kind")).endsWith("List") ? (items as unknown[]) : [object];
  });
}

/** The parser's messages quote the text, which is not told. */
function valueOf(file: string, document: ReturnType<typeof parseAllDocuments>[number]): unknown {
  try {
    if (document.errors.length === 0) return document.toJS();
  } catch {
    // more aliases than a manifest has: told with the rest
  }
  throw new StrongroomError("invalid", `${file} must be valid YAML or JSON`);
}

function secretOf(file: string, object: unknown, namespace: string): WantedSecret {
  const metadata = at(object, "metadata");
  const name = at(metadata, "name");
  if (typeof name !== "string") throw new StrongroomError("invalid", `each secret in ${file} must have a name`);
  const place = `the secret ${name} in ${file}`;
  const encoded = textsOf(at(object, "data"), `${place}: data`);
  const plain = textsOf(at(object, "stringData"), `${place}: stringData`);
  const data = new Map(Object.entries(encoded).map(([key, text]) => [key, canonicalBase64(text)]));
  for (const [key, text] of Object.entries(plain)) data.set(key, Buffer.from(text).toString("base64"));
  return {
    namespace: textOr(at(metadata, "namespace"), namespace),
    name,
    type: textOr(at(object, "type"), "Opaque"),
    immutable: at(object, "immutable") === true,
    labels: textsOf(at(metadata, "labels"), `${place}: metadata.labels`),
    annotations: ownAnnotations(textsOf(at(metadata, "annotations"), `${place}: metadata.annotations`)),
    data: Object.fromEntries(data),
  };
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" && value !== "" ? value : otherwise;
}

function textsOf(value: unknown, place: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  const entries = Object.entries(Object(value) as Record<string, unknown>);
  if (typeof value === "object" && !Array.isArray(value) && entries.every(([, text]) => typeof text === "string")) {
    return value as Record<string, string>; // just looked at
  }
  throw new StrongroomError("invalid", `${place} must be a mapping from keys to texts`);
}

/** Lines of base64 are joined; what is no base64 stays as it is, for the server to refuse. */
function canonicalBase64(text: string): string {
  const joined = text.replace(/[\r\n]/g, "");
  return Buffer.from(joined, "base64").toString("base64") === joined ? joined : text;
}
