/** GETs of one secret by a user whose role allows it, against those of the administrator, in alternation. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { issueKubeconfig } from "../../src/server/server.ts";
import { connectTo, credentialsOf } from "../../test/running-server.ts";
import { startServerProcess } from "../child-process.ts";
import { generator, runLoad } from "../load-generator.ts";
import { median } from "../report.ts";
import type { Section } from "../report.ts";
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
  const reader = await readerCredentials(workspace);
  const run = (credentials: typeof administrator) =>
    runLoad(
      { url, mode: "get", path: secret, prefix: "", count: 1, valueBytes: 0, connections, seconds: quick ? 2 : 4 },
      credentials,
    );
  await run(administrator);
  await run(reader);
  const rounds: { readonly admin: number; readonly user: number }[] = [];
  for (let index = 0; index < (quick ? 4 : 10); index++) {
    // In turns who is first: what the machine does beside often comes in the same rhythm.
    const [first, second] = index % 2 === 0 ? [administrator, reader] : [reader, administrator];
    const [one, two] = [(await run(first)).perSecond, (await run(second)).perSecond];
    rounds.push(index % 2 === 0 ? { admin: one, user: two } : { admin: two, user: one });
  }
  const perSecond = (of: "admin" | "user") => median(rounds.map((round) => round[of])).toFixed(0);
  return {
    name: `Reads under RBAC over TLS, ${connections} connections, ${generator} as generator`,
    figures: [
      {
        name: "GET of one 1 KiB secret by a user with a role",
        value: median(rounds.map(({ admin, user }) => user / admin)),
        unit: "x the administrator's",
        goal: { relation: ">=", value: 0.9 },
        detail: `${perSecond("user")}/s, administrator ${perSecond("admin")}/s`,
      },
    ],
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
  await create(`${rbac}/roles`, { metadata: { name: "reader" }, rules });
  await create(`${rbac}/rolebindings`, {
    metadata: { name: "reader" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
  });
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
