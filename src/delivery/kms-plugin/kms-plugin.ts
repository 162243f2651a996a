/** A plugin that serves: keys in memory, a socket, records, health. It opens no connection: what keeps the ring elsewhere is handed in. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { basename } from "node:path";
import { collectDefaultMetrics, Registry } from "prom-client";
import { kmsMessageBytesMax } from "../../crypto/kms/messages.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { grpcCodes } from "../../grpc/grpc-status.ts";
import { serveGrpc } from "../../grpc/serve-grpc.ts";
import { describeError } from "../../log/logger.ts";
import type { Logger } from "../../log/logger.ts";
import { CallRecords } from "./call-records.ts";
import { FollowedRing } from "./followed-ring.ts";
import type { RingServer } from "./followed-ring.ts";
import { listenForHealth } from "./health-listener.ts";
import type { HealthCheck } from "./health-listener.ts";
import { callStatus, keyManagementCalls } from "./key-management-calls.ts";
import type { KeyRing } from "./key-ring.ts";
import { KeySource } from "./key-source.ts";
import { ensureClosedFolder, readLocalPassphrase, recordFilePath } from "./plugin-folder.ts";
import { PluginMetrics } from "./plugin-metrics.ts";
import { listenOnSocket } from "./unix-listener.ts";
import type { UnixListener } from "./unix-listener.ts";

export interface KmsPluginConfig {
  readonly folder: string;
  readonly passphraseFile: string;
  /** An absolute path. */
  readonly socket: string;
  /** Where health and metrics are told; undefined: nowhere. */
  /** Keeps the ring for all nodes; undefined: the folder is all there is. */
  readonly server?: RingServer | undefined;
  readonly health: { readonly host: string; readonly port: number } | undefined;
}

export interface RunningPlugin extends AsyncDisposable {
  readonly writeKeyId: string;
  readonly healthUrl: string | undefined;
  /** Looks at the server, if there is one, and at the key file now, and not only in a while. */
  look(): Promise<void>;
}

const served = "this plugin serves v2.KeyManagementService, and nothing else";

/**
 * Starts; resolves when it serves. Raises `sealed` without keys or with another passphrase, `invalid` for what others could write to, and
 * `unavailable` for a socket that is in use.
 */
export async function startKmsPlugin(config: KmsPluginConfig, log: Logger): Promise<RunningPlugin> {
  const now = () => new Date();
  await using parts = new AsyncDisposableStack();
  await ensureClosedFolder(config.folder, "the keys");
  const taking: { keys?: KeySource } = {};
  const followed = await followedRing(config, log, async () => taking.keys?.look());
  const records = parts.use(await CallRecords.open(recordFilePath(config.folder), now));
  const keys = parts.use(
    await KeySource.open({
      folder: config.folder,
      readPassphrase: () => readLocalPassphrase(config.passphraseFile),
      now,
      onRead: (ring) => records.write({ event: "keys-read", keyIds: ring.facts.map(({ id }) => id) }),
      onRefused: (error) => log.error("The key file was refused, former keys stay in use", error),
    }),
  );
  taking.keys = keys;
  await proveKeys(keys.ring, now());
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const listening: { on?: UnixListener } = {};
  const isSocketInPlace = () => listening.on?.isInPlace() === true;
  const ring = () => keys.ring;
  const state = { ring, now, isSocketInPlace, isKeyFileCurrent: () => keys.refusal === undefined };
  const isServerCurrent = followed === undefined ? undefined : () => followed.isCurrent;
  const metrics = new PluginMetrics(registry, { ...state, isServerCurrent });
  const methods = keyManagementCalls({ ring, record: (record) => records.write(record), now });
  const serving = { method: (path: string) => methods.get(path), served, messageBytesMax: kmsMessageBytesMax, now };
  const handler = async (request: IncomingMessage, response: ServerResponse) => {
    const startedMs = performance.now();
    let status: number = grpcCodes.ok;
    const statusOf = (error: unknown) => {
      const told = callStatus(error);
      status = told.code;
      if (!isOfTheCaller(status)) log.error("A call failed", error, { method: basename(request.url ?? "") });
      return told;
    };
    await serveGrpc({ ...serving, statusOf }, request, response);
    if (!methods.has(request.url ?? "")) return;
    metrics.called(basename(request.url ?? ""), status, (performance.now() - startedMs) / 1000);
  };
  await records.write({ event: "start", keyId: keys.ring.writeKey(now()).id });
  parts.defer(() => records.write({ event: "stop" }));
  listening.on = parts.use(await listenOnSocket(config.socket, handler));
  const checks: readonly HealthCheck[] = [
    ["socket", () => (isSocketInPlace() ? undefined : "the path of the socket must lead to this plugin")],
    ["keys", () => (keys.refusal === undefined ? undefined : describeError(keys.refusal))],
    ["records", () => (records.isWritable ? undefined : "records must be writable")],
  ];
  const health = config.health === undefined ? undefined : await listenForHealth(config.health, checks, registry);
  if (health !== undefined) parts.use(health);
  if (followed !== undefined) parts.use(followed).start();
  const moved = parts.move();
  return {
    writeKeyId: keys.ring.writeKey(now()).id,
    healthUrl: health?.url,
    async look() {
      await followed?.look();
      await keys.look();
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

async function followedRing(
  { folder, passphraseFile, server }: KmsPluginConfig,
  log: Logger,
  onTaken: () => Promise<void>,
): Promise<FollowedRing | undefined> {
  if (server === undefined) return undefined;
  return await FollowedRing.open({
    folder,
    server,
    readPassphrase: () => readLocalPassphrase(passphraseFile),
    onTaken,
    onRefused: (error) => log.error("The ring of the server was not taken, the keys of this node stay in use", error),
    onWell: () => log.info("The ring of the server is in use"),
  });
}

/** Before anybody asks: what is encrypted now can be decrypted. */
async function proveKeys(ring: KeyRing, now: Date): Promise<void> {
  const service = ring.serviceAt(now);
  const probe = Buffer.from("strongroom kms-plugin");
  const back = await service.decrypt(await service.encrypt(probe));
  if (!probe.equals(back)) throw new StrongroomError("sealed", "the key that writes must decrypt what it encrypts");
}

function isOfTheCaller(code: number): boolean {
  return [grpcCodes.invalidArgument, grpcCodes.unimplemented, grpcCodes.failedPrecondition, grpcCodes.cancelled].some(
    (known) => known === code,
  );
}
