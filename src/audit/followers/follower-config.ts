/** Who follows the audit log, and how: flags and the configuration file, read and checked. */
import type { KeyObject } from "node:crypto";
import type { AuditPolicy } from "../policy/audit-policy.ts";
import { defaultAuditPolicy } from "../policy/default-policy.ts";
import type { HttpBody } from "./http-destinations.ts";
import type { HttpReceiver } from "./http-post.ts";
import type { SyslogReceiver } from "./syslog-connection.ts";

/** What goes out, to whom. */
export interface AuditOutput {
  /** Of what goes out in Kubernetes form, and of which bodies are kept. */
  readonly policy: AuditPolicy;
  readonly followers: readonly FollowerConfig[];
  /** For the person who starts the server: what is less, or more, than they may think. */
  readonly warnings: readonly string[];
}

export const defaultAuditOutput: AuditOutput = { policy: defaultAuditPolicy, followers: [], warnings: [] };

export interface FollowerConfig {
  /** Lower-case letters, digits and dashes; the name of its file, and a label of metrics. */
  readonly name: string;
  readonly form: FollowerForm;
  readonly to: FollowerTarget;
  readonly from: "beginning" | "now";
  readonly batch: { readonly recordsMax: number; readonly waitMs: number; readonly bytesMax: number };
  readonly throttle: { readonly perSecond: number; readonly burst: number } | undefined;
  readonly backoffMs: number;
  /** With it names of objects go out as hashes. */
  readonly hashKey: KeyObject | undefined;
}

export type FollowerForm =
  | { readonly type: "kubernetes"; readonly format: "json" | "legacy"; readonly eventBytesMax: number | undefined }
  | { readonly type: "ocsf" }
  | { readonly type: "strongroom" };

export type FollowerTarget =
  | {
      readonly type: "file";
      readonly path: string;
      readonly sizeBytesMax: number;
      readonly backupsMax: number;
      readonly ageMsMax: number;
      readonly compress: boolean;
    }
  | { readonly type: "standard-output" }
  | { readonly type: "webhook"; readonly receiver: HttpReceiver }
  | { readonly type: "http"; readonly receiver: HttpReceiver; readonly body: HttpBody }
  | { readonly type: "syslog"; readonly receiver: SyslogReceiver };
