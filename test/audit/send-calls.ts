/** Sends the calls one after another, each with the token of its user. */
import { Agent, request as httpsRequest } from "node:https";
import type { AuditedCall } from "./upstream-requests.ts";
import { auditedCalls } from "./upstream-requests.ts";

export interface CallTarget {
  readonly url: string;
  readonly ca: string;
  readonly tokenOf: (user: NonNullable<AuditedCall["user"]>) => string;
}

export async function sendAuditedCalls(target: CallTarget): Promise<void> {
  const agent = new Agent({ keepAlive: true, ca: target.ca });
  for (const call of auditedCalls) await send(agent, target, call);
  agent.destroy();
}

function send(agent: Agent, target: CallTarget, call: AuditedCall): Promise<void> {
  const headers = {
    "Audit-Id": call.name,
    "User-Agent": "audit-comparison",
    "Content-Type": "application/json",
    ...(call.user !== undefined && { Authorization: `Bearer ${target.tokenOf(call.user)}` }),
    ...call.headers,
  };
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      new URL(call.path, target.url),
      { method: call.method, agent, headers },
      (response) => {
        response.on("error", reject);
        response.on("end", resolve);
        response.resume();
      },
    );
    request.on("error", reject);
    request.end(call.body === undefined ? undefined : JSON.stringify(call.body));
  });
}
