/**
 * Records what every kubectl on this machine asks for each command of the table:
 *
 *   node test/kubectl/record.ts
 *
 * writes test/kubectl/recorded.json, where other versions stay as they were. Put further versions on the PATH, named
 * kubectl.1.N. The commands run against this server and their output is checked, as
 * in the tests; what is kept is what recorded.test.ts sends again where there is no
 * such kubectl.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startRecorder } from "../clients/recording/recorder.ts";
import { formatRecording, renewed } from "../clients/recording/recording-file.ts";
import type { Session } from "../clients/recording/recording-file.ts";
import { startTestServer } from "../running-server.ts";
import { commands } from "./commands.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl.ts";
import { commandsFor, runCommand, titleOf } from "./run-command.ts";

const file = new URL("recorded.json", import.meta.url);
const sessions = new Map<string, Session>();
for (const binary of findKubectls()) {
  sessions.set(`1.${binary.minor}`, await record(binary));
  console.log(`recorded ${binary.version}`);
}
await writeFile(file, formatRecording(renewed(file, sessions)));

async function record(binary: KubectlBinary): Promise<Session> {
  await using server = await startTestServer();
  await using recorder = await startRecorder(server);
  const kubeconfig = join(server.dataDir, "recorder.kubeconfig");
  await writeFile(kubeconfig, recorder.kubeconfig);
  await using kubectl = await Kubectl.for(binary, { kubeconfig });
  const session: Session = [];
  for (const command of commandsFor(commands, binary.minor)) {
    await runCommand({ kubectl, server }, command);
    session.push({ title: titleOf(command), exchanges: await recorder.take() });
  }
  return session;
}
