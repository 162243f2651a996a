/** Files EncryptionConfiguration that Kubernetes refuses, each with one thing wrong with it. */

const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n";

/** A key of so many bytes, all of them alike; no key of anything. */
export function keyOf(bytes: number, byte = 7): string {
  return Buffer.alloc(bytes, byte).toString("base64");
}

const good = `aescbc: {keys: [{name: key1, secret: ${keyOf(32)}}]}`;

/** A file with an entry for each list of resources, all by the same provider. */
export function fileFor(resources: readonly (readonly string[])[], provider = good): string {
  const entries = resources.map((names) => `- resources: ${JSON.stringify(names)}\n  providers: [{${provider}}]\n`);
  return `${head}resources:\n${entries.join("")}`;
}

function providers(text: string): string {
  return `${head}resources: [{resources: [secrets], providers: ${text}}]\n`;
}

function key(provider: string, name: string, secret: string): string {
  return providers(`[{${provider}: {keys: [{name: ${name}, secret: ${secret}}]}}]`);
}

function kms(fields: string): string {
  return providers(`[{kms: {${fields}}}]`);
}

const socket = "endpoint: unix:///tmp/kms.sock";

/** Name of the case -> the file. */
export const refusedFiles: Readonly<Record<string, string>> = {
  "no entries": `${head}resources: []\n`,
  "no resources member": head,
  "no names of resources": fileFor([[]]),
  "no providers": providers("[]"),
  "an empty provider": providers("[{}]"),
  "two providers in one element": providers(`[{${good}, identity: {}}]`),
  "three providers in one element": providers(`[{${good}, secretbox: {keys: []}, identity: {}}]`),
  "no keys": providers("[{aescbc: {keys: []}}]"),
  "no keys of aesgcm": providers("[{aesgcm: {}}]"),
  "no keys of secretbox": providers("[{secretbox: {keys: []}}]"),
  "a bare star": fileFor([["*"]]),
  "a group's wildcard and a member": fileFor([["secrets", "*."]]),
  "everything and another": fileFor([["*.*", "secrets"]]),
  "another and everything": fileFor([["secrets", "*.*"]]),
  "a wildcard of apps and a deployment": fileFor([["*.apps", "deployments.apps"]]),
  duplicates: fileFor([["secrets", "secrets"]]),
  "duplicates that are wildcards": fileFor([["*.apps", "*.apps"]]),
  "three times the same": fileFor([["secrets", "secrets", "secrets"]]),
  "masked by the core wildcard": fileFor([["*."], ["secrets"]]),
  "masked by a group's wildcard": fileFor([["*.apps"], ["deployments.apps"]]),
  "masked by everything": fileFor([["*.*"], ["secrets"]]),
  "a wildcard masked by everything": fileFor([["*.*"], ["*.apps"]]),
  "everything twice": fileFor([["*.*"], ["*.*"]]),
  "a group's wildcard twice": fileFor([["*.apps"], ["*.apps"]]),
  capitals: fileFor([["Secrets"]]),
  "one resource across groups": fileFor([["secrets.*"]]),
  "events of events.k8s.io": fileFor([["events.events.k8s.io"]]),
  "all of events.k8s.io": fileFor([["*.events.k8s.io"]]),
  "all of extensions": fileFor([["*.extensions"]]),
  "a resource of extensions": fileFor([["ingresses.extensions"]]),
  apiserveripinfo: fileFor([["apiserveripinfo"]]),
  serviceipallocations: fileFor([["serviceipallocations"]]),
  servicenodeportallocations: fileFor([["servicenodeportallocations"]]),
  "a key without a name": key("aescbc", '""', keyOf(32)),
  "a key without a secret": key("aescbc", "key1", '""'),
  "a secret that is not base64": key("aescbc", "key1", '"not base64!"'),
  "a secret of base64url": key("aesgcm", "key1", "-_-_-_-_-_-_-_-_-_-_-w=="),
  "a key of aescbc of 25 bytes": key("aescbc", "key1", keyOf(25)),
  "a key of aescbc of 28 bytes": key("aescbc", "key1", keyOf(28)),
  "a key of aesgcm of 28 bytes": key("aesgcm", "key1", keyOf(28)),
  "a key of secretbox of 16 bytes": key("secretbox", "key1", keyOf(16)),
  "a key of secretbox of 28 bytes": key("secretbox", "key1", keyOf(28)),
  "two wrong keys": providers(
    `[{aescbc: {keys: [{name: a, secret: ${keyOf(28)}}, {name: "", secret: ${keyOf(25)}}]}}, {secretbox: {keys: [{name: b}]}}]`,
  ),
  "a kms without a name": kms(`apiVersion: v2, ${socket}`),
  "a kms with a colon in its name": kms(`apiVersion: v2, name: "a:b", ${socket}`),
  "a kms without an endpoint": kms("apiVersion: v2, name: a"),
  "a kms over tcp": kms('apiVersion: v2, name: a, endpoint: "tcp://localhost:1"'),
  "a kms without a scheme": kms('apiVersion: v2, name: a, endpoint: "/tmp/kms.sock"'),
  "a kms with a wrong timeout": kms(`apiVersion: v2, name: a, ${socket}, timeout: -1s`),
  "a kms with a timeout of nothing": kms(`apiVersion: v2, name: a, ${socket}, timeout: 0s`),
  "a kms of v2 with a size of cache": kms(`apiVersion: v2, name: a, ${socket}, cachesize: 10`),
  "a kms of v1 with no cache": kms(`apiVersion: v1, name: a, ${socket}, cachesize: 0`),
  "a kms of v3": kms(`apiVersion: v3, name: a, ${socket}`),
  "a kms of v1": kms(`name: a, ${socket}`),
  "two kms of one name": providers(
    `[{kms: {apiVersion: v2, name: a, ${socket}}}, {kms: {apiVersion: v2, name: a, ${socket}}}]`,
  ),
  "an empty file": "",
  "a file of another kind": "apiVersion: v1\nkind: Secret\n",
  "an unknown field": `${fileFor([["secrets"]])}other: 1\n`,
  "an unknown field below": providers("[{identity: {}, aescbcx: {}}]"),
  "a member twice": `${fileFor([["secrets"]])}kind: EncryptionConfiguration\n`,
  "a list that is a text": `${head}resources: secrets\n`,
};

