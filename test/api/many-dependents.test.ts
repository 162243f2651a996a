/** Thousands of dependents of one owner are collected while requests are answered as ever. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { create, secretsPath } from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const dependents = 3000;
const clients = 16;
/** Longest that a request may wait in between; it has hundreds of deletions to share the loop and the disk with. */
const answerMsMax = 2000;

test("Thousands of dependents of one owner go without holding requests up", async () => {
  const { metadata } = await create(server, secretsPath, { metadata: { name: "owner" } });
  const ownerReferences = [
    { apiVersion: "v1", kind: "Secret", name: "owner", uid: metadata.uid, blockOwnerDeletion: true },
  ];
  const names = Array.from({ length: dependents }, (_, number) => `d-${number}`).values();
  const fill = async () => {
    for (const name of names) await create(server, secretsPath, { metadata: { name, ownerReferences } });
  };
  await Promise.all(Array.from({ length: clients }, fill));
  const answer = await server.call("DELETE", `${secretsPath}/owner`, { body: { propagationPolicy: "Foreground" } });
  assert.equal(answer.status, 200);
  let worstMs = 0;
  let answered = 0;
  // The owner goes last, so that each answer before tells of a collection under way.
  for (let status = 200; status === 200; answered++) {
    const askedMs = performance.now();
    ({ status } = await server.call("GET", `${secretsPath}/owner`));
    worstMs = Math.max(worstMs, performance.now() - askedMs);
  }
  assert.ok(worstMs < answerMsMax, `a request waited ${worstMs} ms`);
  assert.ok(answered > 10, `${answered} requests were answered meanwhile`);
  assert.deepEqual((await server.call("GET", secretsPath)).json.items, []);
});
