/**
 * A ring that a Strongroom server keeps for all nodes of a control plane. The key file of the node is its cache: the plugin starts and serves
 * from there, and what the server has is put there when it may be. The ring is sealed by the passphrase of the nodes, which the server never has.
 *
 * Invariant: no ring of the server takes a key away, but those that whoever has the passphrase has removed.
 */
import { createPrivateFile, errorCodeOf } from "../../crypto/private-file.ts";
import type { Redacted } from "../../crypto/redacted.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { describeError } from "../../log/logger.ts";
import { openRing } from "./key-ring-file.ts";
import type { RingFacts } from "./key-ring-file.ts";
import { KeyRing } from "./key-ring.ts";
import { replaceKeyFile } from "./manage-keys.ts";
import { keyFilePath, readKeyFileText } from "./plugin-folder.ts";

/** How soon a ring that was changed at the server is used. */
const lookMs = 60_000;

/** Where the ring is kept. */
export interface RingServer {
  /** The text of its key file; undefined where there is none. Raises `unavailable` when it is away, `invalid` when it may not be asked. */
  read(): Promise<string | undefined>;
  /** Puts it there in the place of what was read last. Raises `conflict` when that was changed, and as {@link read}. */
  write(text: string): Promise<void>;
}

export interface FollowedRingOptions {
  readonly folder: string;
  readonly readPassphrase: () => Promise<Redacted<Uint8Array>>;
  readonly server: RingServer;
  /** A ring of the server is in the key file now. */
  readonly onTaken: () => Promise<void>;
  /** Something else is wrong than when it was told last. */
  readonly onRefused: (error: unknown) => void;
  readonly onWell: () => void;
}

export class FollowedRing implements AsyncDisposable {
  readonly #options: FollowedRingOptions;
  #timer: NodeJS.Timeout | undefined;
  #failure: { readonly error: unknown } | undefined;
  #looking: Promise<void> = Promise.resolve();

  private constructor(options: FollowedRingOptions) {
    this.#options = options;
  }

  /** Asks the server where the node has no keys yet, and only then waits for it. Raises as {@link takeRing}. */
  static async open(options: FollowedRingOptions): Promise<FollowedRing> {
    if ((await localText(options.folder)) === undefined) {
      await takeRing({ ...options, passphrase: await options.readPassphrase() });
    }
    return new FollowedRing(options);
  }

  /** Asks now, and each minute from now on. */
  start(): void {
    this.#timer = setInterval(() => void this.look(), lookMs).unref();
    void this.look();
  }

  /** Whether the ring of the server was in use when it was asked last. */
  get isCurrent(): boolean {
    return this.#failure === undefined;
  }

  /** Asks now; never rejects. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { readPassphrase, onTaken, onRefused, onWell } = this.#options;
    try {
      if (await takeRing({ ...this.#options, passphrase: await readPassphrase() })) await onTaken();
      if (this.#failure !== undefined) onWell();
      this.#failure = undefined;
    } catch (error) {
      const isNews = this.#failure === undefined || describeError(this.#failure.error) !== describeError(error);
      this.#failure = { error };
      if (isNews) onRefused(error);
    }
  }
}

interface RingPlace {
  readonly folder: string;
  readonly passphrase: Redacted<Uint8Array>;
  readonly server: RingServer;
}

/**
 * Puts the ring of the server into the key file; whether that changed it. Raises `not-found` where the server has none, `sealed` for one that
 * the passphrase does not open, `conflict` for one that lacks a key of this node, and as the server's reads.
 */
export async function takeRing({ folder, passphrase, server }: RingPlace): Promise<boolean> {
  const text = await server.read();
  if (text === undefined) {
    throw new StrongroomError(
      "not-found",
      "the server must have the ring: strongroom kms-plugin publish puts it there",
    );
  }
  const local = await localText(folder);
  if (text === local) return false;
  const facts = await verifiedFacts(text, passphrase);
  if (local === undefined) {
    await createPrivateFile(keyFilePath(folder), text);
    return true;
  }
  const lacking = firstLacking(await verifiedFacts(local, passphrase), facts);
  if (lacking !== undefined) {
    const must = `the ring of the server must hold the key ${lacking}, which this node has: was it put back to an earlier one?`;
    throw new StrongroomError("conflict", `${must} strongroom kms-plugin publish puts that of this node there`);
  }
  await replaceKeyFile(folder, local, text);
  return true;
}

/**
 * Puts the key file to the server; whether that changed it. Raises `conflict` for a server whose ring has a key that this node lacks, and as
 * the server does.
 */
export async function publishRing({ folder, passphrase, server }: RingPlace): Promise<boolean> {
  const [there, text] = [await server.read(), await readKeyFileText(folder)];
  if (there === text) return false;
  const facts = await verifiedFacts(text, passphrase);
  const lacking = there === undefined ? undefined : firstLacking(await verifiedFacts(there, passphrase), facts);
  if (lacking !== undefined) {
    const must = `this node must have the key ${lacking}, which the ring of the server has`;
    throw new StrongroomError("conflict", `${must}: rotate and remove with --key, which takes it first`);
  }
  await server.write(text);
  return true;
}

/** A key of `former` that `next` neither has nor says it was removed. */
function firstLacking(former: RingFacts, next: RingFacts): string | undefined {
  const known = new Set([...next.keys.map(({ id }) => id), ...next.removed]);
  return former.keys.find(({ id }) => !known.has(id))?.id;
}

async function verifiedFacts(text: string, passphrase: Redacted<Uint8Array>): Promise<RingFacts> {
  const { facts, bytes } = await openRing(text, passphrase);
  void new KeyRing(facts.keys, bytes); // raises unless each key is the one that its id names, and zeroes them
  return facts;
}

async function localText(folder: string): Promise<string | undefined> {
  try {
    return await readKeyFileText(folder);
  } catch (error) {
    const { cause } = error instanceof Error ? error : {};
    if (errorCodeOf(cause) === "ENOENT") return undefined;
    throw error;
  }
}
