/**
 * Every verb, in every form, by callers with every kind of right: a value is in the bytes of an answer only for whoever
 * may read it, then it is there in the forms that have values, and the record says the same.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { findLeaks, leakForms } from "../canary/canary-search.ts";
import { create, secret, secretsPath } from "../support/api-objects.ts";
import { grant, userClient } from "../support/user-client.ts";
import type { UserClient } from "../support/user-client.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer, Call } from "../running-server.ts";
import { looseAuditEvents } from "../support/audit-events.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const canary = `canary-${randomBytes(24).toString("base64url")}`;
const encoded = Buffer.from(canary).toString("base64");
const forms = leakForms(canary);
const [path, selected] = [`${secretsPath}/db`, "fieldSelector=metadata.name%3Ddb"];

before(async () => {
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({ data: { v: encoded } }) };
  await create(server, secretsPath, {
    ...secret("db", { data: { v: encoded } }),
    metadata: { name: "db", annotations },
  });
  await create(server, secretsPath, secret("frozen", { data: { v: encoded }, immutable: true }));
});

const meta = "v=v1;g=meta.k8s.io";
const protobuf = "application/vnd.kubernetes.protobuf";
/** Accept, query, and whether an answer in this form has values. */
type Form = readonly [accept: string, query: string, hasValues: boolean];
const whole: readonly Form[] = [
  ["application/json", "", true],
  ["application/json", "pretty=true", true],
  [protobuf, "", true],
  [`application/json;as=Table;${meta}`, "includeObject=Object", true],
];
const lesser = (as: string): readonly Form[] => [
  [`application/json;as=Table;${meta}`, "", false],
  [`application/json;as=Table;${meta}`, "includeObject=None", false],
  [`application/json;as=${as};${meta}`, "", false],
  [`${protobuf};as=${as};${meta}`, "", false],
];
const yaml: Form = ["application/yaml", "", true];
const ofOne = [...whole, yaml, ...lesser("PartialObjectMetadata")];
const ofLists = [...whole, yaml, ...lesser("PartialObjectMetadataList")];
const ofWatches = [...whole, ...lesser("PartialObjectMetadata")].filter(([, query]) => query !== "pretty=true");

interface Request {
  readonly verb: string;
  readonly method: string;
  readonly path: string;
  readonly call: Call;
  readonly hasValues: boolean;
}

function requests(
  verb: string,
  method: string,
  paths: readonly string[],
  accepted: readonly Form[],
  calls: readonly Call[] = [{}],
): Request[] {
  return paths.flatMap((one) =>
    calls.flatMap((call) =>
      accepted.map(([accept, query, hasValues]) => ({
        verb,
        method,
        path: query === "" ? one : `${one}${one.includes("?") ? "&" : "?"}${query}`,
        call: { ...call, headers: { ...call.headers, Accept: accept } },
        hasValues,
      })),
    ),
  );
}

const patch = (type: string, body: object): Call => ({ body, headers: { "Content-Type": `application/${type}` } });
const configuration = { apiVersion: "v1", kind: "Secret", metadata: { name: "db", labels: { a: "b" } } };
const watched = "watch=1&timeoutSeconds=1";

