/** A server's backup while it serves, and the server that is made from it. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { disclosuresOf } from "../../src/audit/disclosures.ts";
import { verifyBackup } from "../../src/backup/read-backup.ts";
import { restoreBackup } from "../../src/instance/backups.ts";
import { connectWith, startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { auditEvents } from "../support/audit-events.ts";
import { tokenClient, tokenOf } from "../support/token-client.ts";
import { grant, userClient, userCredentials } from "../support/user-client.ts";
import { backupBytes, chunks, folderWith, key, placeOf } from "./backup-place.ts";

const secrets = "/api/v1/namespaces/default/secrets";

async function putSecret(server: TestServer, name: string, value: string): Promise<void> {
  const body = { metadata: { name }, stringData: { password: value } };
  const answer = await server.call("POST", secrets, { body });
  if (answer.status === 201) return;
  const replaced = await server.call("PUT", `${secrets}/${name}`, { body });
  assert.equal(replaced.status, 200, replaced.text);
}

/** One of everything that a restore must bring back. */
async function fill(server: TestServer): Promise<void> {
  for (const value of ["one", "two", "three"]) await putSecret(server, "db", value);
  await putSecret(server, "gone", "was here");
  await server.call("DELETE", `${secrets}/gone`);
  await grant(server, "ann", ["get,list", "secrets"]);
  await server.call("POST", "/api/v1/namespaces", { body: { metadata: { name: "prod" } } });
  const config = { metadata: { name: "settings" }, data: { a: "b" } };
  await server.call("POST", "/api/v1/namespaces/default/configmaps", { body: config });
}

test("A server that is restored from a backup has secrets, versions, trash, roles and keys of tokens; clients go on", async () => {
  await using server = await startTestServer();
  await fill(server);
  const ann = await userCredentials(server, "ann");
  const token = await tokenOf(server, "default");
  const before = (await server.call("GET", secrets)).json;
  const whole = await backupBytes(placeOf(server));
  await putSecret(server, "after", "made after the backup");
  const later = (await server.call("GET", secrets)).json.metadata.resourceVersion;
  await server.stop();
  await rm(join(dirname(server.dataDir), "root.key")); // the old root key is lost

  await using copied = await folderWith(whole);
  await restoreBackup(copied.place, { file: copied.read(), key });
  await using restored = await startTestServer({ dataDir: copied.folder });
  const list = (await restored.call("GET", secrets)).json;
  assert.deepEqual(list.items, before.items);
  assert.ok(Number(list.metadata.resourceVersion) >= 1_000_000_000 + Number(before.metadata.resourceVersion));

  // Certificates and tokens of before count.
  const asAnn = connectWith(restored.url, ann);
  assert.equal((await asAnn("GET", `${secrets}/db`)).status, 200);
  assert.equal((await asAnn("DELETE", `${secrets}/db`)).status, 403);
  const review = await tokenClient(restored, token)("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
  });
  assert.equal(review.json.status?.userInfo.username, "system:serviceaccount:default:default", review.text);

  // Of clients that remember a state of before, of the backup or after it, none is answered as if it were now.
  for (const version of [before.metadata.resourceVersion, later]) {
    const watch = await restored.call("GET", `${secrets}?watch=true&resourceVersion=${version}&timeoutSeconds=1`);
    assert.ok(watch.status === 410 || watch.text.includes('"code":410'), watch.text);
  }

  const versions = await restored.call("GET", "/apis/strongroom.dev/v1/namespaces/default/secretversions");
  const ofDb = versions.json.items.filter(({ secret }: { secret: string }) => secret === "db");
  assert.equal(ofDb.length, 3);
  const old = await restored.call("GET", "/apis/strongroom.dev/v1/namespaces/default/secretversions/db.v1/value");
  assert.equal(old.json.data.password, Buffer.from("one").toString("base64"));
  const [deleted] = (await restored.call("GET", "/apis/strongroom.dev/v1/namespaces/default/deletedsecrets")).json
    .items;
  const undelete = `/apis/strongroom.dev/v1/namespaces/default/deletedsecrets/${deleted.metadata.name}/restore`;
  const body = { apiVersion: "strongroom.dev/v1", kind: "SecretRestore", metadata: { name: deleted.metadata.name } };
  const undeleted = await restored.call("POST", undelete, { body });
  assert.equal(undeleted.status, 201, undeleted.text);
  assert.equal((await restored.call("GET", `${secrets}/gone`)).json.data.password, btoa("was here"));
  await putSecret(restored, "db", "four");
  assert.equal((await restored.call("GET", "/readyz")).status, 200);
});

