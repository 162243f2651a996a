/** A file that changes while a server has it: what upstream's metrics and the health checks say of it. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { healthChecks } from "../../src/doors/kubernetes/health-checks.ts";
import { healthRoute } from "../../src/doors/kubernetes/health.ts";
import { EncryptionPlace, gcm, key1, key2, secret } from "../support/encryption-place.ts";

test("A bad file keeps the old one, counts as upstream counts, fails its own check and no other; a good one ends that", async () => {
  await using place = new EncryptionPlace();
  place.write(gcm(key1));
  await place.start();
  const well = { check: async () => {} };
  const health = healthRoute(
    healthChecks({
      store: place.store,
      integrity: well,
      roles: { check: () => {} },
      audit: { check: () => {} },
      encryption: place.service,
      isDraining: () => false,
    }),
  );
  const ask = async (path: string) => {
    const reply = await health({ method: "GET", url: new URL(path, "https://x") } as Parameters<typeof health>[0]);
    return reply?.code;
  };
  const reloads = async () => {
    const metric = await place.registry
      .getSingleMetric("apiserver_encryption_config_controller_automatic_reloads_total")
      ?.get();
    const of = (status: string) => metric?.values.find(({ labels }) => labels["status"] === status)?.value ?? 0;
    return [of("success"), of("failure")];
  };
  const minute = async () => {
    place.clock.advance(60_000);
    await place.encryption.look();
  };
  assert.deepEqual([await reloads(), await ask("/livez/encryption-config")], [[0, 0], 200]);

  const spoilers: readonly (() => void)[] = [
    () => writeFileSync(place.file, "kind: ["),
    () => place.write(gcm(key2, "{name: key1}")),
    () => rmSync(place.file),
  ];
  for (const [index, spoil] of spoilers.entries()) {
    spoil();
    await minute();
    const [, failures = 0] = await reloads();
    assert.ok(failures > index, "each look at it counts");
    await place.put(secret(`s${index}`), "written meanwhile");
    assert.equal(await place.formOf(secret(`s${index}`)), "aesgcm:v1:key1");
    const codes = await Promise.all(["/livez/encryption-config", "/livez", "/readyz"].map(ask));
    assert.deepEqual(codes, [500, 200, 200]);
  }

  place.write(gcm(key2, key1));
  await minute();
  const [successes] = await reloads();
  assert.deepEqual([successes, await ask("/livez/encryption-config")], [1, 200]);
  await place.put(secret("after"), "v");
  assert.equal(await place.formOf(secret("after")), "aesgcm:v1:key2");
});
