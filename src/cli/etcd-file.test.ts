import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { etcdConfig, etcdReader } from "./etcd-file.ts";

const read = (yaml: string) => etcdConfig(etcdReader("/etc")(parse(yaml, { mapAsMap: true }), "etcd"));

test("etcdConfig takes a cluster with its defaults, paths relative to the file", () => {
  assert.deepEqual(read("{listen: '127.0.0.1:2379', clusters: [{name: prod, clientAuthoritiesFile: ca.crt}]}"), {
    host: "127.0.0.1",
    port: 2379,
    clusters: [{ name: "prod", prefix: "/registry", namespacePrefix: "", clientAuthoritiesFile: "/etc/ca.crt" }],
  });
  assert.equal(etcdConfig(undefined), undefined);
});

const two = (clusters: string) => `{listen: '127.0.0.1:2379', clusters: [${clusters}]}`;

test("etcdConfig takes several clusters whose namespaces are apart", () => {
  const config = read(two("{name: a, namespacePrefix: a-}, {name: b, namespacePrefix: b-}"));
  assert.deepEqual(
    config?.clusters.map(({ namespacePrefix }) => namespacePrefix),
    ["a-", "b-"],
  );
});

test("etcdReader refuses what is missing or wrong, by the path of its field", () => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    ["{clusters: [{name: prod}]}", /etcd\.listen must be given/],
    ["{listen: '127.0.0.1:2379'}", /etcd\.clusters must name a cluster/],
    ["{listen: '127.0.0.1:2379', clusters: [{prefix: /registry}]}", /etcd\.clusters\[0\]\.name must be given/],
    ["{listen: '127.0.0.1:2379', clusters: [{name: Prod}]}", /clusters\[0\]\.name must be a name of 1 to 63/],
    ["{listen: '127.0.0.1:2379', clusters: [{name: p, prefix: registry}]}", /prefix must be the prefix of keys/],
    ["{listen: '127.0.0.1:2379', clusters: [{name: p, more: 1}]}", /more/],
    ["{listen: ':1', clusters: [{name: a, namespacePrefix: a-}, {name: a, namespacePrefix: b-}]}", /listen/],
    [two("{name: a, namespacePrefix: a-}, {name: a, namespacePrefix: b-}"), /clusters\[0\]\.name must be that of one/],
    [two("{name: a, namespacePrefix: a-}, {name: b}"), /clusters\[1\]\.namespacePrefix must be given where there are/],
    [two("{name: a, namespacePrefix: a-}, {name: b, namespacePrefix: a-b-}"), /must not be how that of another/],
    [two("{name: a, namespacePrefix: a-}, {name: b, namespacePrefix: a-}"), /must not be how that of another/],
    [two("{name: a, namespacePrefix: -a}, {name: b, namespacePrefix: b-}"), /must be what names of namespaces/],
  ];
  for (const [yaml, message] of refusals) assert.throws(() => read(yaml), message, yaml);
});