test("A backup that is made under load is of one moment: what is in it is whole", async () => {
  await using server = await startTestServer();
  const state = { running: true, writes: 0 };
  const write = async (client: number) => {
    for (let i = 0; state.running; i++, state.writes++) {
      // Both values are written at different times, the second always after the first.
      await putSecret(server, `first-${client}`, String(i));
      await putSecret(server, `second-${client}`, String(i));
    }
  };
  const load = Promise.all([write(0), write(1), write(2)]);
  const backups: Buffer[] = [];
  for (const bound of [30, 60]) {
    const isReached = () => state.writes >= bound;
    while (!isReached()) await new Promise((resolve) => setImmediate(resolve));
    backups.push(await backupBytes(placeOf(server)));
  }
  state.running = false;
  await load;
  const revisions: number[] = [];
  for (const whole of backups) {
    await using copied = await folderWith(whole);
    const { summary } = await restoreBackup(copied.place, { file: copied.read(), key });
    revisions.push(summary.head.revision);
    await using restored = await startTestServer({ dataDir: copied.folder });
    const { items } = (await restored.call("GET", secrets)).json;
    const values = new Map<string, number>();
    for (const { metadata, data } of items) values.set(metadata.name, Number(atob(data.password)));
    for (const client of [0, 1, 2]) {
      const [first = -1, second = -1] = [values.get(`first-${client}`), values.get(`second-${client}`)];
      assert.ok(first === second || first === second + 1, `${first} and ${second}`);
    }
  }
  assert.ok(revisions[0]! < revisions[1]!); // there are two
});

test("A backup is on record with every secret in it, before it is made and when it has ended", async () => {
  await using server = await startTestServer();
  await fill(server);
  await backupBytes(placeOf(server));
  const events = (await auditEvents(server)).filter(({ objectRef }) => objectRef?.resource === "backups");
  assert.deepEqual(
    events.map(({ stage, door }) => `${stage} ${door}`),
    ["ResponseStarted control-socket", "Disclosed control-socket", "ResponseComplete control-socket"],
  );
  assert.equal(new Set(events.map(({ auditID }) => auditID)).size, 1);
  assert.match(events[0]?.annotations?.["strongroom.dev/backup-for"] ?? "", /^age1/);
  const disclosed = events.flatMap(disclosuresOf);
  assert.deepEqual(
    disclosed.map(({ namespace, name, keys, metadataOnly }) => [namespace, name, keys, metadataOnly]),
    [
      ["default", "db", ["*"], false],
      ["default", "gone", ["*"], false],
    ],
  );
});

test("A backup that its reader leaves is on record as cut, and the server goes on", async () => {
  await using server = await startTestServer();
  for (let i = 0; i < 30; i++) await putSecret(server, `big-${i}`, "x".repeat(200_000));
  const { backupOf } = await import("../../src/instance/backups.ts");
  const { lock } = await import("./backup-place.ts");
  for await (const piece of backupOf(placeOf(server), lock)) {
    assert.ok(piece.length > 0);
    break;
  }
  const ended = async () =>
    (await auditEvents(server)).filter(
      ({ objectRef, stage }) => objectRef?.resource === "backups" && stage === "ResponseComplete",
    );
  while ((await ended()).length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await ended())[0]?.cut, true);
  assert.ok((await verifyBackup({ file: chunks(await backupBytes(placeOf(server))), key })).manifest.records > 90);
});

test("While no server runs, the command makes the backup, and that is on record too", async () => {
  await using server = await startTestServer();
  await fill(server);
  await server.stop();
  const whole = await backupBytes(placeOf(server));
  const { head, manifest } = await verifyBackup({ file: chunks(whole), key });
  assert.equal(head.apiVersion, "strongroom.dev/v1");
  assert.equal(manifest.contents["secrets"]?.records, 1);
  assert.equal(manifest.contents["strongroom/trash"]?.records, 1);
  const doors = (await auditEvents(server)).filter(
    ({ verb, requestURI }) => verb === "create" && requestURI === "/backup",
  );
  assert.deepEqual(new Set(doors.map(({ door }) => door)), new Set(["data-directory"]));
});

