/**
 * GET, create and update of one secret against a bare server, in alternation: the
 * ratio is taken round by round, so that what else the machine does hits both.
 */
import { randomUUID } from "node:crypto";
import { runEntry, startServerProcess, Worker } from "../child-process.ts";
import { generator, runLoad } from "../load-generator.ts";
import type { Load, LoadResult } from "../load-generator.ts";
import { median } from "../report.ts";
import type { Figure, Section } from "../report.ts";
import { adminCredentials, createWorkspace, credentialFiles } from "../workspace.ts";

const connections = 64;
const valueBytes = 1024;
/** Objects that updates go around, so that two of them seldom meet on one. */
const updatedSecrets = 1000;
/** More than the server keeps decrypted, so that reading them in turn decrypts each. */
const seededSecrets = 10_000;
const collection = "/api/v1/namespaces/default/secrets";

type Measured = LoadResult & { readonly perSecond: number };
interface Round {
  readonly bare: Measured;
  readonly get: Measured;
  readonly getEach: Measured;
  readonly create: Measured;
  readonly update: Measured;
}

export async function measureThroughput(quick: boolean): Promise<Section> {
  await using workspace = await createWorkspace();
  await runEntry("seed", { config: workspace.config, prefix: "seeded", count: seededSecrets, valueBytes });
  const [server, url] = await startServerProcess(workspace.config);
  await using _server = server;
  const [bare, { url: bareUrl }] = await Worker.start<{ url: string }>("bare", {});
  await using _bare = bare;
  const credentials = { files: await credentialFiles(workspace), pem: await adminCredentials(workspace) };
  const run = (load: Pick<Load, "mode" | "path"> & Partial<Load>) =>
    runLoad(
      { url, prefix: "seeded", count: updatedSecrets, valueBytes, connections, seconds: quick ? 2 : 4, ...load },
      credentials,
    );

  const round = async (): Promise<Round> => ({
    bare: await run({ url: bareUrl, mode: "get", path: "/" }),
    get: await run({ mode: "get", path: `${collection}/seeded-1` }),
    getEach: await run({ mode: "get-each", path: collection, count: seededSecrets }),
    create: await run({ mode: "create", path: collection, prefix: `new-${randomUUID()}` }),
    update: await run({ mode: "update", path: collection }),
  });
  await round(); // compiles what is hot
  const rounds: Round[] = [];
  for (let index = 0; index < (quick ? 3 : 5); index++) rounds.push(await round());
  return {
    name: `Requests over TLS, ${connections} connections, ${generator} as generator`,
    figures: figuresOf(rounds),
  };
}

function figuresOf(rounds: readonly Round[]): Figure[] {
  const ratio = (of: Exclude<keyof Round, "bare">) =>
    median(rounds.map((round) => round[of].perSecond / round.bare.perSecond));
  const text = (of: keyof Round) => {
    const values = rounds.map((round) => round[of]);
    const perSecond = median(values.map((value) => value.perSecond));
    const p99 = median(values.map((value) => value.p99Ms));
    return `${perSecond.toFixed(0)}/s, p50 ${median(values.map((value) => value.p50Ms)).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
  };
  const row = (of: Exclude<keyof Round, "bare">, name: string, goal?: number): Figure => ({
    name,
    value: ratio(of),
    unit: "x bare",
    ...(goal !== undefined && { goal: { relation: ">=", value: goal } }),
    detail: text(of),
  });
  return [
    {
      name: "bare node:https, 1 KiB",
      value: median(rounds.map(({ bare }) => bare.perSecond)),
      unit: "/s",
      detail: text("bare"),
    },
    row("get", "GET of one 1 KiB secret", 0.35),
    row("getEach", "GET of 10,000 such secrets in turn"),
    row("create", "durable create of a 1 KiB secret", 0.12),
    row("update", "durable update of a 1 KiB secret", 0.12),
  ];
}
