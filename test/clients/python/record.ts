/**
 * Records what the Python client asks:
 *
 *   node test/clients/python/record.ts
 *
 * writes test/clients/python/recorded.json.
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createNamespace } from "../../support/api-objects.ts";
import { startTestServer } from "../../running-server.ts";
import { formatRecording, renewed } from "../recording/recording-file.ts";
import type { Session } from "../recording/recording-file.ts";
import { startRecorder } from "../recording/recorder.ts";
import { PythonPeer, peerTasks } from "./peer.ts";

const installed = await PythonPeer.install();
if (typeof installed === "string") throw new Error(installed);
await using peer = installed;

const session: Session = [];
for (const [task, prints] of peerTasks) {
  await using server = await startTestServer();
  await createNamespace(server, "python");
  await using recorder = await startRecorder(server);
  const kubeconfig = join(server.dataDir, "recorder.kubeconfig");
  await writeFile(kubeconfig, recorder.kubeconfig);
  assert.deepEqual(await peer.run(kubeconfig, task), prints);
  session.push({ title: task, exchanges: await recorder.take() });
}
const requirements = await readFile(new URL("requirements.txt", import.meta.url), "utf8");
const file = new URL("recorded.json", import.meta.url);
const sessions = new Map([[requirements.trim().replace("==", " "), session]]);
await writeFile(file, formatRecording(renewed(file, sessions)));
