/**
 * A whole list, page by page.
 *
 * Source: client-go tools/pager/pager.go. Every list ends: pages that repeat themselves, that hold nothing, that are too large or
 * too many end it with a failure. A list whose continuation the cluster no longer keeps (410) starts again, with larger pages.
 */
import { field, listField, textField } from "../../facts/json-fields.ts";
import type { ApiConnection } from "./api-connection.ts";
import { ApiFailure } from "./api-failure.ts";

export interface ListBounds {
  /** Objects a page, at first. */
  readonly pageSize: number;
  readonly objectsMax: number;
  /** Pages in succession without an object. */
  readonly emptyPagesMax: number;
  readonly restartsMax: number;
  /** Of the whole list. */
  readonly msMax: number;
}

/** Two million pods are thirteen times the largest cluster that Kubernetes is tested for. */
export const listBounds: ListBounds = {
  pageSize: 500,
  objectsMax: 2_000_000,
  emptyPagesMax: 20,
  restartsMax: 4,
  msMax: 30 * 60_000,
};

/** The tokens of Kubernetes hold the key of an object. */
const tokenLengthMax = 8192;

export interface ListTarget {
  readonly path: string;
  readonly accept?: string;
  readonly signal: AbortSignal;
  readonly bounds?: ListBounds;
}

export interface ListReader {
  /** What was handed over so far is void: the list starts again. */
  restart(): void;
  /** The items of a page, as they were decoded, and how many more the cluster says there are (undefined: it does not say). */
  page(items: readonly unknown[], head: PageHead): void;
}

export interface PageHead {
  readonly apiVersion: string;
  /** Of the list, such as `PodList`. */
  readonly kind: string;
  readonly remaining: number | undefined;
}

/**
 * Reads a list into `reader` and returns its resourceVersion, from which a watch goes on. Raises {@link ApiFailure}; the
 * pages before it stay read.
 */
export async function listPages(connection: ApiConnection, target: ListTarget, reader: ListReader): Promise<string> {
  const bounds = target.bounds ?? listBounds;
  let size = bounds.pageSize;
  for (let restarts = 0; ; restarts++) {
    try {
      return await new Listing(connection, target, bounds, reader).read(size);
    } catch (error) {
      if (!(error instanceof ApiFailure) || error.kind !== "gone" || restarts >= bounds.restartsMax) throw error;
      reader.restart();
      size *= 4; // fewer pages are done before history is compacted
    }
  }
}

class Listing {
  readonly #connection: ApiConnection;
  readonly #target: ListTarget;
  readonly #bounds: ListBounds;
  readonly #reader: ListReader;
  readonly #tokens = new Set<string>();
  readonly #startedMs = performance.now();
  #objects = 0;
  #emptyPages = 0;
  #resourceVersion = "";

  constructor(connection: ApiConnection, target: ListTarget, bounds: ListBounds, reader: ListReader) {
    this.#connection = connection;
    this.#target = target;
    this.#bounds = bounds;
    this.#reader = reader;
  }

  async read(pageSize: number): Promise<string> {
    let size = pageSize;
    let token = "";
    for (;;) {
      const page = await this.#page(token, size);
      if (page !== "too-large") {
        token = this.#take(page);
        if (token === "") return this.#resourceVersion;
      } else if (size === 1) {
        throw new ApiFailure("too-large", "the cluster has an object that is larger than an answer may be");
      } else size = Math.max(1, Math.floor(size / 4));
    }
  }

  async #page(token: string, size: number): Promise<unknown> {
    const { path, accept, signal } = this.#target;
    const continued = token === "" ? "" : `&continue=${encodeURIComponent(token)}`;
    try {
      return await this.#connection.ask(`${path}?limit=${size}${continued}`, { signal, ...(accept && { accept }) });
    } catch (error) {
      if (error instanceof ApiFailure && error.kind === "too-large") return "too-large";
      throw error;
    }
  }

  /** Hands a page over and returns the token of the next; "" at the end. */
  #take(page: unknown): string {
    const items = field(page, "items");
    const kind = textField(page, "kind");
    // A list of nothing may be `null` where a server is written in Go.
    if (!kind.endsWith("List") || !(Array.isArray(items) || items === null)) {
      throw new ApiFailure("nonsense", "the cluster answered with what is no list");
    }
    const remaining = field(page, "metadata", "remainingItemCount");
    const head = { apiVersion: textField(page, "apiVersion"), kind };
    this.#reader.page(listField(page, "items"), {
      ...head,
      remaining: typeof remaining === "number" ? remaining : undefined,
    });
    this.#resourceVersion = textField(page, "metadata", "resourceVersion");
    const token = textField(page, "metadata", "continue");
    this.#bound(listField(page, "items").length, token);
    return token;
  }

  #bound(items: number, token: string): void {
    this.#objects += items;
    this.#emptyPages = items === 0 ? this.#emptyPages + 1 : 0;
    if (token === "") return;
    if (token.length > tokenLengthMax)
      throw new ApiFailure("nonsense", "the cluster continues a list with too long a token");
    if (this.#tokens.has(token))
      throw new ApiFailure("nonsense", "the cluster continues a list with a page that was there already");
    this.#tokens.add(token);
    if (this.#emptyPages >= this.#bounds.emptyPagesMax) {
      throw new ApiFailure("nonsense", `the cluster continues a list with ${this.#emptyPages} pages that hold nothing`);
    }
    if (performance.now() - this.#startedMs > this.#bounds.msMax) {
      throw new ApiFailure(
        "unreachable",
        `the cluster took more than ${this.#bounds.msMax / 60_000} minutes for a list`,
      );
    }
    if (this.#objects >= this.#bounds.objectsMax) {
      throw new ApiFailure("nonsense", `the cluster lists more than ${this.#bounds.objectsMax} objects`);
    }
  }
}
