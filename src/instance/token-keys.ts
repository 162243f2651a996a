/** The keys of tokens, shown and changed by whoever may open the data directory; changes are on record. */
import { randomUUID } from "node:crypto";
import type { AuditSink } from "../audit/audit-event.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { tokenAlgorithms } from "../identity/tokens/token-key.ts";
import type { TokenAlgorithm } from "../identity/tokens/token-key.ts";
import type { TokenKeyRing, TokenKeyState } from "../identity/tokens/token-key-ring.ts";
import { hostAdministratorName } from "./audited-issuance.ts";

export type TokenKeysRequest =
  | { readonly action: "list" }
  | { readonly action: "rotate"; readonly algorithm: TokenAlgorithm }
  | { readonly action: "remove"; readonly kid: string };

export type ManageTokenKeys = (request: TokenKeysRequest) => Promise<TokenKeyState[]>;

/** Raises `invalid` for what is no such request. */
export function readTokenKeysRequest(asked: unknown): TokenKeysRequest {
  const { action, algorithm, kid } = Object(asked) as { action?: unknown; algorithm?: unknown; kid?: unknown }; // checked next
  const known = tokenAlgorithms.find((name) => name === algorithm);
  if (action === "list") return { action };
  if (action === "rotate" && known !== undefined) return { action, algorithm: known };
  if (action === "remove" && typeof kid === "string") return { action, kid };
  throw new StrongroomError("invalid", "the request must be to list keys, to add one or to remove one");
}

/** As the ring does; a change is told of only when its record is durable. */
export function auditedTokenKeys(ring: TokenKeyRing, audit: AuditSink): ManageTokenKeys {
  return async (request) => {
    if (request.action === "list") return ring.states();
    const receivedAt = new Date();
    const record = (code: number, name: string) => audit.write(keyEvent(request, { receivedAt, code, name }));
    let states: TokenKeyState[];
    try {
      states = await (request.action === "rotate" ? ring.rotate(request.algorithm) : ring.remove(request.kid));
    } catch (error) {
      await record(400, "");
      throw error;
    }
    await record(200, request.action === "rotate" ? (states.at(-1)?.kid ?? "") : request.kid);
    return states;
  };
}

function keyEvent(
  request: Exclude<TokenKeysRequest, { action: "list" }>,
  facts: { readonly receivedAt: Date; readonly code: number; readonly name: string },
): Parameters<AuditSink["write"]>[0] {
  const microseconds = (time: Date) => `${time.toISOString().slice(0, -1)}000Z`;
  return {
    auditID: randomUUID(),
    stage: "ResponseComplete",
    door: "control-socket",
    verb: request.action === "rotate" ? "create" : "delete",
    requestURI: "/token-keys",
    user: { username: hostAdministratorName, groups: [] },
    sourceIPs: [],
    userAgent: "",
    objectRef: { apiGroup: "strongroom.dev", apiVersion: "v1alpha1", resource: "tokenkeys", name: facts.name },
    responseStatus: { code: facts.code },
    requestReceivedTimestamp: microseconds(facts.receivedAt),
    stageTimestamp: microseconds(new Date()),
  };
}
