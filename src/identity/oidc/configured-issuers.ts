/**
 * The authentication that a file configures, followed while the server runs: a changed file counts at once where the system
 * tells of changes in its folder, and within ten seconds everywhere; a bad one keeps what was there.
 *
 * Source: apiserver pkg/server/options/authentication.go and pkg/server/options/authenticationconfig (which looks each minute).
 */
import { createHash } from "node:crypto";
import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { loadCel } from "../../cel/cel.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { TokenAuthenticator } from "../tokens/token-authenticator.ts";
import { tokenUnion } from "../tokens/token-union.ts";
import { readAuthenticationConfiguration } from "./authentication-configuration.ts";
import type { AnonymousConfiguration } from "./authentication-configuration.ts";
import { readIssuerDocument } from "./issuer-documents.ts";
import { IssuerKeys } from "./issuer-keys.ts";
import { jwtAuthenticator } from "./jwt-authenticator.ts";

/** How often the file is looked at. */
export const lookIntervalMs = 10_000;
/** Who writes a file does so in several steps. */
const settleMs = 50;

export interface ConfiguredIssuersOptions {
  /** Absolute path of the file. */
  readonly path: string;
  /** Issuers whose tokens the server makes itself. */
  readonly ownIssuers: readonly string[];
  readonly ownAudiences: readonly string[];
  readonly timers: { after(delayMs: number, action: () => void): { cancel(): void } };
  readonly nowMs: () => number;
  /** Another configuration counts from now on. */
  readonly onChanged: () => void;
  /** The file has changed and is not used. */
  readonly onError: (error: unknown) => void;
}

interface Configured {
  readonly digest: string;
  readonly authenticator: TokenAuthenticator;
  readonly anonymous: AnonymousConfiguration | undefined;
}

export class ConfiguredIssuers implements TokenAuthenticator, Disposable {
  readonly #options: ConfiguredIssuersOptions;
  #configured: Configured;
  /** Of the last file that could not be used, which is told once. */
  #refusedDigest: string | undefined;
  #timer: { cancel(): void } | undefined;
  #isDisposed = false;
  #watcher: FSWatcher | undefined;
  #isSettling = false;

  private constructor(options: ConfiguredIssuersOptions, configured: Configured) {
    this.#options = options;
    this.#configured = configured;
    this.#wait();
    // The folder, since a file may be put in the place of the file. What the system does not tell, the timer finds.
    this.#watcher = watch(dirname(options.path), { persistent: false }, () => this.#soon());
    this.#watcher.on("error", () => this.#watcher?.close());
  }

  /** Raises `unavailable` when the file cannot be read, `invalid` with all that is wrong with it. */
  static async open(options: ConfiguredIssuersOptions): Promise<ConfiguredIssuers> {
    return new ConfiguredIssuers(options, await configure(options, await readText(options.path)));
  }

  authenticate: TokenAuthenticator["authenticate"] = (token, audiences) =>
    this.#configured.authenticator.authenticate(token, audiences);

  /** Whether the file lets anybody ask for a path; undefined where it says nothing of it. */
  opens(path: string): boolean | undefined {
    const { anonymous } = this.#configured;
    if (anonymous === undefined) return undefined;
    return anonymous.enabled && (anonymous.paths.length === 0 || anonymous.paths.includes(path));
  }

  /** Looks at the file now. Never rejects. */
  async look(): Promise<void> {
    const { path, onChanged, onError } = this.#options;
    let digest: string | undefined;
    try {
      const text = await readText(path);
      digest = digestOf(text);
      if (digest === this.#configured.digest || digest === this.#refusedDigest) return;
      this.#configured = await configure(this.#options, text);
      this.#refusedDigest = undefined;
      onChanged();
    } catch (error) {
      // A file that is away is told each time.
      this.#refusedDigest = digest;
      onError(error);
    }
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#watcher?.close();
    this.#timer?.cancel();
  }

  #soon(): void {
    if (this.#isSettling || this.#isDisposed) return;
    this.#isSettling = true;
    this.#options.timers.after(settleMs, () => {
      this.#isSettling = false;
      if (!this.#isDisposed) void this.look();
    });
  }

  #wait(): void {
    if (this.#isDisposed) return;
    this.#timer = this.#options.timers.after(lookIntervalMs, () => void this.look().finally(() => this.#wait()));
  }
}

async function configure(options: ConfiguredIssuersOptions, text: string): Promise<Configured> {
  const { path, ownIssuers, ownAudiences, nowMs } = options;
  const cel = await loadCel();
  try {
    const { jwt, anonymous } = readAuthenticationConfiguration(text, cel, ownIssuers);
    const authenticators = jwt.map((configuration) => {
      const keys = new IssuerKeys({ issuer: configuration.issuer, read: readIssuerDocument, nowMs });
      return jwtAuthenticator({ configuration, keyOf: keys.keyOf, ownAudiences, nowMs });
    });
    return { digest: digestOf(text), authenticator: tokenUnion(authenticators), anonymous };
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error;
    throw new StrongroomError(error.code, `the authentication configuration ${path}: ${error.message}`, {
      cause: error,
    });
  }
}

async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new StrongroomError("unavailable", `the authentication configuration ${path} must be readable`, { cause });
  });
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
