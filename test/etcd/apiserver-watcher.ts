/** A client that keeps what it knows of the secrets of a namespace up to date, as a kubelet or controller does: list, watch, and again. */
import { request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import type { RealApiserver } from "../support/real-apiserver.ts";

interface Listed {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data?: { readonly value?: string };
}

/** What is told of a change; of a bookmark or an error, other things. */
interface Told {
  readonly type: string;
  readonly object: Listed;
}

export class ApiserverWatcher {
  /** The value of each secret that is known, by its name. */
  readonly known = new Map<string, string>();
  /** How often it began to watch. */
  watches = 0;
  readonly #cluster: RealApiserver;
  readonly #path: string;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #onChange = () => {};

  constructor(cluster: RealApiserver, path: string) {
    this.#cluster = cluster;
    this.#path = path;
    this.#running = this.#run();
  }

  /** Resolves when what is known is so. */
  async until(isSo: (known: ReadonlyMap<string, string>) => boolean): Promise<void> {
    while (!isSo(this.known)) await new Promise<void>((resolve) => (this.#onChange = resolve));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let version: string | undefined;
    while (!signal.aborted) {
      try {
        version ??= await this.#list();
        version = await this.#watch(version);
      } catch {
        // The API server has none now: asked again until it has.
        version = undefined;
      }
    }
  }

  async #list(): Promise<string> {
    const list = (await this.#cluster.call("GET", this.#path)) as {
      readonly metadata: { readonly resourceVersion: string };
      readonly items: readonly Listed[];
    }; // as the API has it
    this.known.clear();
    for (const item of list.items) this.known.set(item.metadata.name, item.data?.value ?? "");
    this.#onChange();
    return list.metadata.resourceVersion;
  }

  /** Resolves when the watch has ended: to where it came, or to undefined when that is too old. */
  async #watch(from: string): Promise<string | undefined> {
    let version = from;
    const answer = await this.#open(from);
    if (answer.statusCode !== 200) {
      answer.resume();
      return undefined;
    }
    this.watches += 1;
    this.#onChange();
    try {
      for await (const line of createInterface({ input: answer })) {
        const { type, object } = JSON.parse(line) as Told;
        if (type === "ERROR") return undefined;
        version = object.metadata.resourceVersion;
        if (type === "DELETED") this.known.delete(object.metadata.name);
        else if (type !== "BOOKMARK") this.known.set(object.metadata.name, object.data?.value ?? "");
        this.#onChange();
      }
    } catch {
      // The connection was cut: it goes on from where it was.
    }
    return version;
  }

  #open(from: string): Promise<IncomingMessage> {
    const { url, ca, token } = this.#cluster;
    const path = `${this.#path}?watch=true&resourceVersion=${from}`;
    return new Promise((resolve, reject) => {
      const headers = { Authorization: `Bearer ${token}` };
      const asked = httpsRequest(new URL(path, url), { ca, headers, agent: false, signal: this.#stop.signal }, resolve);
      asked.on("error", reject);
      asked.end();
    });
  }
}
