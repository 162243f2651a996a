/**
 * This server against a kube-apiserver with an etcd, each asked the same in turns; where KUBE_APISERVER names one and etcd is on the
 * PATH. Theirs keeps no audit and encrypts nothing; ours does both, as it is served without options.
 */
import { randomUUID } from "node:crypto";
import { noRealApiserver, startRealApiserver } from "../../test/support/real-apiserver.ts";
import { callerOf } from "../../test/running-server.ts";
import { startServerProcess } from "../child-process.ts";
import { generator, runLoad } from "../load-generator.ts";
import type { Credentials, Load } from "../load-generator.ts";
import { median } from "../report.ts";
import type { Figure, Section } from "../report.ts";
import { adminCredentials, createWorkspace, credentialFiles } from "../workspace.ts";

const connections = 64;
const valueBytes = 1024;
const secrets = 1000;
const collection = "/api/v1/namespaces/default/secrets";
const name = `A kube-apiserver with an etcd, and this server, ${connections} connections, ${generator} as generator`;

type Kind = "get" | "create" | "update";
type Measured = Awaited<ReturnType<typeof runLoad>>;

interface Side {
  readonly url: string;
  readonly credentials: Credentials;
}

export async function measurePeer(quick: boolean): Promise<Section> {
  const missing = noRealApiserver();
  if (missing !== undefined) return { name: `${name}: not measured, ${missing}`, figures: [] };
  await using parts = new AsyncDisposableStack();
  const theirs = parts.use(await startRealApiserver());
  const workspace = parts.use(await createWorkspace());
  const [server, url] = await startServerProcess(workspace.config);
  parts.use(server);
  const pem = await adminCredentials(workspace);
  const admin = callerOf(url, pem);
  parts.defer(() => admin.close());
  for (let number = 1; number <= secrets; number++) {
    const object = { apiVersion: "v1", kind: "Secret", metadata: { name: `seeded-${number}` } };
    const data = { value: Buffer.alloc(valueBytes, "x").toString("base64") };
    await theirs.call("POST", collection, { ...object, data });
    await admin.call("POST", collection, { body: { ...object, data } });
  }
  const sides: readonly Side[] = [
    { url: theirs.url, credentials: { pem: { ca: theirs.ca }, token: theirs.token } },
    { url, credentials: { files: await credentialFiles(workspace), pem } },
  ];
  const rounds: Record<Kind, [Measured, Measured][]> = { get: [], create: [], update: [] };
  for (let round = 0; round < (quick ? 3 : 6); round++) {
    for (const kind of ["get", "create", "update"] as const) {
      const pair: Measured[] = [];
      // In turns, so that whatever else the machine does falls on both.
      for (const side of sides) pair.push(await run(side, kind, quick ? 2 : 4));
      const [there, here] = pair;
      // The first round compiles what is hot.
      if (round > 0 && there !== undefined && here !== undefined) rounds[kind].push([there, here]);
    }
  }
  return { name, figures: (["get", "create", "update"] as const).map((kind) => figureOf(kind, rounds[kind])) };
}

function run({ url, credentials }: Side, mode: Kind, seconds: number): Promise<Measured> {
  const load: Load = {
    url,
    mode,
    path: mode === "get" ? `${collection}/seeded-1` : collection,
    prefix: mode === "create" ? `new-${randomUUID()}` : "seeded",
    count: secrets,
    valueBytes,
    connections,
    seconds,
  };
  return runLoad(load, credentials);
}

function figureOf(kind: Kind, rounds: readonly [Measured, Measured][]): Figure {
  const [there, here] = [0, 1].map((side) => {
    const ofSide = rounds.map((pair) => pair[side] as Measured); // a pair has both
    const perSecond = median(ofSide.map((each) => each.perSecond)).toFixed(0);
    return `${perSecond}/s, p99 ${median(ofSide.map(({ p99Ms }) => p99Ms)).toFixed(0)} ms`;
  });
  return {
    name: `${kind} of a Secret of 1 KiB`,
    value: median(rounds.map(([theirs, ours]) => ours.perSecond / theirs.perSecond)),
    unit: "x a kube-apiserver with an etcd",
    detail: `${here} against ${there}`,
  };
}
