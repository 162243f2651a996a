/**
 * A kube-apiserver with its Secrets at the etcd door, and the same with an etcd of its own, asked the same in turns; where KUBE_APISERVER
 * names one and etcd is on the PATH.
 */
import { Agent, request } from "node:https";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { callerOf } from "../../test/running-server.ts";
import { allowCluster, clusterFiles, startBeneath } from "../../test/etcd/beneath-cluster.ts";
import { noRealApiserver, startRealApiserver } from "../../test/support/real-apiserver.ts";
import type { RealApiserver } from "../../test/support/real-apiserver.ts";
import { freePorts, startRealEtcd } from "../../test/support/real-etcd.ts";
import { memoryOf, startServerProcess } from "../child-process.ts";
import { quantile } from "../report.ts";
import type { Figure, Section } from "../report.ts";
import { adminCredentials, createWorkspace } from "../workspace.ts";

const connections = 16;
const name = "A kube-apiserver with its Secrets at the etcd door, against the same with an etcd of its own";
const collection = "/api/v1/namespaces/default/secrets";

export async function measureEtcdDoor(quick: boolean): Promise<Section> {
  const missing = noRealApiserver();
  if (missing !== undefined) return { name: `${name}: not measured, ${missing}`, figures: [] };
  await using parts = new AsyncDisposableStack();
  const workspace = parts.use(await createWorkspace());
  const files = parts.use(await clusterFiles());
  const [port = 0] = await freePorts(1);
  const cluster = {
    name: "bench",
    prefix: "/registry",
    namespacePrefix: "",
    clientAuthoritiesFile: files.authoritiesFile,
  };
  const config = { ...workspace.config, etcd: { host: "127.0.0.1", port, clusters: [cluster] } };
  const [server, url] = await startServerProcess(config);
  parts.use(server);
  const credentials = await adminCredentials(workspace);
  const admin = callerOf(url, credentials);
  await allowCluster(admin.call, "bench");
  admin.close();
  const etcd = parts.use(await startRealEtcd());
  const own = parts.use(await startRealApiserver([], etcd));
  const beneath = parts.use(await startBeneath(`https://127.0.0.1:${port}`, files, credentials.ca));
  const sides = [await Side.open(own, etcd.pid), await Side.open(beneath, server.pid)] as const;
  for (const side of sides) parts.defer(() => side.close());
  // In turns, so that whatever else the machine does falls on both.
  const warmingRounds = quick ? 1 : 3;
  for (let round = 0; round < warmingRounds + (quick ? 2 : 6); round++) {
    // What is compiled while it runs is compiled by then: servers run for weeks.
    if (round === warmingRounds) for (const side of sides) side.forget();
    for (const side of sides) await side.measure(round, quick ? 100 : 400);
  }
  return { name, figures: figuresOf(...sides) };
}

const kinds = ["create", "update", "get"] as const;
type Kind = (typeof kinds)[number];

/** One API server, and the process that keeps its Secrets. */
class Side {
  readonly ms: Record<Kind | "list" | "watch", number[]> = { create: [], update: [], get: [], list: [], watch: [] };
  readonly seconds: Record<Kind, number> = { create: 0, update: 0, get: 0 };
  readonly cpuMs: Record<Kind, number> = { create: 0, update: 0, get: 0 };
  readonly #agent: Agent;
  readonly #url: string;
  readonly #token: string;
  readonly #pid: number;

  private constructor(url: string, { ca, token, pid }: { ca: string; token: string; pid: number }) {
    this.#url = url;
    this.#token = token;
    this.#pid = pid;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections + 1, ca });
  }

  static async open(apiserver: RealApiserver, pid: number): Promise<Side> {
    const config = parse(await readFile(apiserver.kubeconfig, "utf8")) as {
      clusters: [{ cluster: { "certificate-authority-data": string } }];
      users: [{ user: { token: string } }];
    }; // as the test's support writes it
    const ca = Buffer.from(config.clusters[0].cluster["certificate-authority-data"], "base64").toString();
    return new Side(apiserver.url, { ca, token: config.users[0].user.token, pid });
  }

  close(): void {
    this.#agent.destroy();
  }

