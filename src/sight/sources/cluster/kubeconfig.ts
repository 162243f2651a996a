/**
 * Kubeconfig files, as kubectl reads them: where a cluster is, whom to trust, and who one is.
 *
 * Source: k8s.io/client-go tools/clientcmd/api/v1/types.go. What would be needed and is not supported is refused with what to
 * do instead, never passed over: a cluster must not be read by another way or as somebody else than the file says.
 */
import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import { field, flagField, listField, textField, textsField } from "../../facts/json-fields.ts";

/** How to reach one cluster as one user. */
export interface ClusterAccess {
  /** The name of the context. */
  readonly id: string;
  readonly server: URL;
  readonly trust: Trust;
  readonly credential: Credential;
  /** Whom to act as; undefined for oneself. */
  readonly impersonate: Impersonation | undefined;
  /** The namespace of the context; "" for none. */
  readonly namespace: string;
}

export interface Trust {
  /** PEM; undefined for the certificate authorities that the system trusts. */
  readonly ca: Buffer | undefined;
  /** The name that the certificate must have, if it is another than that of the address. */
  readonly serverName: string | undefined;
  /** Whether nothing is checked, as the file asks. */
  readonly insecure: boolean;
}

export interface Impersonation {
  readonly user: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: readonly (readonly [string, readonly string[]])[];
}

/** What one shows. Each part may be there beside the others. */
export interface Credential {
  readonly certificate: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly token: string | undefined;
  /** A file with a token, which may be renewed at any time. */
  readonly tokenFile: string | undefined;
  readonly password: { readonly user: string; readonly password: string } | undefined;
  readonly plugin: CredentialPlugin | undefined;
}

/** A program that prints a credential. */
export interface CredentialPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly installHint: string;
  readonly interactive: "Never" | "IfAvailable" | "Always";
  readonly provideClusterInfo: boolean;
  /** The folder of the kubeconfig, to which a command with a slash is relative. */
  readonly folder: string;
}

/** A kubeconfig is small; what is larger is something else. */
export const kubeconfigBytesMax = 4 * 1024 * 1024;

/** A file with what it says: paths in it are relative to its folder. */
interface ConfigFile {
  readonly path: string;
  readonly config: unknown;
}

/**
 * The clusters that contexts of the files name; without contexts, that of the current context. Of several files, the first that
 * has a current context, or an entry of a name, counts for it, as for kubectl. Raises `invalid` with what must hold, without
 * quoting the files, which hold secrets; and the system's error when one cannot be read.
 */
export async function readKubeconfig(paths: readonly string[], contexts: readonly string[]): Promise<ClusterAccess[]> {
  const files = await Promise.all(paths.map(readConfigFile));
  const current = files.map(({ config }) => textField(config, "current-context")).find((name) => name !== "");
  if (contexts.length === 0 && current === undefined) {
    throw invalid(paths.join(", "), `must have a current-context, or one must be named: ${contextNames(files)}`);
  }
  const wanted = contexts.length > 0 ? contexts : [current ?? ""];
  return await Promise.all([...new Set(wanted)].map((context) => readContext(files, context)));
}

async function readConfigFile(path: string): Promise<ConfigFile> {
  const { size } = await stat(path);
  if (size > kubeconfigBytesMax) throw invalid(path, `must have at most ${kubeconfigBytesMax} bytes`);
  return { path, config: parseKubeconfig(path, await readFile(path, "utf8")) };
}

function parseKubeconfig(path: string, text: string): unknown {
  let config: unknown;
  try {
    config = parse(text, { maxAliasCount: 100, logLevel: "error", prettyErrors: false });
  } catch {
    throw invalid(path, "must be valid YAML");
  }
  const kind = textField(config, "kind");
  if (typeof config !== "object" || config === null || (kind !== "" && kind !== "Config")) {
    throw invalid(path, "must be a kubeconfig: an object of kind Config");
  }
  return config;
}

function contextNames(files: readonly ConfigFile[]): string {
  const names = files.flatMap(({ config }) =>
    listField(config, "contexts").map((context) => textField(context, "name")),
  );
  return names.length === 0 ? "it has none" : `it has ${names.slice(0, 20).join(", ")}`;
}

async function readContext(files: readonly ConfigFile[], id: string): Promise<ClusterAccess> {
  const all = files.map(({ path }) => path).join(", ");
  const context = named(files, "contexts", id, "context");
  if (context === undefined) throw invalid(all, `must have the context ${id}; ${contextNames(files)}`);
  const { path, entry } = context;
  const [clusterName, userName] = [textField(entry, "cluster"), textField(entry, "user")];
  const cluster = named(files, "clusters", clusterName, "cluster");
  if (cluster === undefined) throw invalid(path, `must have the cluster ${clusterName}, which the context ${id} names`);
  const user = userName === "" ? { path, entry: {} } : named(files, "users", userName, "user");
  if (user === undefined) throw invalid(path, `must have the user ${userName}, which the context ${id} names`);
  return {
    id,
    server: readServer(cluster.path, cluster.entry),
    trust: await readTrust(cluster.path, cluster.entry),
    credential: await readCredential(user.path, user.entry),
    impersonate: readImpersonation(user.entry),
    namespace: textField(entry, "namespace"),
  };
}

