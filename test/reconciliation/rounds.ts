/**
 * Rounds of load on one data directory: clients of all kinds ask and watch, the server is killed at a random instant or stopped, and
 * started again. In the end what the clients were given is held against what is on record.
 */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { issueKubeconfig } from "../../src/instance/host-kubeconfig.ts";
import { writeFileSync } from "node:fs";
import { Program } from "../cli/program.ts";
import type { TestHome } from "../cli/program.ts";
import { callerOf, credentialsOf } from "../running-server.ts";
import type { Answer, ClientCredentials } from "../running-server.ts";
import { auditEvents } from "../support/audit-events.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import type { Caller, Load } from "./load.ts";
import { startLoad } from "./load.ts";
import { MarkedValues } from "./marked-values.ts";
import { mountedName, secretsPath } from "./requests.ts";
import { differences } from "./transcript.ts";
import type { Entry } from "./transcript.ts";

const api = "/api/v1/namespaces/default";
const node = "n1";

export interface RoundsResult {
  readonly entries: readonly Entry[];
  /** How many values were received, each as often as it was. */
  readonly received: number;
  readonly events: number;
  readonly differences: readonly string[];
}

export interface RoundsOptions {
  readonly home: TestHome;
  readonly rounds: number;
  readonly workers: number;
  /** Answers before a round is ended, at least and at most. */
  readonly answers: readonly [number, number];
  readonly onRound?: (round: { readonly killed: boolean; readonly answered: number }) => void;
}

export async function reconciliationRounds(options: RoundsOptions): Promise<RoundsResult> {
  const { home, rounds } = options;
  const values = new MarkedValues();
  const entries: Entry[] = [];
  const created = new Map<string, string>();
  for (let round = 0; round < rounds; round++) {
    await using server = await start(home);
    if (round === 0) await prepare(server, values);
    const load = startLoad({ url: server.url, callers: await callersOf(server), values, workers: options.workers });
    await load.answered(randomInt(...options.answers));
    const killed = round % 2 === 0;
    await end(server, load, killed);
    entries.push(...load.entries);
    for (const [name, id] of load.created) created.set(name, id);
    options.onRound?.({ killed, answered: load.entries.filter(({ status }) => status !== undefined).length });
  }
  const stored = await storedNames(home);
  const events = await auditEvents({ dataDir: home.at("data"), rootKeyFile: home.at("root.key") });
  return {
    entries,
    received: entries.reduce((sum, entry) => sum + entry.values.size, 0),
    events: events.length,
    differences: [...differences(entries, events, values), ...wrongOutcomes(created, stored, events)],
  };
}

interface Started extends AsyncDisposable {
  readonly home: TestHome;
  readonly program: Program;
  readonly url: string;
  readonly admin: ClientCredentials;
}

