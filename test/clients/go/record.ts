/**
 * Records what client-go asks in each task that is repeatable:
 *
 *   node test/clients/go/record.ts
 *
 * writes test/clients/go/recorded.json. Needs Go and its modules.
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createNamespace } from "../../support/api-objects.ts";
import { startTestServer } from "../../running-server.ts";
import { formatRecording, renewed } from "../recording/recording-file.ts";
import type { Session } from "../recording/recording-file.ts";
import { startRecorder } from "../recording/recorder.ts";
import { Follower, buildPeer, runTask } from "./peer.ts";
import { peerTasks } from "./tasks.ts";

const built = await buildPeer();
if (typeof built === "string") throw new Error(built);
await using peer = built;

const session = [...(await recordTasks()), ...(await recordInformers())];
const file = new URL("recorded.json", import.meta.url);
await writeFile(file, formatRecording(renewed(file, new Map([[await moduleVersion(), session]]))));

async function recordTasks(): Promise<Session> {
  const session: Session = [];
  for (const { arguments: task, prints, repeatable } of peerTasks) {
    if (!repeatable) continue;
    session.push(
      await recorded(task.join(" in "), async (kubeconfig) => {
        assert.deepEqual(await runTask(peer.program, kubeconfig, ...task), prints);
      }),
    );
  }
  return session;
}

/** The first requests of each informer, up to the state that it begins with. */
async function recordInformers(): Promise<Session> {
  const session: Session = [];
  for (const watchList of [false, true]) {
    for (const task of ["informer json", "informer protobuf", "metadata-informer protobuf"]) {
      session.push(
        await recorded(`${task}, ${watchList ? "with" : "without"} watch-list`, async (kubeconfig) => {
          const environment = { KUBE_FEATURE_WatchListClient: String(watchList) };
          await using follower = new Follower(peer.program, [kubeconfig, ...task.split(" ")], environment);
          while (!(await follower.next()).startsWith("synced"));
        }),
      );
    }
  }
  return session;
}

/** One task on a server of its own, which has one namespace more than a new one. */
async function recorded(title: string, run: (kubeconfig: string) => Promise<void>): Promise<Session[number]> {
  await using server = await startTestServer();
  await createNamespace(server, "go");
  await using recorder = await startRecorder(server);
  const kubeconfig = join(server.dataDir, "recorder.kubeconfig");
  await writeFile(kubeconfig, recorder.kubeconfig);
  await run(kubeconfig);
  return { title, exchanges: await recorder.take() };
}

async function moduleVersion(): Promise<string> {
  const text = await readFile(new URL("go.mod", import.meta.url), "utf8");
  return `client-go ${/client-go v(\S+)/.exec(text)?.[1] ?? ""}`;
}
