/** The body that an API server posts: an EventList of `audit.k8s.io/v1`. */
import { StrongroomError } from "../../errors/strongroom-error.ts";

/**
 * 10 MiB, below which `--audit-webhook-truncate-enabled` keeps batches, and what stands around the events. A batch of 400 events without
 * bodies has less than one.
 */
export const listBytesMax = 11 * 1024 * 1024;

/** The events of a list, each still to be read. Raises `invalid`. */
export function readEventList(body: Buffer): readonly unknown[] {
  const list = parsed(body);
  const { kind, apiVersion, items } = isObject(list) ? list : {};
  if (kind !== "EventList" || apiVersion !== "audit.k8s.io/v1") {
    throw new StrongroomError("invalid", "the body must be an EventList of audit.k8s.io/v1");
  }
  if (items === undefined || items === null) return [];
  if (Array.isArray(items)) return items;
  throw new StrongroomError("invalid", "items must be a list of events");
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    // What the parser says quotes what was sent.
    throw new StrongroomError("invalid", "the body must be JSON");
  }
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