  get memoryMiB(): number {
    return memoryOf(this.#pid).rssMiB;
  }

  /** Begins anew with what was measured. */
  forget(): void {
    for (const times of Object.values(this.ms)) times.length = 0;
    for (const kind of kinds) [this.seconds[kind], this.cpuMs[kind]] = [0, 0];
  }

  async measure(round: number, count: number): Promise<void> {
    const names = Array.from({ length: count }, (_, index) => `r${round}-${index}`);
    const body = (secret: string, value: number) =>
      JSON.stringify({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: secret },
        data: { value: Buffer.alloc(1024, value).toString("base64") },
      });
    await this.#timed("create", names, (secret) => this.#call("POST", collection, body(secret, 1)));
    await this.#timed("update", names, (secret) => this.#call("PUT", `${collection}/${secret}`, body(secret, 2)));
    await this.#timed("get", names, (secret) => this.#call("GET", `${collection}/${secret}`));
    for (let list = 0; list < 3; list++) {
      const startedMs = performance.now();
      await this.#call("GET", collection);
      this.ms.list.push(performance.now() - startedMs);
    }
    await this.#watched(names.slice(0, Math.min(100, count)), (secret) =>
      this.#call("PUT", `${collection}/${secret}`, body(secret, 3)),
    );
  }

  async #timed(kind: Kind, names: readonly string[], ask: (name: string) => Promise<unknown>): Promise<void> {
    const [cpuMs, startedMs] = [cpuMsOf(this.#pid), performance.now()];
    let next = 0;
    const work = async () => {
      for (let each = names[next++]; each !== undefined; each = names[next++]) {
        const askedMs = performance.now();
        await ask(each);
        this.ms[kind].push(performance.now() - askedMs);
      }
    };
    await Promise.all(Array.from({ length: connections }, work));
    this.seconds[kind] += (performance.now() - startedMs) / 1000;
    this.cpuMs[kind] += cpuMsOf(this.#pid) - cpuMs;
  }

  /** From the start of a write to its event, one write after the other. */
  async #watched(names: readonly string[], write: (name: string) => Promise<unknown>): Promise<void> {
    const listed = JSON.parse(await this.#call("GET", `${collection}?limit=1`)) as {
      metadata: { resourceVersion: string };
    }; // a list
    const startedMs = new Map<string, number>();
    let told = () => {};
    const path = `${collection}?watch=true&resourceVersion=${listed.metadata.resourceVersion}`;
    const stream = this.#request("GET", path);
    stream.on("response", (response) => {
      let pending = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        pending += chunk;
        for (let end = pending.indexOf("\n"); end >= 0; end = pending.indexOf("\n")) {
          const secret = /"name":"([^"]+)"/.exec(pending.slice(0, end))?.[1] ?? "";
          pending = pending.slice(end + 1);
          this.ms.watch.push(performance.now() - (startedMs.get(secret) ?? Number.NaN));
          told();
        }
      });
    });
    stream.end();
    await new Promise((resolve) => stream.once("response", resolve));
    for (const each of names) {
      const event = new Promise<void>((resolve) => (told = resolve));
      startedMs.set(each, performance.now());
      await Promise.all([write(each), event]);
    }
    stream.on("error", () => {}); // it is cut
    stream.destroy();
  }

  #request(method: string, path: string) {
    const headers = { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/json" };
    return request(new URL(path, this.#url), { method, agent: this.#agent, headers });
  }

  #call(method: string, path: string, body?: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = this.#request(method, path);
      asked.on("error", reject).on("response", (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => {
          if ((response.statusCode ?? 500) < 300) resolve(text);
          else reject(new Error(`${method} ${path}: ${text}`));
        });
      });
      asked.end(body);
    });
  }
}

/** Processor time of a process since its start, in ms: ticks are of 10 ms. */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function figuresOf(own: Side, beneath: Side): Figure[] {
  const rates = kinds.map((kind): Figure => {
    const [there, here] = [own, beneath].map(({ ms, seconds }) => ms[kind].length / seconds[kind]);
    const [thereCpu, hereCpu] = [own, beneath].map(({ ms, cpuMs }) => (cpuMs[kind] / ms[kind].length).toFixed(2));
    return {
      name: `${kind} of a Secret of 1 KiB, ${connections} connections`,
      value: (here ?? 0) / (there ?? 1),
      unit: "x its own etcd",
      goal: { relation: ">=", value: 0.8 },
      detail:
        `${here?.toFixed(0)}/s against ${there?.toFixed(0)}/s, p99 ${shown(beneath.ms[kind])} against ${shown(own.ms[kind])} ms; ` +
        `${hereCpu} ms of processor time each in Strongroom, ${thereCpu} in etcd`,
    };
  });
  const lists = [own, beneath].map(({ ms }) => quantile(ms.list, 0.5));
  const watches = [own, beneath].map(({ ms }) => quantile(ms.watch, 0.99));
  return [
    ...rates,
    {
      name: "list of them all",
      value: (lists[0] ?? 0) / (lists[1] ?? 1),
      unit: "x as fast",
      goal: { relation: ">=", value: 0.8 },
      detail: `${lists[1]?.toFixed(0)} ms against ${lists[0]?.toFixed(0)} ms`,
    },
    {
      name: "from the start of a write to its event in a watch, p99",
      value: (watches[1] ?? 0) / (watches[0] ?? 1),
      unit: "x",
      goal: { relation: "<=", value: 2 },
      detail: `${watches[1]?.toFixed(1)} ms against ${watches[0]?.toFixed(1)} ms`,
    },
    {
      name: "resident memory of Strongroom after that",
      value: beneath.memoryMiB,
      unit: "MiB",
      detail: `etcd ${own.memoryMiB.toFixed(0)} MiB`,
    },
  ];
}

function shown(ms: readonly number[]): string {
  return quantile(ms, 0.99).toFixed(1);
}
