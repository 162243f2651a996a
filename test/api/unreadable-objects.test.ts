/** Records that are not what was stored: which requests fail, which go on, and how to be rid of them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, secret, secretsIn, secretsPath } from "../support/api-objects.ts";
import { looseAuditEvents } from "../support/audit-events.ts";
import { flipBits, storedKeys } from "../support/damage.ts";
import { grant, userClient } from "../support/user-client.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";

const option = "ignoreStoreReadErrorWithClusterBreakingPotential";
const skipping = `${secretsPath}?strongroomUnreadable=skip`;
const mapsPath = "/api/v1/namespaces/default/configmaps";
const data = { password: Buffer.from("canary-of-the-damaged").toString("base64") };

let server: TestServer;
after(() => server[Symbol.asyncDispose]());
before(async () => {
  const first = await startTestServer();
  for (const name of ["a", "damaged", "m", "no-values", "z"]) await create(first, secretsPath, secret(name, { data }));
  await create(first, "/api/v1/namespaces", { metadata: { name: "other" } });
  await create(first, secretsIn("other"), secret("whole", { data }));
  for (const name of ["damaged", "whole"]) await create(first, mapsPath, { metadata: { name }, data: { a: "1" } });
  const { uid } = (await first.call("GET", `${secretsPath}/no-values`)).json.metadata;
  await first.stop();
  const payloads = (await storedKeys(first, "/strongroom/payloads/")).filter((key) => key.includes(uid));
  assert.equal(payloads.length, 1);
  await flipBits(first, ["/registry/secrets/default/damaged", "/registry/configmaps/default/damaged", ...payloads]);
  server = await first.restart();
});

const names = (answer: { readonly json: { readonly items: { readonly metadata: { readonly name: string } }[] } }) =>
  answer.json.items.map(({ metadata }) => metadata.name);

test("Reading one is an internal error that names the record; others are read", async () => {
  const answer = await server.call("GET", `${secretsPath}/damaged`);
  assert.equal(answer.status, 500);
  assert.equal(answer.json.reason, "InternalError");
  assert.match(answer.json.message, /^Internal error occurred: .*\(record \/registry\/secrets\/default\/damaged\)$/);
  assert.equal((await server.call("GET", `${secretsPath}/no-values`)).status, 500);
  assert.equal((await server.call("GET", `${secretsPath}/a`)).status, 200);
});

test("A list that meets some fails and names all of them, as upstream; one that does not is answered", async () => {
  for (const query of ["", "?limit=500", "?limit=2"]) {
    const { status, json } = await server.call("GET", `${secretsPath}${query}`);
    assert.equal(status, 500, query);
    assert.equal(json.reason, "StorageReadError");
    assert.match(json.message, /^failed to read one or more secrets from the storage: .* \(and 1 more\)$/);
    const { kind, name, causes } = json.details;
    assert.deepEqual([kind, name], ["secrets", "/registry/secrets/default/"]);
    assert.deepEqual(
      causes.map(({ field, reason }: { field: string; reason: string }) => [field, reason]),
      ["damaged", "no-values"].map((each) => [`/registry/secrets/default/${each}`, "UnexpectedServerResponse"]),
    );
  }
  assert.deepEqual(names(await server.call("GET", secretsIn("other"))), ["whole"]);
  assert.equal((await server.call("GET", "/api/v1/secrets")).json.reason, "StorageReadError");
});

test("Who asks for it gets the rest, with a warning for each that is left out", async () => {
  for (const query of ["", "&limit=500"]) {
    const answer = await server.call("GET", skipping + query);
    assert.equal(answer.status, 200);
    assert.deepEqual(names(answer), ["a", "m", "z"]);
    const warnings = String(answer.headers["warning"]);
    for (const left of ["damaged", "no-values"]) {
      assert.match(warnings, new RegExp(`not in this list, because it cannot be read: secrets default/${left}`));
    }
  }
  const all = await server.call("GET", "/api/v1/secrets?strongroomUnreadable=skip");
  assert.deepEqual(names(all), ["a", "m", "z", "whole"]);
  assert.deepEqual(names(await server.call("GET", `${mapsPath}?strongroomUnreadable=skip`)).includes("whole"), true);
});

test("Pages go on behind what is left out, and end", async () => {
  const seen: string[] = [];
  let token = "";
  do {
    const page = await server.call("GET", `${skipping}&limit=1${token === "" ? "" : `&continue=${token}`}`);
    assert.equal(page.status, 200, page.text);
    seen.push(...names(page));
    token = encodeURIComponent(page.json.metadata.continue ?? "");
  } while (token !== "");
  assert.deepEqual(seen, ["a", "m", "z"]);
});

test("Nobody is told what a filter hides, and a watch leaves nothing out", async () => {
  await grant(server, "chosen", ["get", "secrets", "a"]);
  const chosen = await userClient(server, "chosen");
  const filtered = `${secretsPath}?strongroomFilter=allowed`;
  assert.deepEqual(names(await chosen("GET", filtered)), ["a"]);
  const both = await chosen("GET", `${filtered}&strongroomUnreadable=skip`);
  assert.equal(both.status, 400);
  assert.ok(!both.text.includes("damaged") && !String(both.headers["warning"]).includes("damaged"));
  assert.equal((await server.call("GET", `${skipping}&watch=true`)).status, 400);
  assert.equal((await server.call("GET", `${secretsPath}?strongroomUnreadable=yes`)).status, 400);
});

test("Who may list one name is told of no other that cannot be read", async () => {
  for (const name of ["a", "damaged"]) await grant(server, `only-${name}`, ["list", "secrets", name]);
  const whole = await (await userClient(server, "only-a"))("GET", `${skipping}&fieldSelector=metadata.name%3Da`);
  assert.deepEqual(names(whole), ["a"]);
  assert.equal(whole.headers["warning"], undefined);
  const damaged = await userClient(server, "only-damaged");
  const path = `${secretsPath}?fieldSelector=metadata.name%3Ddamaged`;
  const failed = await damaged("GET", path);
  assert.equal(failed.json.reason, "StorageReadError");
  assert.equal(failed.json.details.causes.length, 1);
  const skipped = await damaged("GET", `${path}&strongroomUnreadable=skip`);
  assert.deepEqual(names(skipped), []);
  for (const { text, headers } of [whole, failed, skipped])
    assert.ok(!(text + headers["warning"]).includes("no-values"));
});

test("A filtered list that meets one fails without its name; kinds that are not kept have no such list", async () => {
  await grant(server, "filterer", ["get", "secrets"]);
  const answer = await (await userClient(server, "filterer"))("GET", `${secretsPath}?strongroomFilter=allowed`);
  assert.equal(answer.json.reason, "StorageReadError");
  assert.ok(!/damaged|no-values/.test(answer.text), answer.text);
  const versions = "/apis/strongroom.dev/v1/namespaces/default/secretversions?strongroomUnreadable=skip";
  assert.equal((await server.call("GET", versions)).status, 400);
});

test("Who is denied by label is told the same of what cannot be read, of what is denied and of what is not there", async () => {
  await grant(server, "labelled", ["get", "secrets"]);
  const labelled = await userClient(server, "labelled");
  const policies = "/apis/strongroom.dev/v1/clustersecretpolicies";
  const spec = {
    mode: "enforce",
    subjects: [{ kind: "User", name: "labelled", apiGroup: "rbac.authorization.k8s.io" }],
    deny: [{ selector: { matchLabels: { tier: "top" } } }],
  };
  await create(server, policies, { metadata: { name: "by-label" }, spec });
  assert.equal((await labelled("GET", `${secretsPath}/a`)).status, 200);
  const [damaged, missing] = await Promise.all(
    ["damaged", "missing"].map(async (name) =>
      (await labelled("GET", `${secretsPath}/${name}`)).text.replaceAll(name, "NAME"),
    ),
  );
  assert.equal(JSON.parse(damaged ?? "").code, 403);
  assert.equal(damaged, missing);
  assert.equal((await server.call("DELETE", `${policies}/by-label`)).status, 200);
});

test("It cannot be deleted as others are, by name or with the rest", async () => {
  assert.equal((await server.call("DELETE", `${secretsPath}/damaged`)).status, 500);
  assert.equal((await server.call("DELETE", secretsPath)).json.reason, "StorageReadError");
  assert.equal((await server.call("GET", `${secretsPath}/a`)).status, 200);
  const collection = await server.call("DELETE", `${secretsPath}?${option}=true`);
  assert.equal(collection.status, 422);
  assert.match(collection.json.message, /is not allowed with DELETECOLLECTION, try again after removing the option$/);
});

test("The unsafe deletion needs a right of its own, and takes only what cannot be read", async () => {
  await grant(server, "deleter", ["get,delete", "secrets"]);
  const deleter = await userClient(server, "deleter");
  const refused = await deleter("DELETE", `${secretsPath}/damaged?${option}=true`);
  assert.equal(refused.status, 403);
  assert.match(
    refused.json.message,
    /^secrets "damaged" is forbidden: not permitted to do "unsafe-delete-ignore-read-errors", reason: /,
  );
  for (const name of ["a", "missing"]) {
    const whole = await server.call("DELETE", `${secretsPath}/${name}?${option}=true`);
    assert.equal(whole.status, 422);
    assert.match(
      whole.json.message,
      /is exclusively used to delete corrupt object\(s\), try again by removing this option$/,
    );
  }
  assert.equal((await server.call("GET", `${secretsPath}/a`)).status, 200);
  const together = await server.call("DELETE", `${secretsPath}/damaged?${option}=true&gracePeriodSeconds=0`);
  assert.match(together.json.message, /cannot be set together with \.gracePeriodSeconds/);
});

test("It is gone then, on record, and everything works as before - watches, tokens, another of its name", async () => {
  await grant(server, "unsafe", ["delete,unsafe-delete-ignore-read-errors", "secrets"]);
  const unsafe = await userClient(server, "unsafe");
  for (const name of ["damaged", "no-values"]) {
    const answer = await unsafe("DELETE", `${secretsPath}/${name}?${option}=true`);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.details, { name, kind: "secrets" });
    assert.equal(answer.json.status, "Success");
  }
  const map = await server.call("DELETE", `${mapsPath}/damaged`, {
    body: { kind: "DeleteOptions", apiVersion: "v1", [option]: true },
  });
  assert.equal(map.status, 200, map.text);
  assert.deepEqual(names(await server.call("GET", secretsPath)), ["a", "m", "z"]);
  assert.equal((await server.call("GET", `${secretsPath}/damaged`)).status, 404);
  await create(server, secretsPath, secret("damaged", { data }));
  // The controller that fills these follows all secrets.
  await create(server, "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "robot" } });
  const annotations = { "kubernetes.io/service-account.name": "robot" };
  const type = "kubernetes.io/service-account-token";
  await create(server, secretsPath, { metadata: { name: "robot-token", annotations }, type });
  await using watch = await openWatch(server, `${secretsPath}?watch=true&fieldSelector=metadata.name%3Drobot-token`);
  for (;;) {
    const event = await watch.next();
    assert.ok(event !== undefined && event.type !== "ERROR", JSON.stringify(event));
    if (event.object.data?.token !== undefined) break;
  }
});

test("A watch across the deletion ends with an error, as the client must not take what it has for complete", async () => {
  const { json } = await server.call("GET", secretsPath);
  const from = json.metadata.resourceVersion - 100;
  await using watch = await openWatch(server, `${secretsPath}?watch=true&resourceVersion=${Math.max(1, from)}`);
  for (;;) {
    const event = await watch.next();
    assert.ok(event !== undefined);
    if (event.type !== "ERROR") continue;
    assert.deepEqual([event.object.code, event.object.reason], [500, "StorageReadError"]);
    assert.ok(!JSON.stringify(event).includes("damaged"));
    break;
  }
  await server.stop();
  const events = (await looseAuditEvents(server)).filter(
    ({ verb, objectRef }) => verb === "delete" && objectRef?.resource === "secrets" && objectRef.name === "damaged",
  );
  const done = events.filter(({ responseStatus }) => responseStatus?.code === 200);
  assert.equal(done.length, 1);
  assert.equal(done[0].annotations["audit.strongroom.dev/unsafe-delete"], "allowed");
  assert.ok(!JSON.stringify(events).includes("canary-of-the-damaged"));
  server = await server.restart();
});
