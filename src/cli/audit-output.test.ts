import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { after, test } from "node:test";
import { defaultAuditPolicy } from "../audit/policy/default-policy.ts";
import { auditFlags } from "./audit-flags.ts";
import { CommandFailure } from "./command-failure.ts";
import { readServerConfig } from "./config.ts";
import { parseFlags } from "./flags.ts";
import { serveCommand } from "./serve.ts";

const folder = mkdtempSync(join(tmpdir(), "strongroom-audit-flags-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function read(...args: string[]) {
  const environment = { home: "/h", xdgDataHome: undefined, workingDirectory: "/work", shellDirectory: "/work" };
  const { auditOutput } = await readServerConfig(parseFlags(serveCommand.flags, args).flags, environment);
  assert.ok(auditOutput !== undefined);
  return auditOutput;
}

const kubeconfig = write(
  "webhook.kubeconfig",
  `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://siem.example.com/audit", insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: hunter2-of-the-webhook}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`,
);
const values = write(
  "values.yaml",
  'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: RequestResponse, resources: [{group: "", resources: [secrets]}]}]\n',
);

test("Without flags nobody follows, by the default policy", async () => {
  assert.deepEqual(await read(), { policy: defaultAuditPolicy, followers: [], warnings: [] });
});

test("--audit-log-path has upstream's defaults", async () => {
  const { followers } = await read("--audit-log-path", "logs/audit.log");
  assert.deepEqual(followers, [
    {
      name: "audit-log-path",
      form: { type: "kubernetes", format: "json", eventBytesMax: undefined },
      to: {
        type: "file",
        path: "/work/logs/audit.log",
        sizeBytesMax: 104_857_600,
        backupsMax: 100,
        ageMsMax: 366 * 86_400_000,
        compress: false,
      },
      from: "now",
      batch: { recordsMax: 1000, waitMs: 0, bytesMax: 10_485_760 },
      throttle: undefined,
      backoffMs: 1000,
      hashKey: undefined,
    },
  ]);
});

test("Every flag of the file is read", async () => {
  const { followers } = await read(
    "--audit-log-path",
    "-",
    "--audit-log-format",
    "legacy",
    "--audit-log-version",
    "audit.k8s.io/v1",
    "--audit-log-truncate-enabled",
    "--audit-log-truncate-max-event-size",
    "500",
    "--audit-log-truncate-max-batch-size=900",
  );
  assert.deepEqual(followers[0]?.to, { type: "standard-output" });
  assert.deepEqual(followers[0]?.form, { type: "kubernetes", format: "legacy", eventBytesMax: 500 });
  assert.equal(followers[0]?.batch.bytesMax, 900);
});

test("Every flag of the webhook is read, and nothing shows its token", async () => {
  const plain = await read("--audit-webhook-config-file", kubeconfig);
  assert.deepEqual(plain.followers[0]?.batch, { recordsMax: 400, waitMs: 30_000, bytesMax: 10_485_760 });
  assert.deepEqual(plain.followers[0]?.throttle, { perSecond: 10, burst: 15 });
  assert.equal(plain.followers[0]?.backoffMs, 10_000);
  assert.match(plain.warnings.join(), /has nothing of the audit webhook checked/);
  assert.ok(!inspect(plain, { depth: null }).includes("hunter2"));
  const to = plain.followers[0]?.to;
  assert.ok(to?.type === "webhook");
  assert.equal(await to.receiver.authorization?.(), "Bearer hunter2-of-the-webhook");
  const { followers } = await read(
    "--audit-webhook-config-file",
    kubeconfig,
    "--audit-webhook-batch-max-size",
    "7",
    "--audit-webhook-batch-max-wait",
    "1m30s",
    "--audit-webhook-initial-backoff",
    "500ms",
    "--audit-webhook-batch-throttle-qps",
    "2.5",
    "--audit-webhook-batch-throttle-burst",
    "4",
    "--audit-webhook-batch-buffer-size",
    "100",
    "--audit-webhook-truncate-enabled",
  );
  const [follower] = followers;
  assert.deepEqual(follower?.batch, { recordsMax: 7, waitMs: 90_000, bytesMax: 10_485_760 });
  assert.deepEqual(follower?.throttle, { perSecond: 2.5, burst: 4 });
  assert.equal(follower?.backoffMs, 500);
});

test("A blocking webhook is told to block nothing", async () => {
  const { followers, warnings } = await read(
    "--audit-webhook-config-file",
    kubeconfig,
    "--audit-webhook-mode",
    "blocking-strict",
  );
  assert.equal(followers[0]?.batch.waitMs, 0);
  assert.equal(followers[0]?.throttle, undefined);
  assert.match(warnings[0] ?? "", /no request waits for the webhook/);
});

test("A policy that asks for values is refused, unless it is insisted on, and is told loudly then", async () => {
  await assert.rejects(read("--audit-policy-file", values), (error) => {
    assert.ok(error instanceof CommandFailure);
    assert.match(
      error.message,
      /must not record values of secrets or tokens; rules\[0\] \(RequestResponse of secrets\) would/,
    );
    assert.match(error.advice ?? "", /--audit-policy-allow-secret-values/);
    return true;
  });
  const { warnings } = await read("--audit-policy-file", values, "--audit-policy-allow-secret-values");
  assert.match(warnings.join(), /^WARNING: .*rules\[0\] \(RequestResponse of secrets\).*masked/);
});

const faults: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [["--audit-policy-file", "/nowhere"], /--audit-policy-file must name a file that can be read \(ENOENT\)/],
  [["--audit-policy-file", kubeconfig], /the audit policy must be valid: unknown group version field/],
  [["--audit-log-path", "x", "--audit-log-format", "yaml"], /--audit-log-format must be json or legacy/],
  [["--audit-log-path", "x", "--audit-log-maxsize=-1"], /--audit-log-maxsize must be a whole number of at least 0/],
  [["--audit-log-path", "x", "--audit-log-version", "v2"], /--audit-log-version must be audit.k8s.io\/v1/],
  [
    ["--audit-log-path", "x", "--audit-log-truncate-max-batch-size", "5"],
    /--audit-log-truncate-max-batch-size must be at least --audit-log-truncate-max-event-size/,
  ],
  [["--audit-webhook-config-file", values], /must be a kubeconfig/],
  [
    ["--audit-webhook-config-file", kubeconfig, "--audit-webhook-mode", "fast"],
    /must be batch or blocking or blocking-strict/,
  ],
  [["--audit-webhook-config-file", kubeconfig, "--audit-webhook-batch-max-wait", "30"], /must be a duration such as/],
  [["--audit-webhook-config-file", kubeconfig, "--audit-webhook-batch-max-size", "0"], /of at least 1/],
];

