/**
 * Records what a kube-apiserver puts on record for the calls of upstream-requests.ts:
 *
 *   KUBE_APISERVER=/path/to/kube-apiserver node test/audit/record-upstream.ts
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { startRealApiserver } from "../support/real-apiserver.ts";
import { normalisedEvents } from "./normalised-events.ts";
import type { PlainEvent } from "./normalised-events.ts";
import { sendAuditedCalls } from "./send-calls.ts";
import { policyText } from "./upstream-requests.ts";

export async function recordUpstream(): Promise<Record<string, PlainEvent[]>> {
  const folder = await mkdtemp(join(tmpdir(), "upstream-audit-"));
  try {
    const [policy, log] = [join(folder, "policy.yaml"), join(folder, "audit.log")];
    await writeFile(policy, policyText);
    await using server = await startRealApiserver(["--audit-policy-file", policy, "--audit-log-path", log]);
    const tokens = new Map<string, string>([["wrong", "0".repeat(32)]]);
    let ca = "";
    for (const user of ["admin", "nobody"]) {
      const path = user === "admin" ? server.kubeconfig : await server.kubeconfigOf(user);
      const config = parse(await readFile(path, "utf8")) as {
        clusters: [{ cluster: { "certificate-authority-data": string } }];
        users: [{ user: { token: string } }];
      }; // the form that the helper writes
      tokens.set(user, config.users[0].user.token);
      ca = Buffer.from(config.clusters[0].cluster["certificate-authority-data"], "base64").toString("utf8");
    }
    await sendAuditedCalls({ url: server.url, ca, tokenOf: (user) => tokens.get(user) ?? "" });
    const lines = (await readFile(log, "utf8")).split("\n").filter((line) => line !== "");
    return normalisedEvents(lines.map((line) => JSON.parse(line) as PlainEvent)); // what it wrote
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const recorded = await recordUpstream();
  await writeFile(new URL("recorded-upstream.json", import.meta.url), `${JSON.stringify(recorded, null, 2)}\n`);
}
