/**
 * The wiring: the one place that knows every part. Starts them in the order of
 * their dependencies and stops them in the reverse order.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { Registry, collectDefaultMetrics } from "prom-client";
import type { AuditSink } from "../audit/audit-event.ts";
import type { AuditRecords } from "../audit/index/audit-records.ts";
import { resolveIntents } from "../audit/log/resolve-intents.ts";
import { withRefusalBudget } from "../audit/refusal-budget.ts";
import { OwnerIndex } from "../core/owners/owner-index.ts";
import { keepSwept, storedSecrets } from "../core/secrets/stored-secrets.ts";
import type { StoredSecrets } from "../core/secrets/stored-secrets.ts";
import { pooledRandomBytes } from "../crypto/random-pool.ts";
import { Redacted } from "../crypto/redacted.ts";
import { custodyLimits } from "../crypto/root-key/root-key-custody.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { openAuditWebhook } from "../doors/audit-webhook/open-audit-webhook.ts";
import { isOfCluster } from "../doors/etcd/cluster-clients.ts";
import { openEtcdDoor } from "../doors/etcd/open-etcd-door.ts";
import { readBody } from "../doors/http/body.ts";
import { clientNetwork } from "../doors/http/client-address.ts";
import { ConcurrencyLimiter } from "../doors/http/concurrency-limiter.ts";
import { startListener } from "../doors/http/listener.ts";
import type { Listener } from "../doors/http/listener.ts";
import { openAccess } from "../doors/kubernetes/access/open-access.ts";
import type { OpenAccess } from "../doors/kubernetes/access/open-access.ts";
import { openAdmission } from "../doors/kubernetes/admission/open-admission.ts";
import type { OpenAdmission } from "../doors/kubernetes/admission/open-admission.ts";
import { openAuthentication } from "../doors/kubernetes/authentication/open-authentication.ts";
import type { OpenAuthentication } from "../doors/kubernetes/authentication/open-authentication.ts";
import { CutVersions } from "../doors/kubernetes/controllers/cut-versions.ts";
import { startControllers } from "../doors/kubernetes/controllers/controllers.ts";
import { ensureSystemNamespaces } from "../doors/kubernetes/controllers/system-namespaces.ts";
import { kubernetesDoor } from "../doors/kubernetes/door.ts";
import { healthChecks } from "../doors/kubernetes/health-checks.ts";
import { healthRoute } from "../doors/kubernetes/health.ts";
import { kinds, servedKinds } from "../doors/kubernetes/kinds/kinds.ts";
import { namespaceKind } from "../doors/kubernetes/kinds/namespace.ts";
import { KubernetesMetrics } from "../doors/kubernetes/metrics.ts";
import { objectFeed } from "../doors/kubernetes/object-feed.ts";
import { objectStates } from "../doors/kubernetes/object-states.ts";
import { pathRoutes } from "../doors/kubernetes/path-routes.ts";
import { describedKinds } from "../doors/kubernetes/reviews/reviews.ts";
import { servedReviews } from "../doors/kubernetes/reviews/served-reviews.ts";
import type { SightAnswers } from "../doors/kubernetes/reviews/sight-reviews.ts";
import { kindStorages } from "../doors/kubernetes/storage/kind-storages.ts";
import { secretFacts } from "../doors/kubernetes/storage/secret-facts.ts";
import { storedResources } from "../doors/kubernetes/storage/stored-resources.ts";
import { Gate } from "../gate/gate.ts";
import { TokenKeyRing } from "../identity/tokens/token-key-ring.ts";
import { writeKubeconfig } from "../identity/x509/kubeconfig.ts";
import { keptBodies } from "../instance/audit-followers.ts";
import { startAuditServices } from "../instance/audit-services.ts";
import type { AuditServices } from "../instance/audit-services.ts";
import { auditAnswers } from "../instance/audit-access.ts";
import { logReports, openInstanceAudit } from "../instance/audit-log.ts";
import { Certificates } from "../instance/certificates.ts";
import { administrator, kubeconfigIssuance } from "../instance/kubeconfig-issuance.ts";
import { encryptionAnswers } from "../instance/encryption-answers.ts";
import { openControlSocket } from "../instance/control-socket.ts";
import { openBackups } from "../instance/server-backups.ts";
import { recordSealChange } from "../instance/seal-record.ts";
import { openServerStore } from "../instance/server-store.ts";
import type { ServerStore } from "../instance/server-store.ts";
import { pkiStorage } from "../instance/stored-pki.ts";
import { auditedTokenKeys } from "../instance/token-keys.ts";
import { productVersion } from "../instance/product-version.ts";
import { openInstance } from "../instance/instance.ts";
import { certificateNames, clientUrl } from "../instance/server-address.ts";
import { createLogger } from "../log/logger.ts";
import type { Logger } from "../log/logger.ts";
import { LiveSight } from "../sight/live/live-sight.ts";
import { systemClock } from "../store/clock.ts";
import type { ServerConfig } from "./server-config.ts";
import { watchStoreIntegrity } from "../instance/store-integrity.ts";
import type { StoreIntegrity } from "../instance/store-integrity.ts";

export interface RunningServer extends AsyncDisposable {
  /** e.g. `https://127.0.0.1:8443`. */
  readonly url: string;
  readonly adminKubeconfig: string | undefined;
  /** Where the etcd door is, if there is one. */
  readonly etcdUrl: string | undefined;
  /** Resolves when the server has stopped, whoever asked for it. */
  readonly stopped: Promise<void>;
  /** Stops within 10 s: no new connections, watches end, writes finish. Idempotent. */
  stop(): Promise<void>;
}

