/**
 * Credential plugins of kubeconfigs: programs that print an ExecCredential.
 *
 * Source: client-go plugin/pkg/client/auth/exec/exec.go and pkg/apis/clientauthentication/v1. The program is what the file
 * names, as for kubectl: whoever writes a kubeconfig chooses what runs.
 */
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import { field, textField } from "../../facts/json-fields.ts";
import type { ClusterAccess, CredentialPlugin } from "./kubeconfig.ts";

/** What a plugin gave, and until when it is good; undefined for always. */
export interface PluginCredential {
  readonly token: string | undefined;
  readonly certificate: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly expiresAt: Date | undefined;
}

export const pluginOutputBytesMax = 1024 * 1024;
/** Somebody may have to look for their phone. */
export const pluginMsMax = 120_000;

/**
 * Runs the plugin. Its standard error is ours, so that people see what it asks of them; its output is in no message.
 * Raises `unavailable` when it cannot be run, fails, takes longer than `msMax`, or prints what is no credential.
 */
export async function runCredentialPlugin(
  access: ClusterAccess,
  plugin: CredentialPlugin,
  { env, signal, msMax = pluginMsMax }: PluginRun,
): Promise<PluginCredential> {
  const hasTerminal = plugin.interactive !== "Never" && process.stdin.isTTY === true;
  if (plugin.interactive === "Always" && !hasTerminal) {
    throw failed(plugin, "needs a terminal to ask at, and standard input is none");
  }
  const output = await outputOf(plugin, {
    env: {
      ...env,
      ...Object.fromEntries(plugin.env.map(({ name, value }) => [name, value])),
      ...execInfo(access, plugin, hasTerminal),
    },
    stdin: hasTerminal ? "inherit" : "ignore",
    signal: AbortSignal.any([signal, AbortSignal.timeout(msMax)]),
  });
  return readCredential(plugin, output);
}

export interface PluginRun {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly msMax?: number;
}

/** What the plugin is told: whether it may ask, and of which cluster if it wants to know. */
function execInfo(access: ClusterAccess, plugin: CredentialPlugin, interactive: boolean): Record<string, string> {
  const { server, trust } = access;
  const cluster = {
    server: server.href,
    ...(trust.serverName !== undefined && { "tls-server-name": trust.serverName }),
    ...(trust.insecure && { "insecure-skip-tls-verify": true }),
    ...(trust.ca !== undefined && { "certificate-authority-data": trust.ca.toString("base64") }),
  };
  const spec = { interactive, ...(plugin.provideClusterInfo && { cluster }) };
  return { KUBERNETES_EXEC_INFO: JSON.stringify({ kind: "ExecCredential", apiVersion: plugin.apiVersion, spec }) };
}

interface Run {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: "inherit" | "ignore";
  readonly signal: AbortSignal;
}

async function outputOf(plugin: CredentialPlugin, { env, stdin, signal }: Run): Promise<string> {
  const { promise, resolve: done, reject } = Promise.withResolvers<string>();
  // A bare name is looked up in PATH; one with a slash is relative to the kubeconfig.
  const command = plugin.command.includes("/") ? resolve(plugin.folder, plugin.command) : plugin.command;
  const child = spawn(command, plugin.args, { env, stdio: [stdin, "pipe", "inherit"], signal, killSignal: "SIGKILL" });
  const chunks: Buffer[] = [];
  let size = 0;
  // What the program started itself may go on and keep the pipe: nobody waits for that.
  const giveUp = (why: string, cause?: unknown) => {
    child.kill("SIGKILL");
    child.stdout.destroy();
    reject(failed(plugin, why, cause));
  };
  child.stdout.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= pluginOutputBytesMax) chunks.push(chunk);
    else giveUp(`must print at most ${pluginOutputBytesMax} bytes`);
  });
  child.on("error", (cause: NodeJS.ErrnoException) => giveUp(whyNotRun(plugin, cause), cause));
  child.on("close", (code) => {
    if (code !== 0) reject(failed(plugin, `ended with exit code ${code ?? "of a signal"}`));
    else done(Buffer.concat(chunks).toString("utf8"));
  });
  return await promise;
}

function whyNotRun(plugin: CredentialPlugin, cause: NodeJS.ErrnoException): string {
  if (cause.name === "AbortError") return "took too long, or was stopped";
  if (cause.code !== "ENOENT") return `could not be run (${cause.code ?? "no reason given"})`;
  return plugin.installHint === "" ? "was not found" : `was not found: ${plugin.installHint.trim().slice(0, 500)}`;
}

function readCredential(plugin: CredentialPlugin, output: string): PluginCredential {
  let credential: unknown;
  try {
    credential = JSON.parse(output);
  } catch {
    throw failed(plugin, "must print an ExecCredential in JSON");
  }
  if (textField(credential, "kind") !== "ExecCredential" || textField(credential, "apiVersion") !== plugin.apiVersion) {
    throw failed(plugin, `must print an ExecCredential of ${plugin.apiVersion}`);
  }
  const status = field(credential, "status");
  const [cert, key] = [textField(status, "clientCertificateData"), textField(status, "clientKeyData")];
  const token = textField(status, "token");
  if (token === "" && cert === "") throw failed(plugin, "must print a token or a certificate");
  if ((cert === "") !== (key === "")) throw failed(plugin, "must print both a certificate and its key");
  const expires = Date.parse(textField(status, "expirationTimestamp"));
  return {
    token: token === "" ? undefined : token,
    certificate: cert === "" ? undefined : { cert: Buffer.from(cert), key: Buffer.from(key) },
    expiresAt: Number.isNaN(expires) ? undefined : new Date(expires),
  };
}

function failed(plugin: CredentialPlugin, why: string, cause?: unknown): StrongroomError {
  return new StrongroomError("unavailable", `the credential plugin ${plugin.command} ${why}`, { cause });
}
