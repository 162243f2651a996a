/**
 * GETs of one secret by a user and by a service account whose roles allow it, against those of the administrator, in
 * alternation.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { issueKubeconfig } from "../../src/instance/host-kubeconfig.ts";
import { connectTo, credentialsOf } from "../../test/running-server.ts";
import { startServerProcess } from "../child-process.ts";
import { generator, runLoad } from "../load-generator.ts";
import { median } from "../report.ts";
import type { Section } from "../report.ts";
import type { Credentials } from "../load-generator.ts";
import { adminCredentials, createWorkspace, credentialFiles } from "../workspace.ts";
import type { Workspace } from "../workspace.ts";

const connections = 64;
const secret = "/api/v1/namespaces/default/secrets/db";
const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
const user = "reader";

export async function measureRbacReads(quick: boolean): Promise<Section> {
  await using workspace = await createWorkspace();
  const [server, url] = await startServerProcess(workspace.config);
  await using _server = server;
  await prepare(workspace, url);
  const administrator = { files: await credentialFiles(workspace), pem: await adminCredentials(workspace) };
  const readers = { user: await readerCredentials(workspace), token: await tokenCredentials(workspace, url) };
  const run = (credentials: Credentials) =>
    runLoad(
      { url, mode: "get", path: secret, prefix: "", count: 1, valueBytes: 0, connections, seconds: quick ? 2 : 4 },
      credentials,
    );
  await run(administrator);
  const compare = async (reader: Credentials) => {
    await run(reader);
    const rounds: Round[] = [];
    for (let index = 0; index < (quick ? 4 : 10); index++) {
      // In turns who is first: what the machine does beside often comes in the same rhythm.
      const [first, second] = index % 2 === 0 ? [administrator, reader] : [reader, administrator];
      const [one, two] = [(await run(first)).perSecond, (await run(second)).perSecond];
      rounds.push(index % 2 === 0 ? { admin: one, reader: two } : { admin: two, reader: one });
    }
    return rounds;
  };
  return {
    name: `Reads under RBAC over TLS, ${connections} connections, ${generator} as generator`,
    figures: [
      figureOf("GET of one 1 KiB secret by a user with a role", "user", await compare(readers.user)),
      figureOf("GET of one 1 KiB secret by a service account with a role", "account", await compare(readers.token)),
    ],
  };
}

interface Round {
  readonly admin: number;
  readonly reader: number;
}

function figureOf(name: string, who: string, rounds: readonly Round[]): Section["figures"][number] {
  const perSecond = (of: keyof Round) => median(rounds.map((round) => round[of])).toFixed(0);
  return {
    name,
    value: median(rounds.map(({ admin, reader }) => reader / admin)),
    unit: "x the administrator's",
    goal: { relation: ">=", value: 0.9 },
    detail: `${who} ${perSecond("reader")}/s, administrator ${perSecond("admin")}/s`,
  };
}

async function prepare(workspace: Workspace, url: string): Promise<void> {
  const call = await connectTo(url, workspace.config.adminKubeconfig ?? "");
  const create = async (path: string, body: object) => {
    const { status, text } = await call("POST", path, { body });
    if (status !== 201) throw new Error(`${path} was answered with ${status}: ${text}`);
  };
  const value = Buffer.alloc(1024, "x").toString("base64");
  await create("/api/v1/namespaces/default/secrets", { metadata: { name: "db" }, data: { value } });
  const rules = [{ verbs: ["get"], apiGroups: [""], resources: ["secrets"], resourceNames: ["db"] }];
  await create("/api/v1/namespaces/default/serviceaccounts", { metadata: { name: user } });
  await create(`${rbac}/roles`, { metadata: { name: "reader" }, rules });
  await create(`${rbac}/rolebindings`, {
    metadata: { name: "reader" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
    subjects: [
      { apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user },
      { kind: "ServiceAccount", namespace: "default", name: user },
    ],
  });
}

async function tokenCredentials({ config }: Workspace, url: string): Promise<Credentials> {
  const kubeconfig = config.adminKubeconfig ?? "";
  const call = await connectTo(url, kubeconfig);
  const path = `/api/v1/namespaces/default/serviceaccounts/${user}/token`;
  const { status, text, json } = await call("POST", path, { body: { spec: { expirationSeconds: 7200 } } });
  if (status !== 201) throw new Error(`${path} was answered with ${status}: ${text}`);
  return { pem: { ca: (await credentialsOf(kubeconfig)).ca }, token: json.status.token };
}

async function readerCredentials({ config, directory }: Workspace) {
  const kubeconfig = join(directory, "reader.kubeconfig");
  await writeFile(kubeconfig, await issueKubeconfig(config, { user, groups: [], ttlSeconds: 3600 }), { mode: 0o600 });
  const pem = await credentialsOf(kubeconfig);
  const files = { cert: join(directory, "reader.crt"), key: join(directory, "reader.key") };
  await writeFile(files.cert, pem.cert ?? "", { mode: 0o600 });
  await writeFile(files.key, pem.key ?? "", { mode: 0o600 });
  return { files, pem };
}
