/** The thread that keeps a live graph: builds and answers never hold the server's own thread. */
import { parentPort, workerData } from "node:worker_threads";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { ClusterOrigin } from "../facts/fact-set.ts";
import { GraphKeeper } from "./graph-keeper.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

const keeper = new GraphKeeper(workerData as ClusterOrigin); // what worker-client.ts gives

parentPort?.on("message", (message: ToWorker) => {
  if (message.type === "states") return keeper.take(message.states);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- of threads, not of windows
  parentPort?.postMessage(answered(message));
});

function answered({ id, question }: Extract<ToWorker, { type: "ask" }>): FromWorker {
  try {
    return { type: "answer", id, answer: keeper.answer(question) };
  } catch (error) {
    const code = error instanceof StrongroomError ? error.code : undefined;
    return { type: "refused", id, code, message: error instanceof Error ? error.message : String(error) };
  }
}
