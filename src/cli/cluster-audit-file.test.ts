import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parse } from "yaml";
import { clusterAuditReader, readClusterAudit } from "./cluster-audit-file.ts";

const folder = mkdtempSync(join(tmpdir(), "strongroom-cluster-audit-"));
after(() => rmSync(folder, { recursive: true }));
const hashOf = (token: string) => createHash("sha256").update(token).digest("hex");
const file = (name: string, content: string) => writeFileSync(join(folder, name), content);
file("a.sha256", `${hashOf("a")}  -\n\n${hashOf("b")}\n`);
file("same.sha256", `${hashOf("b")}\n`);
file("bad.sha256", "a token, by mistake\n");
file("empty.sha256", "\n");

const prod = { name: "prod", prefix: "/registry", namespacePrefix: "", clientAuthoritiesFile: undefined };
const door = (...clusters: object[]) => ({
  host: "::",
  port: 1,
  clusters: clusters.map((each) => ({ ...prod, ...each })),
});
const read = (yaml: string, etcd = door({})) =>
  readClusterAudit(clusterAuditReader(folder)(parse(yaml, { mapAsMap: true }), "audit.clusters"), etcd);

test("A cluster of the etcd door has its namespaces there, and the hashes of its file", async () => {
  const [cluster] = await read("[{name: prod, tokenHashFile: a.sha256}]");
  assert.deepEqual(
    cluster?.tokenHashes.map((hash) => hash.toString("hex")),
    [hashOf("a"), hashOf("b")],
  );
  assert.deepEqual([cluster?.namespacePrefix, cluster?.user], ["", undefined]);
  const [east] = await read("[{name: east, user: east-audit}]", door({ name: "east", namespacePrefix: "east-" }));
  assert.deepEqual(east, {
    name: "east",
    namespacePrefix: "east-",
    tokenHashes: [],
    tokenHashFile: undefined,
    user: "east-audit",
  });
});

test("A cluster that is not there has namespaces of its own", async () => {
  const [far] = await read(
    "[{name: far, namespacePrefix: far-, user: far}]",
    door({ name: "east", namespacePrefix: "east-" }),
  );
  assert.equal(far?.namespacePrefix, "far-");
});

test("What is missing, wrong or shared is refused by the path of its field", async () => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    ["[{user: u}]", /audit\.clusters\[0\]\.name must be given/],
    ["[{name: prod}]", /clusters\[0\]\.tokenHashFile or audit\.clusters\[0\]\.user must be given/],
    ["[{name: Prod, user: u}]", /clusters\[0\]\.name must be a name of 1 to 63/],
    ["[{name: prod, user: u}, {name: prod, user: v}]", /clusters\[1\]\.name must be that of one/],
    ["[{name: far, user: u}]", /namespacePrefix must be given for a cluster that is not at the etcd door/],
    ["[{name: far, namespacePrefix: far-, user: u}]", /must not be how the namespaces of the cluster prod can begin/],
    ["[{name: prod, namespacePrefix: p-, user: u}]", /must be that of the same cluster at the etcd door/],
    ["[{name: prod, user: 'system:admin'}]", /user must be the name of a user/],
    ["[{name: prod, user: 'cluster:prod:audit'}]", /user must be the name of a user/],
    ["[{name: prod, tokenHashFile: none.sha256}]", /must name a file that can be read \(ENOENT\)/],
    ["[{name: prod, tokenHashFile: bad.sha256}]", /must name a file of lines with the SHA-256/],
    ["[{name: prod, tokenHashFile: empty.sha256}]", /must name a file of lines with the SHA-256/],
    ["[{name: prod, token: x}]", /token/],
  ];
  for (const [yaml, message] of refusals) await assert.rejects(async () => read(yaml), message, yaml);
  const two = door({ name: "a", namespacePrefix: "a-" }, { name: "b", namespacePrefix: "b-" });
  await assert.rejects(
    read("[{name: a, user: u}, {name: b, user: u}]", two),
    /clusters\[1\]\.user must be that of one/,
  );
  const shared = "[{name: a, tokenHashFile: a.sha256}, {name: b, tokenHashFile: same.sha256}]";
  await assert.rejects(read(shared, two), /must have tokens of their own/);
});
