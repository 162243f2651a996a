/**
 * Records what a kube-apiserver answers about the policies of oracle-policy.ts:
 *
 *     KUBE_APISERVER=/path/of/kube-apiserver node test/sight/record-oracle.ts
 *
 * with etcd on the PATH, or named in ETCD. A difference to what was recorded before is to be read.
 */
import { writeFileSync } from "node:fs";
import { callerOf } from "../running-server.ts";
import { startKubeApiserver } from "./kube-apiserver.ts";
import { askServer } from "./oracle-agreement.ts";
import { oracleSeeds, recordedPath, writeAnswers } from "./recorded-oracle.ts";

const program = process.env["KUBE_APISERVER"];
if (program === undefined) throw new Error("KUBE_APISERVER must name a kube-apiserver");
await using server = await startKubeApiserver(program, process.env["ETCD"]);
const { call, close } = callerOf(server.url, server.credentials);
const version = (await call("GET", "/version")).json.gitVersion as string;
const policies: Record<string, string> = {};
for (const seed of oracleSeeds) policies[seed] = writeAnswers((await askServer(call, seed)).answers);
close();
writeFileSync(recordedPath, `${JSON.stringify({ version, policies }, undefined, 2)}\n`);
