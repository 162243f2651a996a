/**
 * Fills a data directory with secrets, or config maps, through the storage of the kind, without
 * HTTP: what is stored is what the server would have stored.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { storedNamespaceFacts } from "../../src/core/namespaces/stored-namespace-facts.ts";
import { Secrets } from "../../src/core/secrets/secrets.ts";
import { jsonObject } from "../../src/doors/kubernetes/codec/json.ts";
import { ensureSystemNamespaces } from "../../src/doors/kubernetes/controllers/system-namespaces.ts";
import { configMapKind } from "../../src/doors/kubernetes/kinds/config-map.ts";
import { namespaceKind } from "../../src/doors/kubernetes/kinds/namespace.ts";
import { fillSystemFields } from "../../src/doors/kubernetes/kinds/system-fields.ts";
import { plainStorage } from "../../src/doors/kubernetes/storage/plain-storage.ts";
import { secretStorage } from "../../src/doors/kubernetes/storage/secret-storage.ts";
import { openDataStore } from "../../src/instance/data-store.ts";
import { openInstance } from "../../src/instance/instance.ts";
import type { ServerConfig } from "../../src/server/server-config.ts";
import { entryOptions, tell } from "./entry.ts";

export interface SeedOptions {
  readonly config: ServerConfig;
  /** Names become PREFIX-1 to PREFIX-COUNT, in the namespace `default`. */
  readonly prefix: string;
  readonly count: number;
  readonly valueBytes: number;
  /** Default: secrets. */
  readonly resource?: "secrets" | "configmaps";
}

export interface Seeded {
  readonly secondsTaken: number;
}

const { config, prefix, count, valueBytes, resource = "secrets" } = entryOptions<SeedOptions>();
/** Bytes of values that may be under way at a time. */
const inFlightBytesMax = 16 * 1024 * 1024;
const writers = Math.max(8, Math.min(256, Math.floor(inFlightBytesMax / valueBytes)));

const instance = await openInstance(config.dataDir, config.rootKey);
const data = await openDataStore(config.dataDir, instance.rootKey, {}, (error) => {
  throw error;
});
const now = () => new Date();
const namespaces = storedNamespaceFacts(data.store);
await ensureSystemNamespaces(plainStorage(data.store, namespaceKind, namespaces), {
  uuid: randomUUID,
  now,
});
const storage =
  resource === "configmaps"
    ? plainStorage(data.store, configMapKind, namespaces)
    : secretStorage(new Secrets({ store: data.store, namespaces, limits: config.versions, now, randomBytes }));

const startedMs = performance.now();
let next = 1;
await Promise.all(Array.from({ length: Math.min(writers, count) }, writeSome));
await data[Symbol.asyncDispose]();
tell({ secondsTaken: (performance.now() - startedMs) / 1000 } satisfies Seeded);
process.disconnect();

async function writeSome(): Promise<void> {
  while (next <= count) {
    const name = `${prefix}-${next++}`;
    const tree = jsonObject([
      [
        "metadata",
        jsonObject([
          ["name", name],
          ["namespace", "default"],
        ]),
      ],
      ["data", jsonObject([["value", randomBytes(valueBytes).toString("base64")]])],
      ...(resource === "secrets" ? [["type", "Opaque"] as const] : []),
    ]);
    fillSystemFields(tree, { uid: randomUUID(), now: now() });
    await storage.create(tree, { author: "bench", door: "kubernetes" });
  }
}
