/** Requests and answers of the Kubernetes API, as the tests write them down. */
import assert from "node:assert/strict";
import type { Answer, TestServer } from "../running-server.ts";

export const secretsPath = secretsIn("default");

/** The path of the secrets of a namespace. */
export function secretsIn(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/secrets`;
}

/** A Secret with a name and whatever else is given. */
export function secret(name: string, fields: object = {}): object {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, ...fields };
}

/** Standard padded base64. */
export function base64(text: string | Buffer): string {
  return Buffer.from(text).toString("base64");
}

export const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
} as const;

/** Sends a patch of one of the types. */
export function sendPatch(
  server: TestServer,
  type: keyof typeof patchTypes,
  path: string,
  patch: object | string,
): Promise<Answer> {
  return server.call("PATCH", path, { body: patch, headers: { "Content-Type": patchTypes[type] } });
}

/** Creates an object and returns it as the server stored it. */
export async function create(server: TestServer, path: string, object: object): Promise<Answer["json"]> {
  const answer = await server.call("POST", path, { body: object });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

export async function createNamespace(server: TestServer, name: string): Promise<Answer["json"]> {
  return create(server, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
}

/** The whole body of a failure. */
export function failure(code: number, reason: string, message: string, details?: object): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    ...(reason !== "" && { reason }),
    ...(details !== undefined && { details }),
    code,
  };
}

/** Asserts status and the whole body of a failure. */
export function assertFailure(answer: Answer, code: number, reason: string, message: string, details?: object): void {
  assert.deepEqual(answer.json, failure(code, reason, message, details));
  assert.equal(answer.status, code);
  assert.equal(answer.headers["content-type"], "application/json");
}
