/** Receivers that say they have what they were sent, and lie. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { startHttpReceiver } from "../audit/http-receiver.ts";
import type { HttpReceiver } from "../audit/http-receiver.ts";
import { connectTo } from "../running-server.ts";
import { makeCertificates } from "../support/certificates.ts";
import { Program, TestHome } from "./program.ts";

const secrets = "/api/v1/namespaces/default/secrets";
const certificates = makeCertificates();

/** A server that stopped after it had sent everything, to a receiver and to a file of events. */
async function served(home: TestHome, receiver: HttpReceiver): Promise<void> {
  writeFileSync(home.at("ca.crt"), certificates.ca.certPem);
  const config = {
    apiVersion: "strongroom.dev/v1alpha1",
    kind: "ServerConfiguration",
    audit: {
      followers: [{ name: "siem", to: "http", url: receiver.url, authoritiesFile: home.at("ca.crt"), batchWait: "0s" }],
    },
  };
  writeFileSync(home.at("strongroom.yaml"), JSON.stringify(config));
  const place = ["--data-dir", "data", "--config", "strongroom.yaml", "--audit-log-path", "events.log"];
  await using program = new Program(home, ["serve", "--listen", "127.0.0.1:0", ...place]);
  const call = await connectTo(await program.ready(), join(home.at("data"), "admin.kubeconfig"));
  await call("POST", secrets, { body: { metadata: { name: "db" }, stringData: { password: "hunter2" } } });
  for (let n = 0; n < 12; n++) assert.equal((await call("GET", `${secrets}/db?n=${n}`)).status, 200);
  await receiver.until(() => receiver.requests.some(({ body }) => body.includes("?n=11")));
  program.kill("SIGTERM");
  assert.equal((await program.ended).code, 0);
}

function linesOf(receiver: HttpReceiver): string[] {
  return receiver.requests.flatMap(({ body }) => body.split("\n")).filter((line) => line !== "");
}

test("A receiver that accepts and lies is found: what it lost, changed and made up is named, in either form", async () => {
  using home = new TestHome();
  await using receiver = await startHttpReceiver(certificates.server);
  await served(home, receiver);
  const compare = async (lines: readonly string[], ...words: string[]) => {
    writeFileSync(home.at("kept.jsonl.gz"), gzipSync(lines.join("\n")));
    return new Program(home, ["audit", "compare", "kept.jsonl.gz", "--data-dir", "data", ...words]).ended;
  };
  const sent = linesOf(receiver);
  const honest = await compare(sent);
  assert.equal(honest.code, 0, honest.stdout + honest.stderr);
  assert.match(honest.stdout, /^(\d+) of \1 records are there/);

  const lost = sent.find((line) => line.includes("?n=5")) ?? "";
  const lied = sent.find((line) => line.includes("?n=8")) ?? "";
  const kept = sent.filter((line) => line !== lost).map((line) => (line === lied ? line.replace("n=8", "n=7") : line));
  const found = JSON.parse((await compare([...kept, '{"made":"up"}'], "--json")).stdout);
  const positions = [lost, lied].map((line) => JSON.parse(line).position as number);
  assert.deepEqual(
    found.missing.map(({ from, before, records }: Record<string, number>) => [from, before, records]),
    positions.map((position) => [position, position + 1, 1]),
  );
  assert.deepEqual(
    [found.foreign, found.foreignLines],
    [2, [kept.findIndex((line, at) => line !== sent.filter((each) => each !== lost)[at]) + 1, kept.length + 1]],
  );
  const told = await compare(kept);
  assert.equal(told.code, 5);
  assert.match(told.stdout, new RegExp(`MISSING 1 record of entry ${positions[0]}`));
  assert.match(told.stdout, /FOREIGN 1 lines/);

  const events = readFileSync(home.at("events.log"), "utf8").trim().split("\n");
  const kubernetes = ["--form", "kubernetes"];
  assert.equal((await compare(events, ...kubernetes)).code, 0);
  const less = await compare(
    events.filter((line) => !line.includes("?n=3")),
    ...kubernetes,
  );
  assert.equal(less.code, 5);
  assert.match(less.stdout, /MISSING 1 record of entry/);
  assert.equal((await compare(events)).code, 5, "of another form");
});

test("What is compared must be named, and is on record", async () => {
  using home = new TestHome();
  await using receiver = await startHttpReceiver(certificates.server);
  await served(home, receiver);
  const run = (...words: string[]) => new Program(home, ["audit", ...words, "--data-dir", "data"]).ended;
  assert.equal((await run("compare")).code, 2);
  for (const missing of ["missing.jsonl", "missing.jsonl.gz"]) {
    const { code, stderr } = await run("compare", missing);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^strongroom: ENOENT.*${missing}`));
  }
  writeFileSync(home.at("kept.jsonl"), linesOf(receiver).join("\n"));
  assert.equal((await run("compare", "kept.jsonl")).code, 0);
  const { stdout } = await run("export");
  assert.match(stdout, /"strongroom.dev\/audit-entries":"all, to compare"/);
});