async function start(home: TestHome): Promise<Started> {
  const config = home.at("strongroom.yaml");
  const text = "apiVersion: strongroom.dev/v1alpha1\nkind: ServerConfiguration\naudit:\n  reserve: 1Mi\n";
  writeFileSync(config, text);
  const place = ["--data-dir", "data", "--root-key-file", "root.key", "--config", config];
  const program = new Program(home, ["serve", "--listen", "127.0.0.1:0", ...place]);
  const url = await program.ready();
  const admin = await credentialsOf(join(home.at("data"), "admin.kubeconfig"));
  return { home, program, url, admin, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

/** Ends the server while requests are on their way, and the load with it. */
async function end({ program }: Started, load: Load, killed: boolean): Promise<void> {
  program.kill(killed ? "SIGKILL" : "SIGTERM");
  const { code } = await program.ended;
  if (!killed) assert.equal(code, 0);
  await load.stop();
}

/** Rights of each caller, a pod on the node, and something to read. */
async function prepare({ url, admin }: Started, values: MarkedValues): Promise<void> {
  const client = callerOf(url, admin);
  const create = async (path: string, body: object) => {
    const answer = await client.call("POST", path, { body });
    assert.ok(answer.status < 300, answer.text);
  };
  const rights = {
    reader: [
      coreRule("get,list,watch,patch,update,create,delete,deletecollection", "secrets"),
      { verbs: ["get"], apiGroups: ["strongroom.dev"], resources: ["secretversions/value"] },
    ],
    writer: [coreRule("patch,update,create,delete", "secrets")],
    namer: [coreRule("get,list,watch", "secrets/metadata")],
    some: [coreRule("get", "secrets", "s-1", "s-2")],
  };
  for (const [name, rules] of Object.entries(rights)) {
    await create(`${rbacPath}/namespaces/default/roles`, roleObject(name, ...rules));
    await create(`${rbacPath}/namespaces/default/rolebindings`, bindingObject(name, `Role ${name}`, `User ${name}`));
  }
  const account = { metadata: { name: "account" }, ...bindingOfAccount };
  await create(`${api}/serviceaccounts`, { metadata: { name: "account" } });
  await create(`${rbacPath}/namespaces/default/rolebindings`, account);
  const data = { password: values.make({ namespace: "default", name: mountedName, key: "password" }) };
  await create(secretsPath, { metadata: { name: mountedName }, data });
  const volumes = [{ name: "v", secret: { secretName: mountedName } }];
  const containers = [{ name: "c", image: "nginx" }];
  await create(`${api}/pods`, { metadata: { name: "pod" }, spec: { nodeName: node, containers, volumes } });
  client.close();
}

const bindingOfAccount = {
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
  subjects: [{ kind: "ServiceAccount", name: "account", namespace: "default" }],
};

async function callersOf(server: Started): Promise<Caller[]> {
  const { admin, url } = server;
  const client = callerOf(url, admin);
  const token: Answer = await client.call("POST", `${api}/serviceaccounts/account/token`, { body: { spec: {} } });
  client.close();
  assert.equal(token.status, 201, token.text);
  const users: Caller[] = [];
  for (const username of ["reader", "writer", "namer", "some"]) {
    users.push({ username, credentials: await certificateOf(server, username, []) });
  }
  const kubelet = `system:node:${node}`;
  return [
    ...users,
    { username: kubelet, credentials: await certificateOf(server, kubelet, ["system:nodes"]) },
    { username: "strongroom-admin", credentials: admin },
    { username: "strongroom-admin", credentials: admin, impersonates: "reader" },
    {
      username: "system:serviceaccount:default:account",
      credentials: { ca: admin.ca },
      token: token.json.status.token,
    },
  ];
}

async function certificateOf({ home }: Started, user: string, groups: readonly string[]): Promise<ClientCredentials> {
  const rootKey = { type: "file", path: home.at("root.key") } as const;
  const request = { user, groups, ttlSeconds: 3600 };
  const text = await issueKubeconfig({ dataDir: home.at("data"), rootKey, host: "127.0.0.1", port: 1 }, request);
  const path = home.at("user.kubeconfig");
  writeFileSync(path, text);
  return credentialsOf(path);
}

/** Names of the secrets that are there after a last start, which resolves what the last end cut off. */
async function storedNames(home: TestHome): Promise<ReadonlySet<string>> {
  await using server = await start(home);
  const client = callerOf(server.url, server.admin);
  const list = await client.call("GET", secretsPath);
  client.close();
  server.program.kill("SIGTERM");
  await server.program.ended;
  return new Set(list.json.items.map(({ metadata }: Answer["json"]) => metadata.name));
}

/** Each secret that one request was to create is there if, and only if, that is on record. */
function wrongOutcomes(
  created: ReadonlyMap<string, string>,
  stored: ReadonlySet<string>,
  events: Awaited<ReturnType<typeof auditEvents>>,
): string[] {
  const made = new Set<string>();
  for (const { auditID, stage, responseStatus, annotations } of events) {
    if (stage !== "ResponseComplete") continue;
    if (responseStatus?.code === 201) made.add(auditID);
    if (annotations?.["strongroom.dev/outcome-from-store"] === "committed") made.add(auditID);
  }
  return [...created]
    .filter(([name, id]) => stored.has(name) !== made.has(id))
    .map(
      ([name, id]) =>
        `${name} ${stored.has(name) ? "is there, which is not" : "is not there, which is"} on record (${id})`,
    );
}
