import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { RootKey } from "./root-key.ts";

/**
 * Who keeps the root key of an instance while the server is down. Implementations:
 * a key file, a key file under a passphrase; a KMS v2 plugin or a PKCS#11 token
 * fit the same two methods.
 *
 * An instance id names one data directory: 1 to 63 lower case letters, digits and
 * `-`, beginning and ending with a letter or digit (it becomes part of a path).
 */
export interface RootKeyCustody {
  /** Where the key is kept, for messages to the operator, e.g. a path. Holds nothing secret. */
  describe(instanceId: string): string;
  /**
   * The root key of the instance. Raises `sealed`, with what to do, when there is none, when it
   * cannot be opened, belongs to another instance or is damaged. Changes nothing.
   */
  load(instanceId: string): Promise<RootKey>;
  /**
   * Makes and keeps a new root key; resolves when it is durable. Raises `already-exists`
   * when the instance has one: an existing key is never replaced. The caller makes the
   * key before it writes the first record, and then stores `RootKey.id` beside the data.
   */
  create(instanceId: string): Promise<RootKey>;
}

/** Raises `invalid` unless `instanceId` has the form that {@link RootKeyCustody} asks for. */
export function checkInstanceId(instanceId: string): void {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(instanceId)) return;
  throw new StrongroomError(
    "invalid",
    "an instance id must be 1 to 63 lower case letters, digits or '-', and begin and end with a letter or digit",
  );
}
