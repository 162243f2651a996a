/** The server is killed while a follower writes its file, again and again: every request that was answered is in it at the end. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Program, TestHome } from "../cli/program.ts";
import { callerOf, credentialsOf } from "../running-server.ts";

const kills = 3;
const answersPerRun = 150;

async function start(home: TestHome) {
  writeFileSync(home.at("policy.yaml"), "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n");
  const program = new Program(home, [
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--data-dir",
    "data",
    "--root-key-file",
    "root.key",
    "--audit-policy-file",
    "policy.yaml",
    "--audit-log-path",
    "audit.log",
  ]);
  const url = await program.ready();
  return { program, client: callerOf(url, await credentialsOf(join(home.at("data"), "admin.kubeconfig"))) };
}

test("After kill -9, what a client was answered is in the file of --audit-log-path, once or more", async () => {
  using home = new TestHome();
  const answered: string[] = [];
  for (let run = 0; run <= kills; run++) {
    const started = await start(home);
    await using server = started.program;
    const { call, close } = started.client;
    const until = answered.length + answersPerRun;
    const work = async () => {
      while (answered.length < until) {
        const id = randomUUID();
        try {
          await call("GET", "/api/v1/namespaces/default/secrets/none", { headers: { "Audit-Id": id } });
        } catch {
          return; // cut off by the kill
        }
        answered.push(id);
      }
      if (run < kills) server.kill("SIGKILL");
    };
    await Promise.all(Array.from({ length: 8 }, work));
    close();
    if (run === kills) server.kill("SIGTERM");
    await server.ended;
  }
  const counts = new Map<string, number>();
  let torn = 0;
  for (const line of readFileSync(home.at("audit.log"), "utf8").trimEnd().split("\n")) {
    try {
      const { auditID, stage } = JSON.parse(line);
      if (stage === "ResponseComplete") counts.set(auditID, (counts.get(auditID) ?? 0) + 1);
    } catch {
      torn += 1;
    }
  }
  assert.deepEqual(
    answered.filter((id) => !counts.has(id)),
    [],
  );
  // What a kill cut is a line of its own, and what was in it came again.
  assert.ok(torn <= kills, `${torn} torn lines`);
  // A kill has repeated what was not noted, which is less than a second of it; no record comes more often than there were starts.
  assert.ok([...counts.values()].every((count) => count <= kills + 1));
});