/** What an entry of a name says, and in which file. */
function named(
  files: readonly ConfigFile[],
  list: string,
  name: string,
  part: string,
): { readonly path: string; readonly entry: unknown } | undefined {
  for (const { path, config } of files) {
    const found = listField(config, list).find((each) => textField(each, "name") === name);
    const entry = field(found, part);
    if (entry !== undefined) return { path, entry };
  }
  return undefined;
}

function readServer(path: string, cluster: unknown): URL {
  if (textField(cluster, "proxy-url") !== "") {
    throw invalid(
      path,
      "names a proxy-url, which is not supported: run kubectl proxy and name its address in a kubeconfig",
    );
  }
  const written = textField(cluster, "server");
  const server = URL.canParse(written) ? new URL(written) : undefined;
  if (server === undefined) throw invalid(path, "must name a server by its URL");
  const isLocal = ["127.0.0.1", "[::1]", "localhost"].includes(server.hostname);
  if (server.protocol !== "https:" && !(server.protocol === "http:" && isLocal)) {
    throw invalid(path, `must name a server by https, not by ${server.protocol}`);
  }
  return server;
}

async function readTrust(path: string, cluster: unknown): Promise<Trust> {
  return {
    ca: await readBytes(path, cluster, "certificate-authority"),
    serverName: textField(cluster, "tls-server-name") || undefined,
    insecure: flagField(cluster, "insecure-skip-tls-verify") === true,
  };
}

async function readCredential(path: string, user: unknown): Promise<Credential> {
  if (field(user, "auth-provider") !== undefined) {
    const instead =
      "name a credential plugin (exec) instead, or run kubectl proxy and name its address in a kubeconfig";
    throw invalid(path, `names an auth-provider, which kubectl no longer has: ${instead}`);
  }
  const [cert, key] = [await readBytes(path, user, "client-certificate"), await readBytes(path, user, "client-key")];
  if ((cert === undefined) !== (key === undefined)) {
    throw invalid(path, "must have both a client-certificate and its client-key");
  }
  const [token, tokenFile] = [textField(user, "token"), textField(user, "tokenFile")];
  const username = textField(user, "username");
  return {
    certificate: cert === undefined || key === undefined ? undefined : { cert, key },
    // A file of the same user is preferred, since it is the one that is renewed.
    token: tokenFile === "" && token !== "" ? token : undefined,
    tokenFile: tokenFile === "" ? undefined : resolve(dirname(path), tokenFile),
    password: username === "" ? undefined : { user: username, password: textField(user, "password") },
    plugin: readPlugin(path, field(user, "exec")),
  };
}

/** The content of `NAME-data`, else of the file `NAME`. */
async function readBytes(path: string, from: unknown, name: string): Promise<Buffer | undefined> {
  const data = textField(from, `${name}-data`);
  if (data !== "") return Buffer.from(data, "base64");
  const file = textField(from, name);
  return file === "" ? undefined : await readFile(resolve(dirname(path), file));
}

function readImpersonation(user: unknown): Impersonation | undefined {
  const name = textField(user, "as");
  const [uid, groups] = [textField(user, "as-uid"), textsField(user, "as-groups")];
  const extra = field(user, "as-user-extra");
  const names = typeof extra === "object" && extra !== null ? Object.keys(extra) : [];
  if (name === "" && uid === "" && groups.length === 0 && names.length === 0) return undefined;
  return { user: name, uid, groups, extra: names.map((key) => [key, textsField(extra, key)]) };
}

const pluginVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

function readPlugin(path: string, exec: unknown): CredentialPlugin | undefined {
  if (exec === undefined || exec === null) return undefined;
  const [apiVersion, command] = [textField(exec, "apiVersion"), textField(exec, "command")];
  if (command === "") throw invalid(path, "must name the command of its credential plugin");
  if (!pluginVersions.includes(apiVersion)) {
    throw invalid(path, `must have a credential plugin of ${pluginVersions.join(" or ")}`);
  }
  const interactive = textField(exec, "interactiveMode");
  return {
    apiVersion,
    command,
    args: textsField(exec, "args"),
    env: listField(exec, "env").map((each) => ({ name: textField(each, "name"), value: textField(each, "value") })),
    installHint: textField(exec, "installHint"),
    interactive: interactive === "Never" || interactive === "Always" ? interactive : "IfAvailable",
    provideClusterInfo: flagField(exec, "provideClusterInfo") === true,
    folder: dirname(resolve(path)),
  };
}

function invalid(path: string, rule: string): StrongroomError {
  return new StrongroomError("invalid", `${path} ${rule}`);
}
