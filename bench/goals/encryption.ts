/** What the providers of EncryptionConfiguration cost requests, against `identity`; and what rewriting under a new key costs. */
import { randomBytes, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { askForEncryption } from "../../src/instance/control-socket.ts";
import { runEntry, startServerProcess } from "../child-process.ts";
import type { RewriteOptions, Rewrote } from "../entries/rewrite.ts";
import { runLoad } from "../load-generator.ts";
import { median } from "../report.ts";
import type { Figure, Section } from "../report.ts";
import { adminCredentials, createWorkspace, credentialFiles } from "../workspace.ts";

const providers = ["identity", "aesgcm", "aescbc", "secretbox", "strongroom"] as const;
type Provider = (typeof providers)[number];
const kinds = ["get-each", "create", "update"] as const;
type Kind = (typeof kinds)[number];

const connections = 64;
const valueBytes = 1024;
const seededSecrets = 10_000;
const collection = "/api/v1/namespaces/default/secrets";

export async function measureProviders(quick: boolean): Promise<readonly Section[]> {
  return [await measureRequests(quick), await measureRewriting(quick)];
}

async function measureRequests(quick: boolean): Promise<Section> {
  await using stack = new AsyncDisposableStack();
  const started = new Map<Provider, Awaited<ReturnType<typeof startBy>>>();
  for (const provider of providers) started.set(provider, await startBy(provider, stack, quick ? 1 : 3));
  const rounds: ReadonlyMap<Provider, ReadonlyMap<Kind, number>>[] = [];
  for (let index = 0; index <= (quick ? 3 : 5); index++) {
    const round = new Map<Provider, ReadonlyMap<Kind, number>>();
    for (const [provider, { run }] of started) {
      const rates = new Map<Kind, number>();
      for (const kind of kinds) rates.set(kind, (await run(kind)).perSecond);
      round.set(provider, rates);
    }
    if (index > 0) rounds.push(round); // the first compiles what is hot
  }
  const rateOf = (provider: Provider, kind: Kind) => rounds.map((round) => round.get(provider)?.get(kind) ?? 0);
  const figures = providers.slice(1).flatMap((provider) =>
    kinds.map((kind): Figure => {
      const clear = rateOf("identity", kind);
      const rates = rateOf(provider, kind);
      return {
        name: `${kind} by ${provider}`,
        value: median(rates.map((rate, index) => rate / (clear[index] ?? 1))),
        unit: "x identity",
        goal: { relation: ">=", value: 0.75 },
        detail: `${median(rates).toFixed(0)}/s against ${median(clear).toFixed(0)}/s`,
      };
    }),
  );
  return { name: `Secrets of 1 KiB by provider, over TLS, ${connections} connections`, figures };
}

/** A server with a rule for secrets, with 10,000 of them that it has rewritten by it. */
async function startBy(provider: Provider, stack: AsyncDisposableStack, seconds: number) {
  const workspace = stack.use(await createWorkspace());
  await runEntry("seed", { config: workspace.config, prefix: "seeded", count: seededSecrets, valueBytes });
  const encryptionFile = join(workspace.directory, "encryption.yaml");
  if (provider !== "strongroom") await writeFile(encryptionFile, configurationOf(provider), { mode: 0o600 });
  const config = provider === "strongroom" ? workspace.config : { ...workspace.config, encryptionFile };
  const [server, url] = await startServerProcess(config);
  stack.use(server);
  if (provider !== "strongroom") await untilRewritten(config.dataDir);
  const credentials = { files: await credentialFiles(workspace), pem: await adminCredentials(workspace) };
  const run = (mode: Kind) => {
    const prefix = mode === "create" ? `new-${randomUUID()}` : "seeded";
    const load = { url, mode, path: collection, prefix, count: seededSecrets, valueBytes, connections, seconds };
    return runLoad(load, credentials);
  };
  return { run };
}

async function untilRewritten(dataDir: string): Promise<void> {
  for (;;) {
    const status = await askForEncryption(dataDir);
    if (status?.rewrite.state === "done") return;
    await delay(500); // each question counts everything, and takes the server's time
  }
}

function configurationOf(provider: Exclude<Provider, "strongroom">): string {
  const key = { name: "bench", secret: randomBytes(32).toString("base64") };
  const form = provider === "identity" ? {} : { keys: [key] };
  return JSON.stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [{ resources: ["secrets"], providers: [{ [provider]: form }] }],
  });
}

async function measureRewriting(quick: boolean): Promise<Section> {
  const records = quick ? 20_000 : 100_000;
  const options: RewriteOptions = { records, valueBytes, writers: 8, waitMs: 4, seconds: 2, rounds: quick ? 4 : 10 };
  const { putsPerSecond, rewritesPerSecond, idleRatio, aloneP99Ms, besideP99Ms, besideRewritesPerSecond } =
    await runEntry<Rewrote>("rewrite", options);
  return {
    name: `Rewriting ${records} records of 1 KiB under a new key`,
    figures: [
      {
        name: "rewriting, idle",
        value: idleRatio,
        unit: "x puts of the engine",
        goal: { relation: ">=", value: 0.4 },
        detail: `${rewritesPerSecond.toFixed(0)}/s against ${putsPerSecond.toFixed(0)}/s`,
      },
      {
        name: `p99 of 8 writers beside it`,
        value: besideP99Ms / aloneP99Ms,
        unit: "x alone",
        goal: { relation: "<", value: 2 },
        detail: `${besideP99Ms.toFixed(1)} ms against ${aloneP99Ms.toFixed(1)} ms, rewriting ${besideRewritesPerSecond.toFixed(0)}/s`,
      },
    ],
  };
}
