/** What the authorizer is asked of a request. */
import type { Attributes } from "../access/authorizer.ts";
import type { User } from "../identity/user.ts";
import type { GateRequest } from "./gate.ts";

export function attributesOf(request: GateRequest, user: User): Attributes {
  const { verb, resource, path } = request;
  return { user, verb, resource, path, origin: originOf(request) };
}

/** The last address is that of whoever is connected. */
export function originOf({ door, sourceIPs }: GateRequest): NonNullable<Attributes["origin"]> {
  return { door, sourceAddress: sourceIPs.at(-1) ?? "" };
}
