/** An informer of @kubernetes/client-node over all secrets: how long until its cache is complete and its watch is open. */
import { CoreV1Api, KubeConfig, makeInformer } from "@kubernetes/client-node";
import { answerMessages, entryOptions, tell } from "./entry.ts";

export interface InformerOptions {
  readonly kubeconfig: string;
}

export interface Synced {
  readonly milliseconds: number;
  readonly objects: number;
}

const config = new KubeConfig();
config.loadFromFile(entryOptions<InformerOptions>().kubeconfig);
const core = config.makeApiClient(CoreV1Api);

answerMessages(async (): Promise<Synced> => {
  const startedMs = performance.now();
  const informer = makeInformer(config, "/api/v1/secrets", () => core.listSecretForAllNamespaces());
  const connected = new Promise<void>((resolve) => informer.on("connect", () => resolve()));
  await informer.start();
  await connected;
  const milliseconds = performance.now() - startedMs;
  const objects = informer.list().length;
  await informer.stop();
  return { milliseconds, objects };
});
process.once("SIGTERM", () => process.exit(0));
tell({});
