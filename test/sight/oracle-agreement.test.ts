/**
 * What the graph says of who may read is what authorizers say that are not its own: our server by its API, and a
 * kube-apiserver, as it was recorded and, when KUBE_APISERVER names one (with etcd on the PATH, or named in ETCD), live.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { callerOf, startTestServer } from "../running-server.ts";
import { startKubeApiserver } from "./kube-apiserver.ts";
import { askServer, assertAgreement, graphOfObjects } from "./oracle-agreement.ts";
import type { CallServer } from "./oracle-agreement.ts";
import { randomPolicy, triples } from "./oracle-policy.ts";
import { oracleSeeds, readAnswers, readRecordedOracle, writeAnswers } from "./recorded-oracle.ts";

const recorded = readRecordedOracle();

/** The questions are neither all allowed nor all refused, so that agreement says something. */
function assertTelling(asked: number, allowed: number): void {
  assert.ok(asked >= 2000 && allowed > asked / 10 && allowed < asked * 0.9, `${allowed} of ${asked} were allowed`);
}

async function agreesLive(call: CallServer, seeds: readonly number[]): Promise<void> {
  let allowed = 0;
  for (const seed of seeds) {
    const { answers, graph } = await askServer(call, seed);
    allowed += assertAgreement(graph, answers);
    assert.equal(writeAnswers(answers), recorded.policies[seed], "as recorded");
  }
  assertTelling(seeds.length * triples().length, allowed);
}

test("Of thousands of triples of subject, verb and secret, the graph and a recorded kube-apiserver agree on each", () => {
  let allowed = 0;
  for (const seed of oracleSeeds) {
    allowed += assertAgreement(graphOfObjects(randomPolicy(seed)), readAnswers(recorded.policies[seed] ?? ""));
  }
  assertTelling(oracleSeeds.length * triples().length, allowed);
});

test("So do the graph and our own server, asked by SubjectAccessReviews", async () => {
  await using server = await startTestServer();
  await agreesLive(server.call, oracleSeeds.slice(0, 5));
});

const program = process.env["KUBE_APISERVER"];
if (program !== undefined) {
  test("So do the graph and the kube-apiserver that KUBE_APISERVER names", { timeout: 280_000 }, async () => {
    await using server = await startKubeApiserver(program, process.env["ETCD"]);
    const { call, close } = callerOf(server.url, server.credentials);
    try {
      await agreesLive(call, oracleSeeds);
    } finally {
      close();
    }
  });
}
