import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { RootKey } from "./root-key.ts";

/** The ways to keep a root key. Shares of several people and hardware tokens would be further ones. */
export const custodyNames = ["file", "passphrase", "kms"] as const;
export type CustodyName = (typeof custodyNames)[number];

/** What can be said of a kept key without opening it. */
export interface CustodyFacts {
  readonly custody: CustodyName;
  /** Where it is kept, for people. Holds nothing secret. */
  readonly place: string;
}

/**
 * Who keeps the root key of an instance while the server is down.
 *
 * An instance id names one data directory: 1 to 63 lower case letters, digits and
 * `-`, beginning and ending with a letter or digit (it becomes part of a path).
 */
export interface RootKeyCustody {
  /** How the key of the instance is kept. Raises `sealed` as `load` when it is not there. */
  inspect(instanceId: string): Promise<CustodyFacts>;
  /**
   * The root key of the instance. Raises `sealed`, with what to do, when there is none, when it
   * cannot be opened, belongs to another instance or is damaged, and `unavailable` when who must open it is away. Changes nothing.
   */
  load(instanceId: string): Promise<RootKey>;
  /**
   * Makes and keeps a new root key; resolves when it is durable. Raises `already-exists`
   * when the instance has one: an existing key is never replaced. The caller makes the
   * key before it writes the first record, and then stores `RootKey.id` beside the data.
   */
  create(instanceId: string): Promise<RootKey>;
  /** The bytes of the key, for another custody; the caller zeroes them. Raises as `load`. */
  release(instanceId: string): Promise<Buffer>;
  /**
   * Keeps a key that another custody has released. It is opened once as it will stand there, before anything is replaced; with
   * `replacing: false` nothing is, and `already-exists` is raised instead.
   */
  take(instanceId: string, bytes: Uint8Array, options: { readonly replacing: boolean }): Promise<void>;
}

/** Against whom a custody does not protect, beside whoever can read the memory of the server. */
export const custodyLimits = {
  file: "whoever can read the root key file and the data directory can read everything",
  passphrase:
    "whoever can read the passphrase file, the root key file and the data directory can read everything; " +
    "a weak passphrase is guessed from a copy of them",
  kms:
    "whoever may use the socket of the KMS plugin, and can read the root key file and the data directory, can read everything; " +
    "without the plugin the server does not start",
} as const satisfies Record<CustodyName, string>;

/** Raises `invalid` unless `instanceId` has the form that {@link RootKeyCustody} asks for. */
export function checkInstanceId(instanceId: string): void {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(instanceId)) return;
  throw new StrongroomError(
    "invalid",
    "an instance id must be 1 to 63 lower case letters, digits or '-', and begin and end with a letter or digit",
  );
}
