/** Clients that have nothing but a token. */
import assert from "node:assert/strict";
import { connectWith } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import type { UserClient } from "./user-client.ts";

/** A client whose requests carry the token, and no certificate. */
export function tokenClient(server: TestServer, token: string): UserClient {
  const call = connectWith(server.url, { ca: server.credentials.ca });
  return (method, path, { headers, ...rest } = {}) =>
    call(method, path, { ...rest, headers: { Authorization: `Bearer ${token}`, ...headers } });
}

/** A token of an account in the namespace default. */
export async function tokenOf(server: TestServer, account: string, spec: object = {}): Promise<string> {
  const path = `/api/v1/namespaces/default/serviceaccounts/${account}/token`;
  const answer = await server.call("POST", path, { body: { spec } });
  assert.equal(answer.status, 201, answer.text);
  return answer.json.status.token;
}
