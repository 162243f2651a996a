/** The history of a secret with 100 versions, and a rollback, against a GET and a PUT of it, in alternation. */
import { randomBytes } from "node:crypto";
import { callerOf } from "../../test/running-server.ts";
import { startServerProcess } from "../child-process.ts";
import { median } from "../report.ts";
import type { Section } from "../report.ts";
import { adminCredentials, createWorkspace } from "../workspace.ts";

const collection = "/api/v1/namespaces/default/secrets";
const path = `${collection}/db`;
const history = "/apis/strongroom.dev/v1/namespaces/default/secretversions?fieldSelector=secret%3Ddb";
const versions = 100;

export async function measureHistory(quick: boolean): Promise<Section> {
  await using workspace = await createWorkspace();
  const [server, url] = await startServerProcess(workspace.config);
  await using _server = server;
  const { call, close } = callerOf(url, await adminCredentials(workspace));
  const body = () => ({ metadata: { name: "db" }, data: { v: randomBytes(1024).toString("base64") } });
  const timed = async (method: string, where: string, sent?: object) => {
    const start = performance.now();
    const answer = await call(method, where, sent === undefined ? {} : { body: sent });
    const milliseconds = performance.now() - start;
    if (answer.status >= 300) throw new Error(`${method} ${where} must succeed: ${answer.text}`);
    return { milliseconds, answer };
  };
  await timed("POST", collection, body());
  for (let version = 2; version <= versions; version++) await timed("PUT", path, body());
  const times = { get: [], history: [], put: [], rollback: [] } as Record<
    "get" | "history" | "put" | "rollback",
    number[]
  >;
  for (let round = 0; round < (quick ? 100 : 400); round++) {
    times.get.push((await timed("GET", path)).milliseconds);
    const { milliseconds, answer } = await timed("GET", history);
    if (answer.json.items.length !== versions) throw new Error(`there must be ${versions} versions`);
    times.history.push(milliseconds);
  }
  for (let round = 0; round < (quick ? 50 : 100); round++) {
    times.put.push((await timed("PUT", path, body())).milliseconds);
    const toVersion = versions + 2 * round;
    const sent = { apiVersion: "strongroom.dev/v1", kind: "SecretRollback", spec: { toVersion } };
    times.rollback.push((await timed("POST", `${path}/rollback`, sent)).milliseconds);
  }
  close();
  const [getMs, historyMs, putMs, rollbackMs] = [times.get, times.history, times.put, times.rollback].map(median);
  return {
    name: `The history of a secret of 1 KiB with ${versions} versions, one connection`,
    figures: [
      {
        name: "history",
        value: (historyMs ?? 0) / (getMs ?? 1),
        unit: "x a GET",
        goal: { relation: "<=", value: 20 },
        detail: `${historyMs?.toFixed(2)} ms against ${getMs?.toFixed(2)} ms`,
      },
      {
        name: "rollback",
        value: (rollbackMs ?? 0) / (putMs ?? 1),
        unit: "x a PUT",
        detail: `${rollbackMs?.toFixed(2)} ms against ${putMs?.toFixed(2)} ms`,
      },
    ],
  };
}