for (const [args, message] of faults) {
  test(`strongroom serve ${args.join(" ").replaceAll(folder, "")} is refused`, async () => {
    await assert.rejects(read(...args), (error) => {
      assert.ok(error instanceof CommandFailure);
      assert.match(error.message, message);
      return true;
    });
  });
}

test("Flags are named as a kube-apiserver names them", () => {
  assert.ok(auditFlags.every(({ name }) => name.startsWith("audit-")));
});

function configuration(followers: string): string {
  const head = "apiVersion: strongroom.dev/v1alpha1\nkind: ServerConfiguration\n";
  return write("config.yaml", `${head}audit:\n  followers:\n${followers}`);
}

test("Followers of the configuration file are read, with the files that they name", async () => {
  const key = write("names.key", "0123456789abcdef0123");
  const token = write("siem.token", "hunter2\n");
  const path = configuration(`  - name: siem
    to: http
    url: https://siem.example.com/ingest
    form: ocsf
    from: beginning
    body: array
    tokenFile: ${token}
    hashKeyFile: ${key}
    batchRecords: 10
    batchWait: 5s
  - {name: archive, to: syslog, address: "logs.example.com:6514"}
`);
  const { followers } = await read("--config", path);
  const [siem, archive] = followers;
  assert.equal(siem?.form.type, "ocsf");
  assert.equal(siem?.from, "beginning");
  assert.deepEqual(siem?.batch, { recordsMax: 10, waitMs: 5000, bytesMax: 1_048_576 });
  assert.equal(siem?.hashKey?.type, "secret");
  assert.ok(siem?.to.type === "http");
  assert.equal(await siem.to.receiver.authorization?.(), "Bearer hunter2");
  assert.deepEqual(archive?.to, {
    type: "syslog",
    receiver: {
      host: "logs.example.com",
      port: 6514,
      tls: { ca: undefined, certificate: undefined, serverName: undefined },
    },
  });
});

const followerFaults: readonly (readonly [text: string, message: RegExp])[] = [
  ["  - {to: http, url: 'https://a'}\n", /audit.followers\[0\].name must be given/],
  ["  - {name: Siem, to: http, url: 'https://a'}\n", /audit.followers\[0\].name must be a name of lower-case letters/],
  ["  - {name: audit-log-path, to: http, url: 'https://a'}\n", /none that begins with audit-/],
  ["  - {name: a, to: http}\n", /audit.followers\[0\].url must be a URL that begins with https/],
  ["  - {name: a, to: http, url: 'http://siem.example.com'}\n", /must be a URL that begins with https/],
  ["  - {name: a, to: http, url: 'https://user:pass@siem.example.com'}\n", /must be a URL that begins with https/],
  ["  - {name: a, to: syslog}\n", /audit.followers\[0\].address must be HOST:PORT/],
  ["  - {name: a}\n", /audit.followers\[0\].to must be http or syslog/],
  ["  - {name: a, to: syslog, address: 'a:1', url: 'https://a'}\n", /url must not be given there/],
  ["  - {name: a, to: syslog, address: 'a:1', transport: tcp, serverName: b}\n", /serverName must not be given there/],
  [
    "  - {name: a, to: http, url: 'https://a', certificateFile: /etc/hostname}\n",
    /must have both a certificateFile and its keyFile/,
  ],
  ["  - {name: a, to: http, url: 'https://a', hashKeyFile: /dev/null}\n", /must name a file of at least 16 bytes/],
  [
    "  - {name: a, to: http, url: 'https://a', tokenFile: /nowhere}\n",
    /tokenFile must name a file that can be read \(ENOENT\)/,
  ],
  ["  - {name: a, to: http, url: 'https://a'}\n  - {name: a, to: http, url: 'https://b'}\n", /a is there twice/],
];

for (const [text, message] of followerFaults) {
  test(`A follower of the configuration file is refused: ${text.trim()}`, async () => {
    await assert.rejects(read("--config", configuration(text)), (error) => {
      assert.ok(error instanceof CommandFailure);
      assert.match(error.message, message);
      return true;
    });
  });
}
