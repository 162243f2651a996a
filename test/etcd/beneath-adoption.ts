/** A real kube-apiserver comes to Strongroom with the Secrets that its cluster has, stays, and leaves with them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { restoreBackup } from "../../src/instance/backups.ts";
import { backupBytes, folderWith, key, placeOf } from "../backup/backup-place.ts";
import { run as runProgram, TestHome } from "../cli/program.ts";
import { startTestServer } from "../running-server.ts";
import { startRealApiserver } from "../support/real-apiserver.ts";
import type { RealApiserver } from "../support/real-apiserver.ts";
import { freePorts, startRealEtcd } from "../support/real-etcd.ts";
import { allowCluster, clusterFiles, startBeneath } from "./beneath-cluster.ts";

const secrets = "/api/v1/namespaces/default/secrets";
/** `ADOPT_SECRETS=10000` takes some minutes. */
const secretsCount = Number(process.env["ADOPT_SECRETS"] ?? 300);

interface SecretList {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly uid: string };
    readonly data?: Readonly<Record<string, string>>;
  }[];
}

/** What the cluster has, without revisions. */
async function contentOf(cluster: RealApiserver, query = "") {
  const { items, metadata } = (await cluster.call("GET", `${secrets}${query}`)) as SecretList;
  const content = items.map(({ metadata: { name, uid }, data }) => [name, uid, data?.["value"]]);
  return { content, resourceVersion: Number(metadata.resourceVersion) };
}

function secret(name: string, value: string): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name },
    data: { value: Buffer.from(value).toString("base64") },
  };
}

async function createMany(cluster: RealApiserver): Promise<void> {
  const names = Array.from({ length: secretsCount }, (_, index) => `s-${String(index).padStart(5, "0")}`);
  for (let index = 0; index < names.length; index += 32) {
    const some = names.slice(index, index + 32);
    await Promise.all(some.map((name) => cluster.call("POST", secrets, secret(name, `of ${name}`))));
  }
}

export function adoptionOfApiserver(): void {
  test(
    "A kube-apiserver comes with its Secrets, goes on with them, and leaves with them",
    { timeout: 280_000 },
    async () => {
      await using etcd = await startRealEtcd();
      await using files = await clusterFiles();
      using home = new TestHome();
      const prod = {
        name: "prod",
        prefix: "/registry",
        namespacePrefix: "",
        clientAuthoritiesFile: files.authoritiesFile,
      };
      await using server = await startTestServer({ etcd: { host: "127.0.0.1", port: 0, clusters: [prod] } });
      await allowCluster(server.call);
      const { ca } = server.credentials;
      const access = ["--cacert", await files.trust(ca), "--cert", files.cert, "--key", files.key];
      const between = ["--etcd", etcd.url, "--strongroom", server.etcdUrl, "--cluster", "prod", ...access];
      const strongroom = async (...args: readonly string[]) => {
        const ran = await runProgram(home, ...args, ...between);
        assert.equal(ran.code, 0, ran.stdout + ran.stderr);
        return ran.stdout;
      };

      let before: Awaited<ReturnType<typeof contentOf>>;
      {
        await using cluster = await startRealApiserver([], etcd);
        await createMany(cluster);
        await strongroom("adopt");
        // The cluster goes on; the last run follows.
        await cluster.call("PUT", `${secrets}/s-00001`, secret("s-00001", "changed since"));
        await cluster.call("DELETE", `${secrets}/s-00002`);
        before = await contentOf(cluster);
      }
      assert.match(await strongroom("adopt"), /^0 new, 1 changed, 1 removed/);

      let during: Awaited<ReturnType<typeof contentOf>>;
      {
        await using cluster = await startBeneath(server.etcdUrl, files, ca, etcd);
        const came = await contentOf(cluster);
        assert.deepEqual(came.content, before.content);
        assert.ok(came.resourceVersion > before.resourceVersion);
        await cluster.call("POST", secrets, secret("made-here", "new"));
        await cluster.call("PUT", `${secrets}/s-00003`, secret("s-00003", "changed here"));
        await cluster.call("DELETE", `${secrets}/s-00004`);
        during = await contentOf(cluster);
        assert.equal(await etcd.etcdctl("get", "/registry/secrets/default/made-here"), "");
      }
      const left = await strongroom("leave", "--delete-extra");
      assert.match(left, /^2 written to the etcd, 1 deleted from it/);
      await using cluster = await startRealApiserver([], etcd);
      assert.deepEqual((await contentOf(cluster)).content, during.content);
    },
  );

  test(
    "A kube-apiserver goes on, with what a backup has, when Strongroom is restored from it",
    { timeout: 280_000 },
    async () => {
      await using files = await clusterFiles();
      const [port = 0] = await freePorts(1);
      const prod = {
        name: "prod",
        prefix: "/registry",
        namespacePrefix: "",
        clientAuthoritiesFile: files.authoritiesFile,
      };
      const etcd = { host: "127.0.0.1", port, clusters: [prod] };
      await using server = await startTestServer({ etcd });
      await allowCluster(server.call);
      await using cluster = await startBeneath(server.etcdUrl, files, server.credentials.ca);
      await cluster.call("POST", secrets, secret("before", "1"));
      const saved = await contentOf(cluster);
      const whole = await backupBytes(placeOf(server));
      await cluster.call("POST", secrets, secret("after", "1"));
      await cluster.call("PUT", `${secrets}/before`, secret("before", "2"));
      await server.stop();
      await using copied = await folderWith(whole);
      await restoreBackup(copied.place, { file: copied.read(), key });
      await using _restored = await startTestServer({ dataDir: copied.folder, etcd });
      // From its cache too, as soon as it has noticed.
      for (;;) {
        const cached = await contentOf(cluster, "?resourceVersion=0").catch(() => undefined);
        if (cached !== undefined && cached.resourceVersion > 1_000_000_000) {
          assert.deepEqual(cached.content, saved.content);
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await cluster.call("PUT", `${secrets}/before`, secret("before", "3"));
      assert.notDeepEqual((await contentOf(cluster)).content, saved.content);
    },
  );

  test("Without Strongroom a cluster has no Secrets, and everything else", { timeout: 280_000 }, async () => {
    await using files = await clusterFiles();
    const prod = {
      name: "prod",
      prefix: "/registry",
      namespacePrefix: "",
      clientAuthoritiesFile: files.authoritiesFile,
    };
    await using server = await startTestServer({ etcd: { host: "127.0.0.1", port: 0, clusters: [prod] } });
    await allowCluster(server.call);
    await using cluster = await startBeneath(server.etcdUrl, files, server.credentials.ca);
    await cluster.call("POST", secrets, secret("a", "1"));
    await server.stop();
    await assert.rejects(cluster.call("POST", secrets, secret("b", "1")));
    const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "goes-on" } };
    await cluster.call("POST", "/api/v1/namespaces/default/configmaps", map);
    await assert.rejects(cluster.call("GET", "/readyz"), /etcd/);
  });
}
