/** Starts who follows the audit log of a data directory, and says in metrics how they stand. */
import { join } from "node:path";
import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";
import type { AuditEntry, AuditLogReader } from "../audit/audit-log.ts";
import type { Destination, RenderEntry } from "../audit/followers/destination.ts";
import { defaultAuditOutput } from "../audit/followers/follower-config.ts";
import type { AuditOutput, FollowerConfig, FollowerTarget } from "../audit/followers/follower-config.ts";
import { positionFile } from "../audit/followers/follower-position.ts";
import { startFollower } from "../audit/followers/follower.ts";
import type { Checkpoints, Follower, FollowerState } from "../audit/followers/follower.ts";
import { hashNames } from "../audit/followers/hash-names.ts";
import { httpJson, webhook } from "../audit/followers/http-destinations.ts";
import { HttpPost } from "../audit/followers/http-post.ts";
import { outputStream } from "../audit/followers/output-stream.ts";
import { renderKubernetes } from "../audit/followers/render-kubernetes.ts";
import { renderOcsf } from "../audit/followers/render-ocsf.ts";
import { renderOwn } from "../audit/followers/render-own.ts";
import { RotatingFile } from "../audit/followers/rotating-file.ts";
import { SyslogConnection } from "../audit/followers/syslog-connection.ts";
import { syslogNames } from "../audit/followers/syslog-message.ts";
import type { LogReport } from "../audit/log/log-keys.ts";
import type { AuditPolicy } from "../audit/policy/audit-policy.ts";
import { bodiesOf } from "../audit/policy/kept-bodies.ts";
import type { KeepBodies } from "../audit/policy/kept-bodies.ts";
import { followersDirectory } from "./audit-log.ts";
import { productVersion } from "./product-version.ts";

export interface FollowedLog {
  readonly dataDir: string;
  readonly log: AuditLogReader & Checkpoints;
  readonly registry: Registry;
  readonly report: (report: LogReport) => void;
  /** Told what is less, or more, than somebody who starts the server may think. */
  readonly announce: (line: string) => void;
}

/** How long what was handed to a syslog receiver is in doubt. */
const syslogDoubtMs = 5000;

/** The bodies that go on record. */
export function keptBodies({ policy }: AuditOutput = defaultAuditOutput): KeepBodies | undefined {
  return bodiesOf(policy);
}

/** Starts who follows. Rejects with `unavailable` when the place of one cannot be read or kept. */
export async function followAuditLog(
  followed: FollowedLog,
  output: AuditOutput = defaultAuditOutput,
): Promise<AsyncDisposable> {
  for (const warning of output.warnings) followed.announce(warning);
  await using stack = new AsyncDisposableStack();
  const followers: Follower[] = [];
  for (const config of output.followers) {
    followers.push(stack.use(await start(followed, config, output.policy)));
  }
  if (followers.length > 0) register(followed.registry, () => followers.map(({ state }) => state));
  return stack.move();
}

function start(followed: FollowedLog, config: FollowerConfig, policy: AuditPolicy): Promise<Follower> {
  const { dataDir, log, report } = followed;
  const { name, from, batch, throttle, backoffMs, to, form } = config;
  return startFollower({
    name,
    log,
    position: positionFile(join(followersDirectory(dataDir), `${name}.json`)),
    from,
    render: renderer(config, policy),
    destination: destination(to),
    batch,
    throttle,
    backoffMs,
    report,
    ...(to.type === "syslog" && { doubtMs: syslogDoubtMs }),
    // A reader of Kubernetes' events knows nothing else.
    ...(form.type !== "kubernetes" && { checkpoints: log }),
  });
}

function renderer({ form, hashKey }: FollowerConfig, policy: AuditPolicy): RenderEntry {
  const transform = hashKey === undefined ? (entry: AuditEntry) => entry : hashNames(hashKey);
  switch (form.type) {
    case "kubernetes": {
      const render = renderKubernetes({ policy, ...form });
      return (entry) => render(transform(entry));
    }
    case "ocsf":
      return renderOcsf(transform, productVersion());
    case "strongroom":
      return renderOwn(transform);
    default:
      return form satisfies never;
  }
}

function destination(to: FollowerTarget): Destination {
  const now = () => new Date();
  switch (to.type) {
    case "file":
      return new RotatingFile({ ...to, now });
    case "standard-output":
      return outputStream(process.stdout);
    case "webhook":
      return webhook(new HttpPost(to.receiver));
    case "http":
      return httpJson(new HttpPost(to.receiver), to.body);
    case "syslog":
      return new SyslogConnection(to.receiver, syslogNames(productVersion()), now);
    default:
      return to satisfies never;
  }
}

/** Read when they are asked for; the names of followers are those of the configuration. */
function register(registry: Registry, states: () => readonly FollowerState[]): void {
  const gauge = (name: string, help: string, read: (state: FollowerState) => number) => {
    const metric = new Gauge({
      name,
      help,
      labelNames: ["follower"],
      registers: [],
      collect() {
        for (const state of states()) this.set({ follower: state.name }, read(state));
      },
    });
    registry.registerMetric(metric);
  };
  const counter = (name: string, help: string, read: (state: FollowerState) => number) => {
    const metric = new Counter({
      name,
      help,
      labelNames: ["follower"],
      registers: [],
      collect() {
        this.reset();
        for (const state of states()) this.inc({ follower: state.name }, read(state));
      },
    });
    registry.registerMetric(metric);
  };
  gauge("strongroom_audit_follower_position", "The audit entry that a follower delivers next.", (state) => {
    return state.position;
  });
  gauge("strongroom_audit_follower_lag_entries", "Audit entries that a follower has not delivered.", (state) => {
    return state.lag;
  });
  gauge("strongroom_audit_follower_failing", "1 while a follower cannot deliver.", ({ isFailing }) => {
    return isFailing ? 1 : 0;
  });
  counter("strongroom_audit_follower_records_total", "Records that a follower delivered since the start.", (state) => {
    return state.delivered;
  });
  counter("strongroom_audit_follower_failures_total", "Deliveries that failed since the start.", (state) => {
    return state.failures;
  });
}