/** Facts that the server states while it starts, one line each, for the person who started it. */
export type Announce = (line: string) => void;

const drainMs = 10_000;

/** Starts everything; resolves when it serves. Raises `sealed`, `unavailable` (directory or address in use), `corrupt`. */
export async function startServer(config: ServerConfig, announce: Announce): Promise<RunningServer> {
  const log = createLogger(config.logFormat, (line) => process.stderr.write(`${line}\n`), now);
  await using startup = new AsyncDisposableStack();
  const instance = await openInstance(config.dataDir, config.rootKey);
  announce(`data directory ${config.dataDir}${instance.isNew ? " (new)" : ""}, instance ${instance.id}`);
  announce(`root key ${instance.rootKeyPlace} - keep a copy of it elsewhere: without it the data are lost`);
  announce(`custody ${instance.custody}, not protected against: ${custodyLimits[instance.custody]}`);
  const registry = new Registry();
  const reports = { registry, log, announce };
  const data = startup.use(await openServerStore(config, instance, storedResources(kinds), reports));
  const auditPlace = { dataDir: config.dataDir, instance, store: data.store };
  const auditLog = await openInstanceAudit(auditPlace, config.audit, logReports(log));
  const audit = withRefusalBudget(auditLog, {
    now,
    uuid: randomUUID,
    networkOf: clientNetwork,
    onError: (error) => log.error("Refused requests could not be recorded", error),
  });
  startup.defer(() => audit.close());
  await recordSealChange(config.dataDir, instance, { audit, now, uuid: randomUUID });
  const cutVersions = startup.use(new CutVersions(systemClock));
  const versions = { limits: config.versions, onCutShort: cutVersions.note };
  const kept = storedSecrets({ store: data.store, ...versions, now, randomBytes: pooledRandomBytes() });
  const of = { ...auditPlace, log: auditLog, output: config.auditOutput, announce, facts: secretFacts(kept, config) };
  const auditServices = startup.use(await startAuditServices(of, registry, log));

  const names = certificateNames(config.host, config.extraSans);
  const certificates = await Certificates.open(pkiStorage(data.store), names);
  const storage = storages(kept, auditServices.records);
  await resolveIntents(auditLog, objectStates(kinds, storage.of), now);
  const integrity = startup.use(watchStoreIntegrity(data.engine, registry, log));
  await ensureSystemNamespaces(storage.of(namespaceKind), { uuid: randomUUID, now });
  const onError = (error: unknown, resource: string) => log.error("Following of objects failed", error, { resource });
  const facts = { store: data.store, storage: storage.of, timers: systemClock, uuid: randomUUID, now, onError };
  const access = startup.use(await openAccess(facts));
  const rules = {
    ...facts,
    kinds,
    namespaces: storage.namespaces,
    storage: access.storage,
    escalation: access.admission,
  };
  const admission = startup.use(await openAdmission(rules));
  const keys = await TokenKeyRing.open(pkiStorage(data.store), Date.now);
  const authentication = startup.use(
    await openAuthentication({
      ...facts,
      config: config.authentication,
      keys,
      hasIssued: (certificate) => certificates.authority.hasIssued(certificate),
      storage: admission.storage,
    }),
  );
  certificates.trust(authentication.authoritiesPem);
  const onSightError = (error: unknown) => log.error("The graph ended", error);
  const sight = startup.use(new LiveSight({ feed: objectFeed(facts), timers: systemClock, onError: onSightError }));
  const parts = {
    config,
    data,
    storage,
    access,
    sight,
    admission,
    authentication,
    audit,
    auditServices,
    log,
    registry,
    integrity,
  };
  const door = kubernetes(parts);
  const webhook = startup.use(openAuditWebhook({ ...parts, clusters: config.reportingClusters, auditLog }));
  const tls = await certificates.tlsMaterial();
  const listener = await startListener({
    host: config.host,
    port: config.port,
    tls,
    limits: config.limits,
    handler: (request, response) => webhook?.takes(request, response) || door.handler(request, response),
    onError: (error) => log.error("Request failed", error),
  });
  startup.use(listener);
  door.attach(listener);
  const url = clientUrl({ host: listener.host, port: listener.port, extraSans: config.extraSans });
  startup.use(certificates.keepFresh(listener, (error) => log.error("Certificate renewal failed", error)));
  const etcdParts = { ...parts, config: config.etcd, tls, certificates, announce, instanceId: instance.id };
  const etcd = startup.use(await openEtcdDoor(etcdParts));
  const backups = startup.use(await openBackups({ instance, store: data.store, audit }, config.backup, reports));
  startup.use(
    await openControlSocket(config.dataDir, {
      issue: (request) => {
        log.info("Issued client certificate", { user: request.user, groups: request.groups.join(",") });
        return kubeconfigIssuance(certificates, { url, audit, door: "control-socket" })(request);
      },
      keys: auditedTokenKeys(keys, audit),
      audit: auditAnswers(auditLog, audit, { ...auditPlace, door: "control-socket" }),
      encryption: encryptionAnswers({ service: data.encryptionKeys, store: data.store, instance, log }),
      backup: backups.make,
    }),
  );
  const onSweepError = (error: unknown) => log.error("Sweep of secrets failed", error);
  startup.use(keepSwept(kept, { ...config.versions, now }, onSweepError));
  startup.use(
    startControllers({
      audit,
      admission,
      kinds,
      storage: authentication.storage,
      tokens: { issuer: authentication.tokens.issuer, used: authentication.used },
      index: new OwnerIndex(data.store),
      caPem: certificates.authority.certPem,
      cutVersions,
      timers: systemClock,
      now,
      uuid: randomUUID,
      randomBytes,
      onError: (message, error, object) => log.error(message, error, { object }),
    }),
  );
  if (config.adminKubeconfig !== undefined) {
    const kubeconfig = await kubeconfigIssuance(certificates, { url, audit, door: "start" })(administrator);
    await writeKubeconfig(config.adminKubeconfig, new Redacted(kubeconfig));
    announce(
      `administrator's kubeconfig ${config.adminKubeconfig} (24 h; strongroom kubeconfig --data-dir ${config.dataDir} renews it)`,
    );
  }
  return running(startup.move(), listener, { url, etcdUrl: etcd?.url, adminKubeconfig: config.adminKubeconfig, log });
}

