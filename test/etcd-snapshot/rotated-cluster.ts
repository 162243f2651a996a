/** A kube-apiserver on an etcd, through changes of its EncryptionConfiguration; and that file, and a plugin for it. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { bytes, Message, text } from "../../src/grpc/message.ts";
import { startGrpcServer } from "../support/grpc-server.ts";
import { startRealApiserver } from "../support/real-apiserver.ts";
import type { RealEtcd } from "../support/real-etcd.ts";

export const canary = "hunter2-of-the-apiserver";
const secretsPath = "/api/v1/namespaces/default/secrets";

/** A KMS v2 plugin whose key goes by an id that may change. Source: kubernetes/kms apis/v2/api.proto. */
export async function startPlugin(path: string) {
  const key = randomBytes(32);
  const current = { keyId: "first" };
  const asked = new Message({ data: bytes(1), uid: text(2) });
  const status = new Message({ version: text(1), healthz: text(2), keyId: text(3) });
  const answered = new Message({ data: bytes(1), keyId: text(2) });
  const iv = Buffer.alloc(16);
  const server = await startGrpcServer(
    {
      "/v2.KeyManagementService/Status": () => status.encode({ version: "v2", healthz: "ok", ...current }),
      "/v2.KeyManagementService/Encrypt": (message) => {
        return answered.encode({
          data: createCipheriv("aes-256-ctr", key, iv).update(asked.decode(message).data),
          ...current,
        });
      },
      "/v2.KeyManagementService/Decrypt": (message) => {
        return asked.encode({ data: createDecipheriv("aes-256-ctr", key, iv).update(asked.decode(message).data) });
      },
    },
    { path },
  );
  return { current, url: server.url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

export const keyOf = (name: string) => ({ name, secret: Buffer.alloc(32, name).toString("base64") });
export const aescbc = (...names: string[]) => ({ aescbc: { keys: names.map(keyOf) } });
export const secretbox = (name: string) => ({ secretbox: { keys: [keyOf(name)] } });
export const aesgcm = (name: string) => ({ aesgcm: { keys: [keyOf(name)] } });
export const identity = { identity: {} };

/** The part of a rule in an EncryptionConfiguration. */
export type Rule = readonly [resources: readonly string[], ...providers: readonly object[]];

export function writeConfiguration(path: string, rules: readonly Rule[]): string {
  const resources = rules.map(([names, ...providers]) => ({ resources: names, providers }));
  const document = { apiVersion: "apiserver.config.k8s.io/v1", kind: "EncryptionConfiguration", resources };
  writeFileSync(path, JSON.stringify(document), { mode: 0o600 });
  return path;
}

/** Starts an API server on the etcd, with a configuration if there is one, has it write secrets, and ends it. */
export async function write(etcd: RealEtcd, configuration: string | undefined, ...names: string[]): Promise<void> {
  const flags = configuration === undefined ? [] : ["--encryption-provider-config", configuration];
  await using server = await startRealApiserver(flags, etcd);
  for (const name of names) {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData: { key: canary } };
    const isThere = await server.call("GET", `${secretsPath}/${name}`).then(
      () => true,
      () => false,
    );
    if (isThere)
      await server.call("PUT", `${secretsPath}/${name}`, { ...secret, stringData: { key: `${canary} again` } });
    else await server.call("POST", secretsPath, secret);
  }
}
