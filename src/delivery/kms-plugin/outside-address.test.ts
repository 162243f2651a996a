import assert from "node:assert/strict";
import { test } from "node:test";
import { networksOf, requireOutsideCluster } from "./outside-address.ts";

const cluster = { networks: ["10.96.0.0/12", "fd00:1::/64"], apiHost: "10.200.0.1" };
const names = new Map([
  ["secrets.example.com", ["192.0.2.7", "2001:db8::7"]],
  ["sneaky.example.com", ["192.0.2.8", "10.100.3.4"]],
  ["api.example.com", ["10.200.0.1"]],
]);
const resolve = async (host: string) => names.get(host) ?? Promise.reject(new Error("no such name"));

test("A server is refused by its name, by any of its addresses, and as the cluster's API server", async () => {
  const inside = [
    "strongroom",
    "strongroom.prod.svc",
    "strongroom.prod.svc.cluster.local",
    "Strongroom.Prod.SVC.",
    "strongroom.prod.svc.example.com",
    "x.cluster.local",
    "10.96.0.1",
    "10.111.255.255",
    "[fd00:1::5]",
    "10.200.0.1",
    "sneaky.example.com",
    "api.example.com",
  ];
  for (const host of inside) {
    await assert.rejects(requireOutsideCluster(host, cluster, resolve), { code: "invalid" }, host);
  }
  for (const host of ["secrets.example.com", "192.0.2.7", "[2001:db8::7]", "127.0.0.1", "localhost", "10.112.0.1"]) {
    const known = host === "localhost" ? async () => ["127.0.0.1"] : resolve;
    await requireOutsideCluster(host, cluster, known);
  }
  await assert.rejects(requireOutsideCluster("gone.example.com", cluster, resolve), { code: "unavailable" });
});

test("A network that is none is refused", () => {
  for (const text of ["10.96.0.0", "10.96.0.0/33", "300.0.0.0/8", "fd00::/129", "/8", "a/8", ""]) {
    assert.throws(() => networksOf([text]), { code: "invalid" }, text);
  }
});