test("The audit log of a restored server begins with the restore, and verifies", async () => {
  await using server = await startTestServer();
  await fill(server);
  const whole = await backupBytes(placeOf(server));
  await using copied = await folderWith(whole);
  const { summary } = await restoreBackup(copied.place, { file: copied.read(), key });
  const [first] = await auditEvents({ dataDir: copied.place.dataDir });
  assert.equal(first?.requestURI, "/restore");
  assert.equal(first?.annotations?.["strongroom.dev/backup-revision"], String(summary.head.revision));
  await using restored = await startTestServer({ dataDir: copied.folder });
  assert.equal((await restored.call("GET", "/readyz")).status, 200);
  // Its own backup can be restored again.
  const again = await verifyBackup({ file: chunks(await backupBytes(copied.place)), key });
  assert.ok(again.head.revision > 1_000_000_000);
  assert.notEqual(again.head.instance, summary.head.instance);
  assert.notEqual(again.manifest.signature?.publicKey, summary.manifest.signature?.publicKey);
});

test("A backup is restored only into a directory that has nothing in it", async () => {
  await using server = await startTestServer();
  const whole = await backupBytes(placeOf(server));
  await assert.rejects(restoreBackup(placeOf(server), { file: chunks(whole), key }), { code: "already-exists" });
  await using copied = await folderWith(whole);
  await mkdir(copied.place.dataDir);
  await writeFile(join(copied.place.dataDir, "mine"), "");
  await assert.rejects(restoreBackup(copied.place, { file: copied.read(), key }), { code: "already-exists" });
  assert.deepEqual(await readdir(copied.place.dataDir), ["mine"]);
  assert.ok(!existsSync(join(copied.folder, "root.key")));
});

test("A backup that is damaged restores nothing, and leaves nothing: no store, no root key, no directory", async () => {
  await using server = await startTestServer();
  await fill(server);
  const whole = await backupBytes(placeOf(server));
  await using copied = await folderWith(whole);
  const flipped = Buffer.from(whole);
  flipped[flipped.length - 100]! ^= 1; // there are more
  const others = [whole.subarray(0, -1), whole.subarray(0, 300), flipped, Buffer.alloc(0)];
  for (const wrong of others) {
    await assert.rejects(restoreBackup(copied.place, { file: chunks(wrong), key }), /must be/);
    assert.deepEqual(await readdir(copied.folder), ["backup.age"]);
  }
  await restoreBackup(copied.place, { file: copied.read(), key });
});

test("A root key file that is there already is not replaced, nor removed", async () => {
  await using server = await startTestServer();
  const whole = await backupBytes(placeOf(server));
  await using copied = await folderWith(whole);
  await writeFile(join(copied.folder, "root.key"), "somebody's");
  await assert.rejects(restoreBackup(copied.place, { file: copied.read(), key }), { code: "already-exists" });
  assert.deepEqual((await readdir(copied.folder)).toSorted(), ["backup.age", "root.key"]);
});

test("Requests of others are answered while a backup is made", async () => {
  await using server = await startTestServer();
  for (let i = 0; i < 100; i++) await putSecret(server, `big-${i}`, "x".repeat(100_000));
  const state = { isDone: false };
  const backup = backupBytes(placeOf(server)).finally(() => (state.isDone = true));
  let answered = 0;
  while (!state.isDone) {
    assert.equal((await server.call("GET", `${secrets}/big-1`)).status, 200);
    answered++;
  }
  await backup;
  assert.ok(answered > 5, String(answered));
});

test("Only whoever may open the data directory may have a backup: no door gives one", async () => {
  await using server = await startTestServer();
  const nobody = await userClient(server, "nobody");
  assert.equal((await nobody("POST", "/backup", { body: {} })).status, 403);
  assert.equal((await server.call("POST", "/backup", { body: {} })).status, 404);
});
