/**
 * Streams that are open, and whether they may go on: the right to a stream is one to each of its pieces.
 *
 * No piece leaves after rights changed without the stream having been decided anew; streams that say nothing are looked at
 * twice a second. What rights depend on has a generation, so that while nothing changes a stream costs a comparison,
 * and any number of changes between two looks one decision a stream.
 */
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { User } from "../identity/user.ts";

/** How often streams are looked at that say nothing, in ms. */
const lookIntervalMs = 500;
/** Streams that are decided anew between two turns of the event loop. */
const streamsPerTurn = 64;

export interface StreamRights {
  /** Whose credential opened the stream. */
  readonly caller: User;
  /** The generation of the rights that the stream was allowed by. */
  readonly generation: number;
  /** Decides anew; raises why the stream must end. */
  readonly decide: () => Promise<void>;
  /** Makes the stream end soon. Called once, when it must; it may be waiting. */
  readonly end: () => void;
}

/** A stream that lasts, and ends when its caller loses the right to it. */
export interface LiveStream {
  /** Makes the pieces end soon, also while nothing comes. */
  readonly end: () => void;
  /** What the client is told last, where the stream ends for lack of a right (or of the answer to that question). */
  readonly refusal: (error: unknown) => Buffer;
  /** Of a filtered stream: raises {@link RightsChangedError} when it is not of the same objects as at its start. */
  readonly requireSame?: () => Promise<void>;
}

/** The rights of a caller are others than those a stream began with: what it has told may no longer be what they may see. */
export class RightsChangedError extends StrongroomError {
  constructor() {
    super("compacted", "The rights of the caller have changed since the watch began.");
  }
}

export interface OpenStreamsOptions {
  /** See Authorizer.generation. */
  readonly generation: () => number;
  readonly now: () => Date;
}

export class OpenStreams {
  readonly #options: OpenStreamsOptions;
  readonly #open = new Set<OpenStream>();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  constructor(options: OpenStreamsOptions) {
    this.#options = options;
  }

  /** To be closed when the stream has ended. */
  open(rights: StreamRights): OpenStream {
    const stream = new OpenStream(this.#options, rights, () => this.#close(stream));
    this.#open.add(stream);
    this.#timer ??= setInterval(() => void this.#look(), lookIntervalMs).unref();
    return stream;
  }

  #close(stream: OpenStream): void {
    this.#open.delete(stream);
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Ends what may not go on. Never rejects: what cannot be decided ends too. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    let decided = 0;
    for (const stream of this.#open) {
      if (stream.refusal !== undefined || !stream.isInDoubt()) continue;
      await stream.mayGoOn();
      if (++decided % streamsPerTurn === 0) await nextTurn();
    }
    this.#isLooking = false;
  }
}

export class OpenStream {
  readonly #options: OpenStreamsOptions;
  readonly #rights: StreamRights;
  readonly #close: () => void;
  #generation: number;
  #refusal: unknown;

  constructor(options: OpenStreamsOptions, rights: StreamRights, close: () => void) {
    this.#options = options;
    this.#rights = rights;
    this.#close = close;
    this.#generation = rights.generation;
  }

  /** Why the stream must end; undefined while it may go on. */
  get refusal(): unknown {
    return this.#refusal;
  }

  /** Whether {@link mayGoOn} has to be asked before the next piece. Costs next to nothing. */
  isInDoubt(): boolean {
    return this.#refusal !== undefined || this.#hasEnded() || this.#generation !== this.#options.generation();
  }

  /** Decides whether the stream may go on; else {@link refusal} says why not. */
  async mayGoOn(): Promise<boolean> {
    if (this.#refusal !== undefined) return false;
    const generation = this.#options.generation();
    try {
      if (this.#hasEnded()) throw new StrongroomError("unauthenticated", "the credential must not have ended");
      await this.#rights.decide();
      this.#generation = generation;
    } catch (error) {
      this.#refuse(error);
    }
    return this.#refusal === undefined;
  }

  /** A piece and a look may find out at the same time. */
  #refuse(error: unknown): void {
    if (this.#refusal !== undefined) return;
    this.#refusal = error;
    this.#rights.end();
  }

  close(): void {
    this.#close();
  }

  /** Whether the credential has expired or was taken back. */
  #hasEnded(): boolean {
    const { expiresAtMs, revoked } = this.#rights.caller;
    return (expiresAtMs !== undefined && this.#options.now().getTime() >= expiresAtMs) || revoked?.() === true;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
