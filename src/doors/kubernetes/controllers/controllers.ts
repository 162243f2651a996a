/** The controllers of this door, each with the user it writes as. */
import { controllerAuthorizer } from "../../../access/controller-authorizer.ts";
import type { AuditSink } from "../../../audit/audit-event.ts";
import type { OwnerIndex } from "../../../core/owners/owner-index.ts";
import type { Admission } from "../../../gate/admission.ts";
import { Gate } from "../../../gate/gate.ts";
import type { TokenIssuer } from "../../../identity/tokens/token-issuer.ts";
import type { User } from "../../../identity/user.ts";
import type { UsedSecret } from "../authentication/open-authentication.ts";
import type { Kind } from "../kinds/kind.ts";
import { clusterRoleKind } from "../kinds/role.ts";
import { secretKind } from "../kinds/secret.ts";
import { secretLinkKind } from "../kinds/secret-link.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import { cutVersionsControllerName } from "./cut-versions.ts";
import type { CutVersions } from "./cut-versions.ts";
import { GarbageCollector, garbageCollectorName } from "./garbage-collector/garbage-collector.ts";
import { storedOwnerFacts } from "./garbage-collector/stored-owner-facts.ts";
import { completeNamespaces, rootCaPublisherName, serviceAccountControllerName } from "./namespace-objects.ts";
import { namespaceControllerName, terminateNamespaces } from "./namespace-termination.ts";
import { resourceQuotaControllerName, showQuotas } from "./quota-status.ts";
import { aggregateRoles, roleAggregationName } from "./role-aggregation.ts";
import type { LinkPlace } from "./secret-links/follow-links.ts";
import { linkAuthorizer, linkUser } from "./secret-links/link-user.ts";
import { linkingStorage } from "./secret-links/linked-secret.ts";
import { keepLinks, secretLinkControllerName } from "./secret-links/secret-links.ts";
import { SystemClient, controllerUser, serverUser } from "./system-client.ts";
import { tokensControllerName } from "./token-secrets/account-tokens.ts";
import { tokenCleanerName } from "./token-secrets/bootstrap-cleaner.ts";
import { keepTokenSecrets } from "./token-secrets/token-secrets.ts";
import type { Timers, WorkQueue } from "./work-queue.ts";

export interface ControllersOptions {
  readonly audit: AuditSink;
  readonly admission: Admission;
  readonly kinds: readonly Kind[];
  readonly storage: (kind: Kind) => KindStorage;
  readonly index: OwnerIndex;
  /** The certificate of the authority that clients verify the server by. */
  readonly caPem: string;
  /** Makes tokens of accounts, and says whose secrets' tokens were used. */
  readonly tokens: { readonly issuer: TokenIssuer; readonly used: WorkQueue<UsedSecret> };
  /** Notes of versions that went before their time. */
  readonly cutVersions: CutVersions;
  readonly timers: Timers;
  readonly now: () => Date;
  readonly uuid: () => string;
  readonly randomBytes: (size: number) => Buffer;
  /** A step failed and will be tried again; `object` names what it was for. */
  readonly onError: (message: string, error: unknown, object: string) => void;
}

const users = [
  cutVersionsControllerName,
  garbageCollectorName,
  namespaceControllerName,
  resourceQuotaControllerName,
  roleAggregationName,
  rootCaPublisherName,
  secretLinkControllerName,
  serviceAccountControllerName,
  tokenCleanerName,
  tokensControllerName,
].map(controllerUser);

/** Starts all controllers; disposing stops them after what is being written. */
export function startControllers(options: ControllersOptions): AsyncDisposable {
  const { audit, admission, kinds, storage, index, timers, now, uuid, randomBytes, onError } = options;
  // Its own gate: what these users may do is for whoever holds this gate, not for whoever has a certificate with the name.
  const authorizer = controllerAuthorizer([...users, serverUser].map((user) => user.name));
  const gate = new Gate({ audit, admission, now, uuid, authorizer });
  const clientOf = (user: User, fieldManager?: string) =>
    new SystemClient({ gate, storage, now, uuid, randomBytes, fieldManager }, user);
  const client = (name: string, fieldManager?: string) => clientOf(controllerUser(name), fieldManager);
  const report = (message: string) => (error: unknown, object: string) => onError(message, error, object);

  const stop = new AbortController();
  const collector = new GarbageCollector({
    index,
    owners: storedOwnerFacts(kinds, storage),
    kinds,
    storage,
    client: client(garbageCollectorName),
    timers,
    onError: report("Garbage collection failed"),
  });
  const termination = {
    kinds: kinds.filter((kind) => kind.namespaced),
    storage,
    client: client(namespaceControllerName),
    now,
    onError: report("Namespace termination failed"),
  };
  const completion = {
    storage,
    accounts: client(serviceAccountControllerName),
    publisher: client(rootCaPublisherName),
    server: clientOf(serverUser),
    caPem: options.caPem,
    timers,
    onError: report("Completion of a namespace failed"),
  };
  const aggregation = {
    roles: storage(clusterRoleKind),
    client: client(roleAggregationName, roleAggregationName),
    timers,
    onError: report("Aggregation of roles failed"),
  };
  const quotas = {
    kinds,
    storage,
    client: client(resourceQuotaControllerName),
    timers,
    onError: report("The use of a quota could not be shown"),
  };
  const tokenSecrets = {
    storage,
    ...options.tokens,
    client: client(tokensControllerName),
    cleaner: client(tokenCleanerName),
    caPem: options.caPem,
    timers,
    now,
    onError: report("A secret with a token could not be kept as it should be"),
  };
  const secretLinks = {
    links: storage(secretLinkKind),
    secrets: storage(secretKind),
    client: client(secretLinkControllerName),
    clientOf: linkClients(options),
    timers,
    onError: report("A secret could not be linked"),
  };
  const onEventError = report("An Event about versions that went could not be written");
  options.cutVersions.tell(client(cutVersionsControllerName, cutVersionsControllerName), now, onEventError);
  const running = Promise.all([
    collector.run(),
    terminateNamespaces(termination, stop.signal),
    completeNamespaces(completion, stop.signal),
    aggregateRoles(aggregation, stop.signal),
    showQuotas(quotas, stop.signal),
    keepTokenSecrets(tokenSecrets, stop.signal),
    keepLinks(secretLinks, stop.signal),
  ]).catch((error: unknown) => onError("A controller stopped", error, ""));
  return {
    async [Symbol.asyncDispose]() {
      collector.stop();
      stop.abort();
      await running;
    },
  };
}

/** Each link writes as itself, secrets and nothing else, and what it writes is marked. */
function linkClients({ audit, admission, storage, now, uuid, randomBytes }: ControllersOptions) {
  const gate = new Gate({ audit, admission, now, uuid, authorizer: linkAuthorizer });
  const secrets = linkingStorage(storage(secretKind));
  const facts = { gate, storage: () => secrets, now, uuid, randomBytes, fieldManager: secretLinkControllerName };
  return (link: LinkPlace) => new SystemClient(facts, linkUser(link));
}
