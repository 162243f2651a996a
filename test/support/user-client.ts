/** Clients of a running server with certificates of any user and groups. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { issueKubeconfig } from "../../src/instance/host-kubeconfig.ts";
import { connectTo, credentialsOf } from "../running-server.ts";
import type { Answer, Call, TestServer } from "../running-server.ts";
import { create } from "./api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "./rbac-objects.ts";

export type UserClient = (method: string, path: string, call?: Call) => Promise<Answer>;

/** A client that is this user, in these groups and in system:authenticated. */
export async function userClient(server: TestServer, user: string, groups: readonly string[] = []) {
  const kubeconfig = await userKubeconfig(server, user, groups);
  const client: UserClient = await connectTo(server.url, kubeconfig.path);
  await kubeconfig[Symbol.asyncDispose]();
  return client;
}

/** The certificate and key of this user, for streams on connections of their own. */
export async function userCredentials(server: TestServer, user: string, groups: readonly string[] = []) {
  await using kubeconfig = await userKubeconfig(server, user, groups);
  return credentialsOf(kubeconfig.path);
}

/** Gives a user rights in the namespace default: `verbs resources names...` each, by a Role and a RoleBinding. */
export async function grant(server: TestServer, user: string, ...rules: Parameters<typeof coreRule>[]): Promise<void> {
  const path = `${rbacPath}/namespaces/default`;
  await create(server, `${path}/roles`, roleObject(user, ...rules.map((rule) => coreRule(...rule))));
  await create(server, `${path}/rolebindings`, bindingObject(user, `Role ${user}`, `User ${user}`));
}

/** A kubeconfig of this user for the server, in a folder of its own. */
export async function userKubeconfig(server: TestServer, user: string, groups: readonly string[] = []) {
  const folder = await mkdtemp(join(tmpdir(), "strongroom-user-"));
  const rootKey = { type: "file", path: join(dirname(server.dataDir), "root.key") } as const;
  const request = { user, groups, ttlSeconds: 600 };
  const text = await issueKubeconfig({ dataDir: server.dataDir, rootKey, host: "127.0.0.1", port: 1 }, request);
  const path = join(folder, "kubeconfig");
  await writeFile(path, text);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
