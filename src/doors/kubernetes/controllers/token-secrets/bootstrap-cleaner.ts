/**
 * Deletes expired bootstrap tokens. One timer, for the one that expires next.
 * Source: k/k pkg/controller/bootstrap/tokencleaner.go.
 */
import { bootstrapExpiryMs } from "../../../../identity/tokens/bootstrap-tokens.ts";
import type { StoredObject } from "../../storage/kind-storage.ts";
import { objectField, stringField } from "../../validation/object-fields.ts";
import type { Timers } from "../work-queue.ts";

/** The name of the service account that this controller writes as. */
export const tokenCleanerName = "token-cleaner";

/** Longest that a timer is set for; what expires later is looked at again then. */
const timerMsMax = 24 * 60 * 60 * 1000;

export interface BootstrapExpiriesOptions {
  readonly timers: Timers;
  readonly nowMs: () => number;
  /** Told of each secret whose time has come, once. */
  readonly expired: (secret: { readonly name: string; readonly uid: string }) => void;
}

/** When which secret expires. */
export class BootstrapExpiries {
  readonly #options: BootstrapExpiriesOptions;
  readonly #expiries = new Map<string, { readonly uid: string; readonly expiresAtMs: number }>();
  #timer: { readonly atMs: number; cancel(): void } | undefined;

  constructor(options: BootstrapExpiriesOptions) {
    this.#options = options;
  }

  /** A secret as it is now; undefined when it is gone. */
  set(name: string, secret: StoredObject | undefined): void {
    const expiresAtMs = secret === undefined ? undefined : bootstrapExpiryMs(expirationOf(secret));
    if (secret === undefined || expiresAtMs === undefined) {
      this.#expiries.delete(name);
      return;
    }
    this.#expiries.set(name, { uid: stringField(secret.metadata(), "uid"), expiresAtMs });
    this.#wakeBy(expiresAtMs);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#expiries.clear();
  }

  #wakeBy(timeMs: number): void {
    const nowMs = this.#options.nowMs();
    const atMs = Math.min(timeMs, nowMs + timerMsMax);
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    this.#timer?.cancel();
    const { cancel } = this.#options.timers.after(Math.max(0, atMs - nowMs), () => this.#wake());
    this.#timer = { atMs, cancel };
  }

  #wake(): void {
    this.#timer = undefined;
    const nowMs = this.#options.nowMs();
    let nextMs = Infinity;
    for (const [name, { uid, expiresAtMs }] of this.#expiries) {
      if (expiresAtMs > nowMs) {
        nextMs = Math.min(nextMs, expiresAtMs);
        continue;
      }
      this.#expiries.delete(name);
      this.#options.expired({ name, uid });
    }
    if (nextMs !== Infinity) this.#wakeBy(nextMs);
  }
}

function expirationOf(secret: StoredObject): string {
  const text = stringField(objectField(secret.tree(), "data"), "expiration");
  return Buffer.from(text, "base64").toString("utf8");
}
