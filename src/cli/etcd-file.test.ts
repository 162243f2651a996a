import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { etcdConfig, etcdReader } from "./etcd-file.ts";

const read = (yaml: string) => etcdConfig(etcdReader("/etc")(parse(yaml, { mapAsMap: true }), "etcd"));

test("etcdConfig takes a cluster with its defaults, paths relative to the file", () => {
  assert.deepEqual(read("{listen: '127.0.0.1:2379', clusters: [{name: prod, clientAuthoritiesFile: ca.crt}]}"), {
    host: "127.0.0.1",
    port: 2379,
    cluster: { name: "prod", prefix: "/registry", clientAuthoritiesFile: "/etc/ca.crt" },
  });
  assert.equal(etcdConfig(undefined), undefined);
});

test("etcdReader refuses what is missing or wrong, by the path of its field", () => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    ["{clusters: [{name: prod}]}", /etcd\.listen must be given/],
    ["{listen: '127.0.0.1:2379'}", /etcd\.clusters must name one cluster/],
    ["{listen: '127.0.0.1:2379', clusters: [{prefix: /registry}]}", /etcd\.clusters\[0\]\.name must be given/],
    ["{listen: '127.0.0.1:2379', clusters: [{name: Prod}]}", /clusters\[0\]\.name must be a name of 1 to 63/],
    ["{listen: '127.0.0.1:2379', clusters: [{name: p, prefix: registry}]}", /prefix must be the prefix of keys/],
    ["{listen: '127.0.0.1:2379', clusters: [{name: p, more: 1}]}", /more/],
  ];
  for (const [yaml, message] of refusals) assert.throws(() => read(yaml), message, yaml);
});