function now(): Date {
  return new Date();
}

function storages({ store, namespaces, secrets, trash }: StoredSecrets, audit: AuditRecords) {
  return {
    of: kindStorages({ kinds: servedKinds, store, secrets, trash, namespaces, audit }),
    secrets,
    namespaces,
  };
}

interface Parts {
  readonly config: ServerConfig;
  readonly data: ServerStore;
  readonly storage: ReturnType<typeof storages>;
  readonly log: Logger;
}

interface DoorParts extends Parts {
  readonly access: OpenAccess;
  readonly admission: OpenAdmission;
  readonly authentication: OpenAuthentication;
  readonly sight: SightAnswers;
  readonly audit: AuditSink;
  readonly auditServices: AuditServices;
  readonly registry: Registry;
  readonly integrity: StoreIntegrity;
}

function kubernetes(parts: DoorParts) {
  const { registry } = parts;
  collectDefaultMetrics({ register: registry });
  const gate = new Gate({
    audit: parts.audit,
    authorizer: parts.access.authorizer,
    admission: parts.admission,
    podsBehind: parts.access.podsBehind,
    bodies: keptBodies(parts.config.auditOutput),
    now,
    uuid: randomUUID,
  });
  let listener: Listener | undefined;
  const notStarted = new AbortController().signal;
  const handler = kubernetesDoor({
    gate,
    kinds: servedKinds,
    reviews: servedReviews({ sight: parts.sight, records: parts.auditServices.records }),
    rulesFor: parts.access.rulesFor,
    storage: parts.authentication.storage,
    valuesInAnswersToWrites: parts.config.valuesInAnswersToWrites,
    authenticate: async (request) => {
      const found = await parts.authentication.authenticate(request);
      if (!isOfCluster(found.user, parts.config.etcd?.clusters ?? [])) return found;
      throw new StrongroomError("unauthenticated", "the credential of a cluster must be shown at the etcd door");
    },
    tokens: parts.authentication.tokens,
    openPaths: healthRoute(
      healthChecks({
        store: parts.data.store,
        integrity: parts.integrity,
        roles: parts.access,
        audit: parts.auditServices.health,
        encryption: parts.data.encryptionKeys,
        isDraining: () => listener?.draining.aborted === true,
      }),
    ),
    paths: pathRoutes({
      kinds: describedKinds,
      registry,
      version: productVersion(),
      now,
      issuer: parts.authentication.discovery,
      serverAddress: () => `${parts.config.host}:${listener?.port ?? parts.config.port}`,
    }),
    limiter: new ConcurrencyLimiter(parts.config.limits),
    metrics: new KubernetesMetrics(registry),
    now,
    randomBytes,
    uuid: randomUUID,
    readBody: (request) => readBody(request),
    draining: () => listener?.draining ?? notStarted,
    onInternalError: (error, auditId) => parts.log.error("Request failed", error, { auditId }),
  });
  return { handler, attach: (started: Listener) => void (listener = started) };
}

function running(
  parts: AsyncDisposableStack,
  listener: Listener,
  facts: Pick<RunningServer, "url" | "adminKubeconfig" | "etcdUrl"> & { readonly log: Logger },
): RunningServer {
  let stopping: Promise<void> | undefined;
  let onStopped: () => void = () => {};
  const stopped = new Promise<void>((resolve) => (onStopped = resolve));
  const stop = () => {
    stopping ??= (async () => {
      const cut = await listener.drain(drainMs);
      if (cut > 0) facts.log.warn("Cut connections at the end of the drain", { connections: cut });
      await parts.disposeAsync();
      onStopped();
    })();
    return stopping;
  };
  const { url, adminKubeconfig, etcdUrl } = facts;
  return { url, adminKubeconfig, etcdUrl, stopped, stop, [Symbol.asyncDispose]: stop };
}
