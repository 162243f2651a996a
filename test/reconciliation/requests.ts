/** Requests of all kinds that may be answered with values, at random. */
import { randomInt, randomUUID } from "node:crypto";
import type { MarkedValues } from "./marked-values.ts";
import type { Sent } from "./transports.ts";

export const namespace = "default";
export const secretsPath = `/api/v1/namespaces/${namespace}/secrets`;
/** Secrets that all requests are about. */
const names = Array.from({ length: 12 }, (_, index) => `s-${index}`);
/** Those that pods on the node refer to, which the node may read. */
export const mountedName = "s-0";

export interface Asked extends Omit<Sent, "headers"> {
  readonly what: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a secret that no other request is about. */
  readonly onceName?: string;
}

type Make = (values: MarkedValues) => Asked;

const meta = "g=meta.k8s.io;v=v1";
const forms: Readonly<Record<string, string>> = {
  json: "application/json",
  yaml: "application/yaml",
  protobuf: "application/vnd.kubernetes.protobuf",
  table: `application/json;as=Table;${meta}`,
  metadata: `application/json;as=PartialObjectMetadata;${meta}`,
};
const listForms: Readonly<Record<string, string>> = {
  ...forms,
  metadata: `application/json;as=PartialObjectMetadataList;${meta}`,
};
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
/** Also pretends to be what makes lines of a log. */
const userAgents = ["reconciliation/1", 'agent {"auditID":"x"}', 'x" y\\z'];

function pick<T>(all: readonly T[]): T {
  const one = all[randomInt(all.length)];
  if (one === undefined) throw new RangeError("there must be something to pick from");
  return one;
}

const secretPath = () => `${secretsPath}/${pick(names)}`;

function read(what: string, path: string, accept: Readonly<Record<string, string>>, query = ""): Asked {
  const form = pick(Object.keys(accept));
  const rows = form === "table" ? pick(["", "includeObject=None", "includeObject=Object"]) : "";
  const search = [query, rows].filter((part) => part !== "").join("&");
  const headers = { Accept: accept[form] ?? "" };
  return {
    what: `${what} as ${form} ${rows}`,
    method: "GET",
    path: search === "" ? path : `${path}?${search}`,
    headers,
  };
}

function objectOf(name: string, values: MarkedValues) {
  const data = Object.fromEntries(["user", "password"].map((key) => [key, values.make({ namespace, name, key })]));
  const annotations = randomInt(4) === 0 ? { [lastApplied]: JSON.stringify({ data }) } : {};
  return { apiVersion: "v1", kind: "Secret", metadata: { name, annotations }, data };
}

function change(method: string, path: string, body: object, contentType = "application/json"): Asked {
  return { what: method, method, path, body: JSON.stringify(body), headers: { "Content-Type": contentType } };
}

function patch(values: MarkedValues, query: string): Asked {
  const name = pick(names);
  const data = randomInt(2) === 0 ? {} : { password: values.make({ namespace, name, key: "password" }) };
  const type = pick(["merge-patch+json", "strategic-merge-patch+json"]);
  const body = { metadata: { labels: { n: String(randomInt(100)) } }, data };
  return { ...change("PATCH", `${secretsPath}/${name}${query}`, body, `application/${type}`), what: `PATCH ${query}` };
}

/** What is asked most is here more than once. */
const kinds: readonly Make[] = [
  () => read("GET", secretPath(), forms),
  () => read("GET", secretPath(), forms),
  () => read("LIST", secretsPath, listForms),
  () => read("LIST of all namespaces", "/api/v1/secrets", listForms),
  () => read("LIST of a page", secretsPath, listForms, `limit=${1 + randomInt(5)}`),
  () => read("filtered LIST", secretsPath, listForms, "strongroomFilter=allowed"),
  () => read("LIST of one", secretsPath, listForms, `fieldSelector=metadata.name%3D${pick(names)}`),
  () => ({ ...read("left LIST", secretsPath, listForms), hangsUp: true }),
  () =>
    read(
      "GET of a version",
      `/apis/strongroom.dev/v1/namespaces/default/secretversions/${pick(names)}.v1/value`,
      forms,
    ),
  (values) => {
    const name = pick(names);
    return change("POST", secretsPath, objectOf(name, values));
  },
  (values) => {
    const name = `once-${randomUUID()}`;
    return { ...change("POST", secretsPath, objectOf(name, values)), what: "POST of a new one", onceName: name };
  },
  (values) => {
    const name = pick(names);
    return change("PUT", `${secretsPath}/${name}`, objectOf(name, values));
  },
  (values) => patch(values, ""),
  (values) => patch(values, "?dryRun=All"),
  () => ({ what: "DELETE", method: "DELETE", path: secretPath() }),
  () => ({
    what: "dry DELETE that waits",
    method: "DELETE",
    path: `${secretPath()}?dryRun=All&propagationPolicy=${pick(["Foreground", "Orphan"])}`,
  }),
  () => ({ what: "dry DELETE of all", method: "DELETE", path: `${secretsPath}?dryRun=All` }),
  () => ({ what: "impossible GET", method: "GET", path: `${secretsPath}/${pick(names)}%0d%0aGET` }),
];

/** A request of some kind, under an id of its own. */
export function anyRequest(values: MarkedValues): Asked {
  return pick(kinds)(values);
}

/** A watch; it ends by itself after a second, or lasts until the server ends. */
export function anyWatch(): Asked {
  const until = pick(["timeoutSeconds=1", "timeoutSeconds=600"]);
  const start = pick(["resourceVersion=0", "", "sendInitialEvents=true&resourceVersionMatch=NotOlderThan"]);
  const query = ["watch=true", until, start].filter((part) => part !== "").join("&");
  return { ...read("WATCH", secretsPath, forms, query), hangsUp: false };
}

export function anyUserAgent(): string {
  return pick(userAgents);
}
