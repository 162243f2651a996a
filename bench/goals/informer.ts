/** What a controller waits for at its start: an informer of a real client library that lists and then watches all secrets. */
import { runEntry, startServerProcess, Worker } from "../child-process.ts";
import type { Synced } from "../entries/informer.ts";
import { median } from "../report.ts";
import type { Section } from "../report.ts";
import { createWorkspace } from "../workspace.ts";

export async function measureInformer(quick: boolean): Promise<Section> {
  const secrets = 20_000;
  await using workspace = await createWorkspace();
  await runEntry("seed", { config: workspace.config, prefix: "informed", count: secrets, valueBytes: 1024 });
  const [server] = await startServerProcess(workspace.config);
  await using _server = server;
  const [client] = await Worker.start("informer", { kubeconfig: workspace.config.adminKubeconfig });
  await using _client = client;
  const times: number[] = [];
  for (let index = 0; index < (quick ? 2 : 5); index++) {
    const { milliseconds, objects } = await client.ask<Synced>({});
    if (objects < secrets) throw new Error(`an informer must have all ${secrets} secrets; it had ${objects}`);
    times.push(milliseconds);
  }
  return {
    name: `Informer of ${secrets.toLocaleString("en-US")} secrets of 1 KiB (@kubernetes/client-node)`,
    figures: [
      {
        name: "from its start to a complete cache and an open watch",
        value: median(times) / 1000,
        unit: "s",
        goal: { relation: "<", value: 3 },
        detail: `median of ${times.length}, the first ${((times[0] ?? 0) / 1000).toFixed(2)} s`,
      },
    ],
  };
}
