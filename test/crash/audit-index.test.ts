/** The index of the audit log on servers that are killed: what it answers is what the log says, to the last entry. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Program, TestHome } from "../cli/program.ts";
import { connectTo, credentialsOf } from "../running-server.ts";
import type { Answer } from "../running-server.ts";
import { auditEvents } from "../support/audit-events.ts";
import { FullScan } from "../support/audit-scan.ts";
import { openWatch } from "../support/watch-stream.ts";

const secrets = "/api/v1/namespaces/default/secrets";
const reviews = "/apis/strongroom.dev/v1/namespaces/default/whoreadreviews";
const names = ["a", "b", "c"];

async function serve(home: TestHome) {
  const place = ["--data-dir", "data", "--root-key-file", "root.key"];
  const program = new Program(home, ["serve", "--listen", "127.0.0.1:0", ...place]);
  const url = await program.ready();
  const kubeconfig = join(home.at("data"), "admin.kubeconfig");
  return { program, url, call: await connectTo(url, kubeconfig), credentials: await credentialsOf(kubeconfig) };
}

/** Reads in every way, and is cut off by the kill. */
async function load({ url, call, credentials }: Awaited<ReturnType<typeof serve>>): Promise<void> {
  const watch = await openWatch({ url, credentials }, `${secrets}?watch=true&resourceVersion=0`);
  const ask = async (round: number) => {
    const name = names[round % names.length] ?? "";
    const headers = { "Content-Type": "application/merge-patch+json" };
    await call("PATCH", `${secrets}/${name}`, { body: { stringData: { key: String(round) } }, headers });
    await Promise.all([call("GET", `${secrets}/${name}`), call("GET", secrets), watch.next()]);
  };
  for (let round = 0; round < 40; round++) await ask(round);
  watch.close();
}

test("After kill -9, and without its files, the index answers as a reading of the whole log does", async () => {
  using home = new TestHome();
  const first = await serve(home);
  for (const name of names)
    await first.call("POST", secrets, { body: { metadata: { name }, stringData: { key: "v" } } });
  await load(first);
  first.program.kill("SIGKILL");
  await first.program.ended;
  for (const deleted of [false, true]) {
    if (deleted) rmSync(home.at("data", "audit-index"), { recursive: true });
    const again = await serve(home);
    await load(again);
    const answers: Answer["json"][] = [];
    for (const name of names) {
      const { status, json, text } = await again.call("POST", reviews, { body: { spec: { secret: name } } });
      assert.equal(status, 201, text);
      answers.push(json.status);
    }
    again.program.kill("SIGKILL");
    await again.program.ended;
    const events = await auditEvents({ dataDir: home.at("data"), rootKeyFile: home.at("root.key") });
    for (const [place, { readers, others, position, end }] of answers.entries()) {
      assert.equal(position, end);
      const scan = new FullScan(events.slice(0, position));
      const counts = [...readers, ...others].map(({ user, reads, metadataOnly, refused }) => [
        user,
        [reads, metadataOnly, refused],
      ]);
      assert.deepEqual(
        Object.fromEntries(counts),
        scan.readers({ secret: { namespace: "default", name: names[place] ?? "" } }),
      );
      assert.ok(readers[0].reads > 100);
    }
  }
});
