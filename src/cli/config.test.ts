import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { defaultAuditOutput } from "../audit/followers/follower-config.ts";
import { defaultConcurrencyLimits } from "../doors/http/concurrency-limiter.ts";
import { defaultHttpLimits } from "../doors/http/limits.ts";
import { CommandFailure } from "./command-failure.ts";
import { readServerConfig } from "./config.ts";
import type { Environment } from "./environment.ts";
import { FlagValues } from "./flags.ts";

const folder = mkdtempSync(join(tmpdir(), "strongroom-config-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const environment: Environment = {
  home: "/home/jane",
  xdgDataHome: undefined,
  workingDirectory: "/work",
  shellDirectory: "/work",
};

function read(flags: Record<string, string[]>, surroundings: Partial<Environment> = {}) {
  return readServerConfig(new FlagValues(new Map(Object.entries(flags))), { ...environment, ...surroundings });
}

function write(fields: string): string {
  const path = join(folder, "strongroom.yaml");
  writeFileSync(path, `apiVersion: strongroom.dev/v1alpha1\nkind: ServerConfiguration\n${fields}\n`);
  return path;
}

test("readServerConfig without flags and file gives the defaults", async () => {
  assert.deepEqual(await read({}), {
    dataDir: "/home/jane/.local/share/strongroom",
    host: "127.0.0.1",
    port: 8443,
    extraSans: [],
    logFormat: "text",
    rootKey: { type: "file", path: undefined },
    abandonEncryptionKeys: false,
    encryptionFile: undefined,
    history: { retainMs: 86_400_000, retainBytes: 1_073_741_824 },
    versions: {
      promotionsMax: 100,
      keptMsMin: 86_400_000,
      secretBytesMax: 268_435_456,
      namespaceBytesMax: 4_294_967_296,
      trashRetentionMs: 2_592_000_000,
    },
    limits: {},
    valuesInAnswersToWrites: "readers",
    audit: { reserveBytes: 67_108_864, reads: "synced" },
    auditOutput: defaultAuditOutput,
    etcd: undefined,
    reportingClusters: [],
    backup: undefined,
    authentication: {
      issuers: ["https://kubernetes.default.svc.cluster.local"],
      audiences: ["https://kubernetes.default.svc.cluster.local"],
      tokenLifeSecondsMax: 0,
      anonymousPaths: [],
      configurationFile: undefined,
      tokenFile: undefined,
      frontProxy: undefined,
    },
    adminKubeconfig: "/home/jane/.local/share/strongroom/admin.kubeconfig",
  });
});

test("readServerConfig puts the data below XDG_DATA_HOME when that is absolute", async () => {
  assert.equal((await read({}, { xdgDataHome: "/data/jane" })).dataDir, "/data/jane/strongroom");
  assert.equal((await read({}, { xdgDataHome: "data" })).dataDir, "/home/jane/.local/share/strongroom");
});

test("readServerConfig takes paths of flags relative to the working directory", async () => {
  const config = await read({
    "data-dir": ["data"],
    "root-key-file": ["../root.key"],
    "passphrase-file": ["/run/passphrase"],
    "admin-kubeconfig": ["admin.yaml"],
  });
  assert.equal(config.dataDir, "/work/data");
  assert.deepEqual(config.rootKey, { type: "passphrase", path: "/root.key", passphraseFile: "/run/passphrase" });
  assert.equal(config.adminKubeconfig, "/work/admin.yaml");
});

test("readServerConfig keeps the administrator's kubeconfig in a data directory named by a flag, or nowhere", async () => {
  assert.equal((await read({ "data-dir": ["/d"] })).adminKubeconfig, "/d/admin.kubeconfig");
  assert.equal((await read({ "admin-kubeconfig": ["none"] })).adminKubeconfig, undefined);
});

const everyField = `
dataDir: data
listen: "[::1]:9443"
tls:
  extraSans: [secrets.example.com, 10.0.0.7]
log:
  format: json
encryption: {configurationFile: encryption.yaml}
rootKey:
  file: keys/root.key
  passphraseFile: /run/passphrase
history:
  retain: 1h30m
  retainBytes: 256Mi
versions:
  perSecret: 7
  keepAtLeast: 1h
  bytesPerSecret: 1048576
  bytesPerNamespace: 2Gi
  trash: 0s
adminKubeconfig: none
limits:
  connectionsMax: 100
  headersTimeoutMs: 5000
authentication:
  tokenFile: tokens.csv
  anonymousPaths: [/version]
  serviceAccounts:
    issuers: [https://a.example.com, https://b.example.com]
    audiences: [api]
    tokenLifeMax: 2h
  frontProxy:
    authoritiesFile: proxies.crt
    allowedNames: [proxy]
kubernetes:
  valuesInAnswersToWrites: writers
audit:
  reserve: 128Mi
  reads: batched
`;

test("readServerConfig reads every field of the file, paths relative to the file", async () => {
  assert.deepEqual(await read({ config: [write(everyField)] }), {
    dataDir: join(folder, "data"),
    host: "::1",
    port: 9443,
    extraSans: ["secrets.example.com", "10.0.0.7"],
    logFormat: "json",
    rootKey: { type: "passphrase", path: join(folder, "keys", "root.key"), passphraseFile: "/run/passphrase" },
    abandonEncryptionKeys: false,
    encryptionFile: join(folder, "encryption.yaml"),
    history: { retainMs: 5_400_000, retainBytes: 268_435_456 },
    versions: {
      promotionsMax: 7,
      keptMsMin: 3_600_000,
      secretBytesMax: 1_048_576,
      namespaceBytesMax: 2_147_483_648,
      trashRetentionMs: 0,
    },
    limits: { connectionsMax: 100, headersTimeoutMs: 5000 },
    valuesInAnswersToWrites: "writers",
    audit: { reserveBytes: 134_217_728, reads: "batched" },
    auditOutput: defaultAuditOutput,
    etcd: undefined,
    reportingClusters: [],
    backup: undefined,
    authentication: {
      issuers: ["https://a.example.com", "https://b.example.com"],
      audiences: ["api"],
      tokenLifeSecondsMax: 7200,
      anonymousPaths: ["/version"],
      configurationFile: undefined,
      tokenFile: join(folder, "tokens.csv"),
      frontProxy: {
        authoritiesFile: join(folder, "proxies.crt"),
        allowedNames: ["proxy"],
        usernameHeaders: ["X-Remote-User"],
        uidHeaders: ["X-Remote-Uid"],
        groupHeaders: ["X-Remote-Group"],
        extraHeaderPrefixes: ["X-Remote-Extra-"],
      },
    },
    adminKubeconfig: undefined,
  });
});

test("readServerConfig lets flags win over the file, a list as a whole", async () => {
  const config = await read({
    config: [write(everyField)],
    "data-dir": ["/d"],
    listen: ["0.0.0.0:1"],
    san: ["a.example.com"],
    "log-format": ["text"],
    "root-key-file": ["/k"],
    "admin-kubeconfig": ["/a"],
    "service-account-issuer": ["https://c.example.com"],
    "token-auth-file": ["t.csv"],
    "anonymous-path": ["/openid/v1/jwks"],
  });
  const { issuers, audiences, tokenFile, anonymousPaths } = config.authentication;
  assert.deepEqual([issuers, audiences], [["https://c.example.com"], ["api"]]);
  assert.deepEqual([tokenFile, anonymousPaths], ["/work/t.csv", ["/openid/v1/jwks"]]);
  assert.equal(config.dataDir, "/d");
  assert.equal(config.host, "0.0.0.0");
  assert.equal(config.port, 1);
  assert.deepEqual(config.extraSans, ["a.example.com"]);
  assert.equal(config.logFormat, "text");
  assert.deepEqual(config.rootKey, { type: "passphrase", path: "/k", passphraseFile: "/run/passphrase" });
  assert.equal(config.adminKubeconfig, "/a");
});

test("readServerConfig knows every limit by its name, those on concurrency too", async () => {
  const limits = { ...defaultHttpLimits, ...defaultConcurrencyLimits };
  const fields = Object.entries(limits).map(([name, value]) => `  ${name}: ${value}`);
  const config = await read({ config: [write(`limits:\n${fields.join("\n")}`)] });
  assert.deepEqual(config.limits, limits);
});

test("readServerConfig takes a file that says nothing but its version", async () => {
  assert.deepEqual(await read({ config: [write("")] }), await read({}));
});

test("readServerConfig reads scheduled backups, with their defaults", async () => {
  const recipients = write("backup:\n  directory: backups\n  recipients: [age1abc]");
  assert.deepEqual((await read({ config: [recipients] })).backup, {
    directory: join(folder, "backups"),
    everyMs: 24 * 60 * 60 * 1000,
    keep: 14,
    for: { type: "recipients", recipients: ["age1abc"] },
  });
  const passphrase = write("backup:\n  directory: /b\n  every: 1h\n  keep: 3\n  passphraseFile: /run/p");
  assert.deepEqual((await read({ config: [passphrase] })).backup, {
    directory: "/b",
    everyMs: 60 * 60 * 1000,
    keep: 3,
    for: { type: "passphrase", passphraseFile: "/run/p" },
  });
});

/** Fields of a file that is refused, and the message after the path of the file. */
const refusedFields: readonly (readonly [string, string])[] = [
  ["backup:\n  recipients: [age1abc]", "backup.directory must be given"],
  ["backup:\n  directory: /b", "one of backup.recipients and backup.passphraseFile must be given"],
  [
    "backup:\n  directory: /b\n  recipients: [age1abc]\n  passphraseFile: /p",
    "one of backup.recipients and backup.passphraseFile must be given",
  ],
  ["backup:\n  directory: /b\n  recipients: []", "backup.recipients must name somebody"],
  ["backup:\n  directory: /b\n  recipients: [ssh-rsa]", "backup.recipients[0] must be a recipient of age: age1..."],
  ["datadir: x", "datadir is no known field"],
  ["history: {retian: 1h}", "history.retian is no known field"],
  ["__proto__: {dataDir: x}", "__proto__ is no known field"],
  ["constructor: x", "constructor is no known field"],
  ["history: {retain: 24}", "history.retain must be a duration such as 90s, 10m, 24h, 1h30m or 30d, from 1m to 3650d"],
  ["history: {retain: 59s}", "history.retain must be a duration such as 90s, 10m, 24h, 1h30m or 30d, from 1m to 3650d"],
  [
    "history: {retainBytes: 1GB}",
    "history.retainBytes must be a number of bytes such as 1048576, 256Mi or 4Gi, at least 1Mi",
  ],
  [
    "history: {retainBytes: 1.5}",
    "history.retainBytes must be a number of bytes such as 1048576, 256Mi or 4Gi, at least 1Mi",
  ],
  ["history: 24h", "history must be a mapping of fields"],
  ["history:", "history must be a mapping of fields"],
  ["history: []", "history must be a mapping of fields"],
  ["versions: {perSecret: 0}", "versions.perSecret must be a whole number from 1 to 100000"],
  ["versions: {perSecret: '7'}", "versions.perSecret must be a whole number from 1 to 100000"],
  ["versions: {perSecret: .nan}", "versions.perSecret must be a whole number from 1 to 100000"],
  ["listen: 8443", "listen must be HOST:PORT, such as 127.0.0.1:8443, [::1]:8443 or 0.0.0.0:8443"],
  ["log: {format: xml}", "log.format must be text or json"],
  ["log: {format: true}", "log.format must be text or json"],
  ["tls: {extraSans: a.example.com}", "tls.extraSans must be a list"],
  [
    "tls: {extraSans: [a.example.com, 'a b']}",
    "tls.extraSans[1] must be a DNS name such as secrets.example.com or *.example.com, or an IP address",
  ],
  [
    "dataDir: ~/strongroom",
    "dataDir must be a path, absolute or relative to the folder of the configuration file (~ is not expanded)",
  ],
  [
    "dataDir: ''",
    "dataDir must be a path, absolute or relative to the folder of the configuration file (~ is not expanded)",
  ],
  ["rootKey: {key: abc}", "rootKey.key is no known field"],
  ["limits: {connectionsMax: 0}", "limits.connectionsMax must be a whole number from 1 to 2147483647"],
  ["limits: {conectionsMax: 1}", "limits.conectionsMax is no known field"],
  ["limits: {urlBytesMax: 16384}", "limits.urlBytesMax must be less than limits.headerBytesMax (16384)"],
  ["dataDir: a\ndataDir: b", "line 4 must be valid YAML (duplicate key)"],
  ["dataDir: [a", "line 4 must be valid YAML (bad indent)"],
  ["---\ndataDir: a", "line 3 must be valid YAML (multiple docs)"],
  ["dataDir: !secret a", "line 3 must be valid YAML (tag resolve failed)"],
];

for (const [fields, message] of refusedFields) {
  test(`readServerConfig refuses ${JSON.stringify(fields)} in the file: ${message}`, async () => {
    const path = write(fields);
    await assert.rejects(read({ config: [path] }), (error) => {
      assert.ok(error instanceof CommandFailure, String(error));
      assert.equal(error.message, `${path}: ${message}`);
      assert.equal(error.exitCode, 2);
      return true;
    });
  });
}

test("readServerConfig refuses a file of another kind before it looks at its fields, and quotes nothing of it", async () => {
  const path = join(folder, "secret.yaml");
  for (const content of [
    "apiVersion: v1\nkind: Secret\nstringData: {hunter2: hunter2}\n",
    "apiVersion: strongroom.dev/v2\nkind: ServerConfiguration\nhunter2: hunter2\n",
    "hunter2",
    "- hunter2",
    "",
    "hunter2: [hunter2\n{",
    "a: &x hunter2\nb: *x\n",
  ]) {
    writeFileSync(path, content);
    await assert.rejects(read({ config: [path] }), (error) => {
      assert.ok(error instanceof CommandFailure, String(error));
      assert.doesNotMatch(`${error.message}${error.advice}`, /hunter2/);
      return true;
    });
  }
});

test("readServerConfig refuses aliases, which a configuration does not need", async () => {
  const path = write("dataDir: &x a\nadminKubeconfig: *x");
  await assert.rejects(read({ config: [path] }), /must be written without anchors and aliases/);
});

test("readServerConfig says that a missing file must exist", async () => {
  await assert.rejects(read({ config: ["/nowhere/x.yaml"] }), /\/nowhere\/x\.yaml: the file must exist/);
});

const refusedFlags: readonly (readonly [string, string, string])[] = [
  ["listen", "8443", "--listen must be HOST:PORT"],
  ["san", "a b", "--san must be a DNS name"],
  ["log-format", "xml", "--log-format must be text or json"],
];

for (const [flag, value, message] of refusedFlags) {
  test(`readServerConfig refuses --${flag} ${value}`, async () => {
    await assert.rejects(
      read({ [flag]: [value] }),
      (error) => error instanceof CommandFailure && error.exitCode === 2 && error.message.startsWith(message),
    );
  });
}
