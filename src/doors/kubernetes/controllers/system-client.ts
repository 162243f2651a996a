/**
 * How a controller inside the server changes objects: by the same verbs, through
 * the same gate and with the same record as a client outside of it - as one of the
 * users that a cluster's controllers have.
 */
import { authenticatedGroup, superAdminGroup } from "../../../identity/user.ts";
import type { User } from "../../../identity/user.ts";
import type { Gate, GateContext, GateRequest } from "../../../gate/gate.ts";
import { toApiError } from "../api-error.ts";
import { trackUpdate } from "../apply/field-manager.ts";
import type { JsonObject } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import type { ResourceRequest } from "../request-info.ts";
import { apiVersionOf } from "../response/encode-object.ts";
import type { KindStorage, StoredObject } from "../storage/kind-storage.ts";
import type { DeleteOptions } from "../validation/options.ts";
import { changeObject } from "../verbs/change-object.ts";
import type { Change } from "../verbs/change-object.ts";
import { createTree } from "../verbs/create.ts";
import { deleteNamed } from "../verbs/delete.ts";
import type { Deleted } from "../verbs/delete.ts";
import { fieldWrite, trackCreate } from "../verbs/field-tracking.ts";
import type { VerbContext } from "../verbs/verb-context.ts";

export interface SystemClientOptions {
  /** Allows the controllers what they do; requests from outside pass another one. */
  readonly gate: Gate;
  readonly storage: (kind: Kind) => KindStorage;
  readonly now: () => Date;
  readonly uuid: () => string;
  readonly randomBytes: (size: number) => Buffer;
  /** Its manager in managedFields; default: that of most of a cluster's controllers. */
  readonly fieldManager?: string | undefined;
}

/** Names an object of a kind; `namespace` is "" for kinds outside of namespaces. */
export interface ObjectPlace {
  readonly namespace: string;
  readonly name: string;
}

/** The user that the controller of this name is in a cluster. */
export function controllerUser(name: string): User {
  return {
    name: `system:serviceaccount:kube-system:${name}`,
    uid: undefined,
    groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", authenticatedGroup],
    extra: new Map(),
  };
}

/** The user that a cluster's API server itself is. */
export const serverUser: User = {
  name: "system:apiserver",
  uid: undefined,
  groups: [superAdminGroup, authenticatedGroup],
  extra: new Map(),
};

export class SystemClient {
  readonly #options: SystemClientOptions;
  readonly #user: User;

  constructor(options: SystemClientOptions, user: User) {
    this.#options = options;
    this.#user = user;
  }

  /** As DELETE. Raises ApiError. */
  delete(kind: Kind, place: ObjectPlace, options: DeleteOptions): Promise<Deleted> {
    return this.#run({ kind, place, verb: "delete" }, (context) => deleteNamed(context, place.name, options));
  }

  /** As PATCH: `next` makes the new state from the stored one, again after a lost race. Raises ApiError. */
  change(kind: Kind, place: ObjectPlace, next: (previous: StoredObject) => JsonObject): Promise<StoredObject> {
    return this.#run({ kind, place, verb: "patch" }, (context) => changeObject(context, this.#changeBy(context, next)));
  }

  /** As PUT of a subresource. Raises ApiError. */
  changeSubresource(
    kind: Kind,
    place: ObjectPlace & { readonly subresource: string },
    next: (previous: StoredObject) => JsonObject,
  ): Promise<StoredObject> {
    return this.#run({ kind, place, verb: "update" }, (context) =>
      changeObject(context, this.#changeBy(context, next)),
    );
  }

  /** As POST of a tree, which is completed in place. Raises ApiError. */
  create(kind: Kind, namespace: string, tree: JsonObject): Promise<StoredObject> {
    kind.internalize?.(tree);
    if (kind.namespaced) ownMetadata(tree)["namespace"] = namespace;
    return this.#run({ kind, place: { namespace, name: "" }, verb: "create" }, (context) =>
      createTree(context, tree, {
        dryRun: false,
        track: trackCreate(context, this.#fieldManager, tree),
      }),
    );
  }

  #changeBy(context: SystemContext, next: (previous: StoredObject) => JsonObject): Change {
    return {
      next,
      dryRun: false,
      strategy: context.strategy,
      track: (object, previous) => trackUpdate(fieldWrite(context, this.#fieldManager), previous, object),
    };
  }

  get #fieldManager(): string {
    return this.#options.fieldManager ?? fieldManagerDefault;
  }

  #run<T>(request: SystemRequest, action: (context: SystemContext) => Promise<T>): Promise<T> {
    return this.#options.gate.run(this.#gateRequest(request), async (gate) => {
      return { answer: await action(this.#context(request, gate)), code: 200 };
    });
  }

  #gateRequest(request: SystemRequest): GateRequest {
    return {
      auditId: this.#options.uuid(),
      door: "kubernetes",
      verb: request.verb,
      uri: pathOf(request),
      sourceIPs: [],
      userAgent,
      receivedAt: this.#options.now(),
      resource: targetOf(request),
      path: undefined,
      authenticate: async () => this.#user,
      describeError: (error) => {
        const { code, reason } = toApiError(error);
        return { code, reason };
      },
    };
  }

  #context(request: SystemRequest, gate: GateContext): SystemContext {
    const { kind, place } = request;
    const { storage, now, uuid, randomBytes } = this.#options;
    const subresource = kind.subresources.find(({ name }) => name === place.subresource);
    return {
      kind,
      storage: storage(kind),
      target: targetOf(request),
      strategy: subresource?.strategy ?? kind.strategy,
      query: new URLSearchParams(),
      format: {
        media: "application/json",
        view: "object",
        viewVersion: "v1",
        pretty: false,
        includeObject: "None",
      },
      gate,
      withholds: false,
      withheld: false,
      userAgent,
      contentType: "",
      body: async () => Buffer.alloc(0),
      now,
      uuid,
      randomBytes,
      warn: () => {}, // nobody reads the answer's headers
      end: { hasCome: () => false, onCome: () => () => undefined }, // no client who could go
    };
  }
}

const userAgent = "strongroom";
/** The manager that a cluster's controllers are in managedFields: tools that pass over its fields know it by this name. */
const fieldManagerDefault = "kube-controller-manager";

interface SystemRequest {
  readonly kind: Kind;
  readonly place: ObjectPlace & { readonly subresource?: string };
  readonly verb: "create" | "delete" | "patch" | "update";
}

type SystemContext = VerbContext & { readonly strategy: Kind["strategy"] };

function targetOf({ kind, place }: SystemRequest): ResourceRequest {
  const { namespace, name, subresource = "" } = place;
  return {
    apiGroup: kind.group,
    apiVersion: kind.version,
    namespace: kind.namespaced ? namespace : "",
    resource: kind.resource,
    subresource,
    name,
  };
}

/** The path of the request that a client outside would send. */
function pathOf({ kind, place }: SystemRequest): string {
  const root = kind.group === "" ? "/api" : "/apis";
  const namespace = kind.namespaced ? ["namespaces", place.namespace] : [];
  const parts = [apiVersionOf(kind), ...namespace, kind.resource, place.name, place.subresource ?? ""];
  return [root, ...parts.filter((part) => part !== "")].join("/");
}