/** Files that Kubernetes takes. */
export const acceptedFiles: Readonly<Record<string, string>> = {
  "one resource": fileFor([["secrets"]]),
  "resources, a group's wildcard, everything": fileFor([["secrets"], ["configmaps", "*.apps"], ["*.*"]]),
  "the same resource in two entries": fileFor([["secrets"], ["secrets"]]),
  "the example that people copy": `${head}resources:
  - resources: [events]
    providers: [{identity: {}}]
  - resources: ["*.apps"]
    providers: [{aescbc: {keys: [{name: key2, secret: ${keyOf(32, 2)}}]}}]
  - resources: ["*.*"]
    providers: [{aescbc: {keys: [{name: key3, secret: ${keyOf(24, 3)}}]}}]
`,
  "two keys of one name": providers(
    `[{aesgcm: {keys: [{name: a, secret: ${keyOf(16)}}, {name: a, secret: ${keyOf(16, 8)}}]}}]`,
  ),
  "a secret with line ends": key("aescbc", "key1", `"${keyOf(32).slice(0, 20)}\\n${keyOf(32).slice(20)}"`),
  "a key name with a colon": key("aescbc", '"a:b"', keyOf(32)),
  JSON: JSON.stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [{ resources: ["secrets"], providers: [{ identity: {} }] }],
  }),
  "resources that there are none of": fileFor([["gadgets.example.com", "serviceipallocations.example.com"]]),
};
