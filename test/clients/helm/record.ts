/**
 * Records what a real helm asks:
 *
 *   HELM=/path/of/helm node test/clients/helm/record.ts
 *
 * adds its version to test/clients/helm/recorded.json.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startTestServer } from "../../running-server.ts";
import { formatRecording, renewed } from "../recording/recording-file.ts";
import type { Session } from "../recording/recording-file.ts";
import { startRecorder } from "../recording/recorder.ts";
import { Helm, findHelm } from "./helm.ts";
import { releaseSteps } from "./steps.ts";
import type { HelmBinary } from "./helm.ts";

const file = new URL("recorded.json", import.meta.url);
const binary = findHelm();
if (binary === undefined) throw new Error("no helm: name one in the variable HELM");

const sessions = new Map([[`helm ${binary.version}`, await record(binary)]]);
await writeFile(file, formatRecording(renewed(file, sessions)));

async function record(helmBinary: HelmBinary): Promise<Session> {
  await using server = await startTestServer();
  await using recorder = await startRecorder(server);
  const kubeconfig = join(server.dataDir, "recorder.kubeconfig");
  await writeFile(kubeconfig, recorder.kubeconfig);
  await using helm = await Helm.for(helmBinary, kubeconfig);
  const session: Session = [];
  for (const step of releaseSteps) {
    await helm.step(step);
    session.push({ title: `helm ${step.args.join(" ")}`, exchanges: await recorder.take() });
  }
  return session;
}