const matrix: readonly Request[] = [
  ...requests("get", "GET", [path, `${path}?resourceVersion=0`], ofOne),
  ...requests(
    "list",
    "GET",
    [secretsPath, `${secretsPath}?limit=1`, `${secretsPath}?${selected}`, `${secretsPath}?resourceVersion=0`],
    ofLists,
  ),
  ...requests(
    "watch",
    "GET",
    [
      `${secretsPath}?${watched}`,
      `${secretsPath}?${watched}&resourceVersion=1`,
      `${secretsPath}?${watched}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
      `/api/v1/watch/namespaces/default/secrets/db?timeoutSeconds=1`,
    ],
    ofWatches,
  ),
  ...requests("patch", "PATCH", [path, `${path}?dryRun=All`], ofOne, [
    patch("merge-patch+json", {}),
    patch("strategic-merge-patch+json", { metadata: { labels: { l: "1" } } }),
    patch("json-patch+json", []),
    patch("json-patch+json", [{ op: "copy", from: "/data/v", path: "/metadata/annotations/copied" }]),
    patch("json-patch+json", [{ op: "copy", from: "/data", path: "/metadata/labels" }]),
    patch("json-patch+json", [{ op: "copy", from: "/data/v", path: "/metadata/name" }]),
    patch("json-patch+json", [{ op: "add", path: "/data/v/x", value: 1 }]),
    patch("json-patch+json", [{ op: "replace", path: "/data", value: "x" }]),
    patch("merge-patch+json", { data: { ".": "MQ==" } }),
    patch("merge-patch+json", { type: "kubernetes.io/dockerconfigjson" }),
    patch("strategic-merge-patch+json", { data: "x" }),
  ]),
  ...requests(
    "patch",
    "PATCH",
    [`${path}?fieldManager=m&dryRun=All`, `${path}?fieldManager=m&force=true&dryRun=All`],
    ofOne,
    [
      patch("apply-patch+yaml", configuration),
      patch("apply-patch+yaml", { ...configuration, data: { v: "MQ==" } }),
      patch("apply-patch+yaml", { ...configuration, data: "x" }),
    ],
  ),
  ...requests("patch", "PATCH", [`${secretsPath}/frozen`], ofOne, [
    patch("merge-patch+json", {}),
    patch("merge-patch+json", { data: { v: "MQ==" } }),
    patch("merge-patch+json", { immutable: false }),
  ]),
  ...requests("update", "PUT", [`${path}?dryRun=All`], ofOne, [
    { body: secret("db", { data: { v: "MQ==" } }) },
    { body: secret("db", { metadata: { name: "db", resourceVersion: "1" } }) },
    { body: secret("db", { type: "other" }) },
  ]).map((request) => ({ ...request, hasValues: false })),
  ...requests(
    "delete",
    "DELETE",
    [
      `${path}?dryRun=All`,
      `${path}?dryRun=All&propagationPolicy=Foreground`,
      `${path}?dryRun=All&propagationPolicy=Orphan`,
    ],
    ofOne,
  ).map((request) => ({ ...request, hasValues: request.hasValues && request.path.includes("Policy") })),
  ...requests(
    "deletecollection",
    "DELETE",
    [`${secretsPath}?dryRun=All`, `${secretsPath}?dryRun=All&limit=1`],
    ofLists,
  ),
];

const writes = "update,patch,delete,deletecollection,create";
const callers: readonly (readonly [name: string, reads: readonly string[], rules: Parameters<typeof grant>[2][]])[] = [
  ["nobody", [], []],
  ["writer", [], [[writes, "secrets"]]],
  [
    "namer",
    [],
    [
      ["get,list,watch", "secrets/metadata"],
      [writes, "secrets"],
    ],
  ],
  ["getter", ["get"], [[`get,${writes}`, "secrets"]]],
  ["lister", ["list"], [["list", "secrets"]]],
  ["watcher", ["watch"], [["watch", "secrets"]]],
  ["reader", ["get", "list", "watch"], [[`get,list,watch,${writes}`, "secrets"]]],
];

const readVerbs = new Set(["get", "list", "watch"]);

/** Whether values may be in the answer: to a read by the right to it, to anything else by the right to get. */
function mayHaveValues(request: Request, reads: readonly string[]): boolean {
  return reads.includes(readVerbs.has(request.verb) ? request.verb : "get");
}

/** The requests of which the record says that values left. */
async function audited(): Promise<Set<string>> {
  const parsed = await looseAuditEvents(server);
  // What several watches receive has one record, with the ids of their streams.
  const requestOf = new Map(
    parsed.filter(({ streamID }) => streamID).map(({ streamID, auditID }) => [streamID, auditID]),
  );
  const claims = parsed.filter(({ disclosed, metadataOnly }) => disclosed !== undefined && metadataOnly !== true);
  return new Set(
    claims.flatMap(({ auditID, streams }) =>
      streams === undefined ? [auditID] : streams.map((id: string) => requestOf.get(id)),
    ),
  );
}

async function ask(client: UserClient, asked: readonly Request[]): Promise<(readonly [Request, Answer])[]> {
  const found: (readonly [Request, Answer])[] = [];
  for (const request of asked) found.push([request, await client(request.method, request.path, request.call)]);
  return found;
}

for (const [name, reads, rules] of callers) {
  test(`What ${name} is answered has values only by a right to read them`, async () => {
    await grant(server, name, ...rules);
    const client = await userClient(server, name);
    const watches = matrix.filter(({ verb }) => verb === "watch");
    const others = matrix.filter(({ verb }) => verb !== "watch");
    // Watches last a second each: all at once.
    const streamed = await Promise.all(watches.map((request) => ask(client, [request])));
    const answers = [...(await ask(client, others)), ...streamed.flat()];
    const claims = await audited();
    let withValues = 0;
    for (const [request, answer] of answers) {
      const { verb, method, call, hasValues } = request;
      const what = `${method} ${request.path} as ${call.headers?.["Accept"]} ${JSON.stringify(call.body) ?? ""}: ${answer.status}`;
      const leaks = [
        ...findLeaks(answer.body, forms),
        ...findLeaks(Buffer.from(JSON.stringify(answer.headers)), forms),
      ];
      const may = mayHaveValues(request, reads);
      if (!may) assert.deepEqual(leaks, [], what);
      if (may && hasValues && answer.status === 200) assert.notDeepEqual(leaks, [], what);
      if (leaks.length > 0) withValues++;
      if (verb === "update") continue; // what was sent is a disclosure, too
      assert.equal(claims.has(String(answer.headers["audit-id"])), leaks.length > 0, `the record of ${what}`);
    }
    assert.equal(withValues > 0, reads.length > 0);
    if (rules.length === 0) for (const [, { status }] of answers) assert.equal(status, 403);
  });
}

test("Nothing of the matrix changed what is stored", async () => {
  const { json } = await server.call("GET", path);
  assert.deepEqual(json.data, { v: encoded });
});
