/**
 * The columns of pods.
 *
 * Source: k/k pkg/printers/internalversion/printers.go (printPod).
 */
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import { metadataOf, numberField, objectField, objectsField, stringField } from "../validation/object-fields.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import { humanDuration } from "./human-duration.ts";
import type { Column } from "./kind.ts";

function column(name: string, description: string, priority: 0 | 1, cell: Column["cell"]): Column {
  return { name, type: "string", format: "", description, priority, cell };
}

/** NAME, READY, STATUS, RESTARTS, AGE, and with `-o wide` where the pod is. */
export const podColumns: readonly Column[] = [
  nameColumn,
  column("Ready", "How many of the containers are ready.", 0, (pod) => {
    const { ready, total } = summaryOf(pod);
    return `${ready}/${total}`;
  }),
  column("Status", "What the pod is doing, in one word.", 0, (pod) => summaryOf(pod).reason),
  column("Restarts", "How often containers were restarted, and when the last time.", 0, restartsCell),
  ageColumn,
  column("IP", "Address of the pod.", 1, (pod) => {
    const [first] = objectsField(objectField(pod, "status"), "podIPs");
    return (first === undefined ? "" : stringField(first, "ip")) || "<none>";
  }),
  column(
    "Node",
    "Node the pod is bound to.",
    1,
    (pod) => stringField(objectField(pod, "spec"), "nodeName") || "<none>",
  ),
  column(
    "Nominated Node",
    "Node that is being made free for the pod.",
    1,
    (pod) => stringField(objectField(pod, "status"), "nominatedNodeName") || "<none>",
  ),
  column("Readiness Gates", "How many of the conditions for readiness hold.", 1, gatesCell),
];

interface Summary {
  reason: string;
  ready: number;
  total: number;
  restarts: number;
  /** Milliseconds since the epoch; 0 for never. */
  lastRestartMs: number;
}

/** The pod's containers in one line. */
function summaryOf(pod: JsonObject): Summary {
  const [spec, status] = [objectField(pod, "spec"), objectField(pod, "status")];
  const sidecars = new Set(
    objectsField(spec, "initContainers")
      .filter((container) => container["restartPolicy"] === "Always")
      .map((container) => stringField(container, "name")),
  );
  const summary: Summary = {
    reason: stringField(status, "reason") || stringField(status, "phase"),
    ready: 0,
    total: objectsField(spec, "containers").length + sidecars.size,
    restarts: 0,
    lastRestartMs: 0,
  };
  const conditions = objectsField(status, "conditions");
  if (conditions.some(({ type, reason }) => type === "PodScheduled" && reason === "SchedulingGated")) {
    summary.reason = "SchedulingGated";
  }
  const ofSidecars = { restarts: 0, lastRestartMs: 0 };
  const initializing = summarizeInit(summary, ofSidecars, pod, sidecars);
  const initialized = conditions.find(({ type }) => type === "Initialized")?.["status"] === "True";
  if (!initializing || initialized) summarizeContainers(Object.assign(summary, ofSidecars), status);
  if (stringField(metadataOf(pod), "deletionTimestamp") !== "") summary.reason = deletionReason(status, summary.reason);
  return summary;
}

/** Goes through the init containers up to the first that is not done; returns whether there is one. */
function summarizeInit(
  summary: Summary,
  ofSidecars: Pick<Summary, "restarts" | "lastRestartMs">,
  pod: JsonObject,
  sidecars: ReadonlySet<string>,
): boolean {
  const statuses = objectsField(objectField(pod, "status"), "initContainerStatuses");
  for (const [index, container] of statuses.entries()) {
    const isSidecar = sidecars.has(stringField(container, "name"));
    addRestarts(summary, container);
    if (isSidecar) addRestarts(ofSidecars, container);
    const { terminated, waiting } = stateOf(container);
    if (terminated !== undefined && numberField(terminated, "exitCode") === 0) continue;
    if (isSidecar && container["started"] === true) {
      if (container["ready"] === true) summary.ready++;
      continue;
    }
    const waitingFor = waiting === undefined ? "" : stringField(waiting, "reason");
    const count = objectsField(objectField(pod, "spec"), "initContainers").length;
    if (terminated !== undefined) summary.reason = `Init:${terminationReason(terminated)}`;
    else if (waitingFor !== "" && waitingFor !== "PodInitializing") summary.reason = `Init:${waitingFor}`;
    else summary.reason = `Init:${index}/${count}`;
    return true;
  }
  return false;
}

function summarizeContainers(summary: Summary, status: Readonly<JsonObject>): void {
  let running = false;
  for (const container of objectsField(status, "containerStatuses").toReversed()) {
    addRestarts(summary, container);
    const state = stateOf(container);
    const waitingFor = state.waiting === undefined ? "" : stringField(state.waiting, "reason");
    if (waitingFor !== "") summary.reason = waitingFor;
    else if (state.terminated !== undefined) summary.reason = terminationReason(state.terminated);
    else if (container["ready"] === true && state.running !== undefined) {
      running = true;
      summary.ready++;
    }
  }
  if (summary.reason !== "Completed" || !running) return;
  const conditions = objectsField(status, "conditions");
  const ready = conditions.some((condition) => condition["type"] === "Ready" && condition["status"] === "True");
  summary.reason = ready ? "Running" : "NotReady";
}

function stateOf(container: JsonObject) {
  const state = objectField(container, "state");
  const part = (name: string) => (isJsonObject(state[name]) ? objectField(state, name) : undefined);
  return { waiting: part("waiting"), running: part("running"), terminated: part("terminated") };
}

function terminationReason(terminated: Readonly<JsonObject>): string {
  const reason = stringField(terminated, "reason");
  if (reason !== "") return reason;
  const signal = numberField(terminated, "signal");
  return signal === 0 ? `ExitCode:${numberField(terminated, "exitCode")}` : `Signal:${signal}`;
}

function addRestarts(total: Pick<Summary, "restarts" | "lastRestartMs">, container: JsonObject): void {
  total.restarts += numberField(container, "restartCount");
  const finished = Date.parse(
    stringField(objectField(objectField(container, "lastState"), "terminated"), "finishedAt"),
  );
  if (finished > total.lastRestartMs) total.lastRestartMs = finished;
}

function deletionReason(status: Readonly<JsonObject>, reason: string): string {
  if (stringField(status, "reason") === "NodeLost") return "Unknown";
  return ["Failed", "Succeeded"].includes(stringField(status, "phase")) ? reason : "Terminating";
}

function restartsCell(pod: JsonObject, now: Date): string {
  const { restarts, lastRestartMs } = summaryOf(pod);
  if (restarts === 0 || lastRestartMs === 0) return String(restarts);
  return `${restarts} (${humanDuration(now.getTime() - lastRestartMs)} ago)`;
}

function gatesCell(pod: JsonObject): string {
  const gates = objectsField(objectField(pod, "spec"), "readinessGates");
  if (gates.length === 0) return "<none>";
  const conditions = objectsField(objectField(pod, "status"), "conditions");
  // Of several conditions of one type the first counts; a pod may have tens of thousands, and every list shows them.
  const statuses = new Map(conditions.toReversed().map(({ type, status }) => [type, status]));
  const holding = gates.filter((gate) => statuses.get(gate["conditionType"]) === "True");
  return `${holding.length}/${gates.length}`;
}
