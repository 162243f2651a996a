/** A call as the gate sees it: the right that it takes is that to secrets, the same as through every door. */
import type { GateContext, GateRequest, Gate, Outcome } from "../../gate/gate.ts";
import type { User } from "../../identity/user.ts";
import type { Place } from "./cluster-keys.ts";
import { describeEtcdError } from "./etcd-error.ts";
import type { GrpcCall } from "../../grpc/serve-grpc.ts";

export interface DoorCallOptions {
  readonly gate: Gate;
  /** Who is asking; raises `unauthenticated`. */
  readonly authenticate: (call: GrpcCall) => Promise<User>;
  readonly uuid: () => string;
}

/** What is asked for: a verb on secrets, of a namespace and name or of more. */
export interface Asked {
  readonly verb: "get" | "list" | "watch" | "create" | "update" | "delete";
  readonly namespace: string;
  readonly name: string;
}

/**
 * Of what concerns no secret in particular (status, leases, compaction, keys that have nothing to do with secrets), only
 * who may list all of them is told.
 */
export const askedOfAll: Asked = { verb: "list", namespace: "", name: "" };

/** What changes that for everybody takes the right to change all of them. */
export const changesAll: Asked = { ...askedOfAll, verb: "update" };

/** The right that a key takes. */
export function rightTo(place: Place, verb: Asked["verb"]): Asked {
  if (place.type === "secret") return { verb, namespace: place.namespace, name: place.name };
  return verb === "get" ? askedOfAll : changesAll;
}

export class DoorCalls {
  readonly #options: DoorCallOptions;

  constructor(options: DoorCallOptions) {
    this.#options = options;
  }

  /** See Gate.run. `detail` stands in the record beside the method: keys and numbers, never a value. */
  run<T>(
    call: GrpcCall,
    asked: Asked,
    detail: string,
    action: (context: GateContext) => Promise<Outcome<T>>,
  ): Promise<T> {
    return this.#options.gate.run(this.#request(call, asked, detail), action);
  }

  #request(call: GrpcCall, { verb, namespace, name }: Asked, detail: string): GateRequest {
    const { request } = call;
    return {
      auditId: this.#options.uuid(),
      door: "etcd",
      verb,
      uri: detail === "" ? call.path : `${call.path}?${detail}`,
      sourceIPs: [request.socket.remoteAddress ?? ""],
      userAgent: request.headers["user-agent"] ?? "",
      receivedAt: call.receivedAt,
      resource: { apiGroup: "", apiVersion: "v1", resource: "secrets", subresource: "", namespace, name },
      path: undefined,
      authenticate: () => this.#options.authenticate(call),
      describeError: describeEtcdError,
    };
  }
}

/** A key as it stands in a record: what is not of a URL is escaped. */
export function keyDetail(key: string, rangeEnd = ""): string {
  const shown = (text: string) => encodeURIComponent(text).replaceAll("%2F", "/");
  return rangeEnd === "" ? `key=${shown(key)}` : `key=${shown(key)}&range_end=${shown(rangeEnd)}`;
}
