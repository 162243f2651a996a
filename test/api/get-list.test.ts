/** GET and LIST: selectors, pages, resource versions and every form of an answer. Source: apiserver pkg/endpoints/handlers/get.go. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import {
  assertFailure,
  base64,
  create,
  createNamespace,
  secret,
  secretsIn,
  secretsPath,
} from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const get = (path: string, headers: Record<string, string> = {}) => server.call("GET", path, { headers });
const names = (answer: Answer): string[] => answer.json.items.map((item: Answer["json"]) => item.metadata.name);
const encode = encodeURIComponent;

const apples = secretsIn("apples");

before(async () => {
  await createNamespace(server, "apples");
  await createNamespace(server, "pears");
  const labels = (colour: string) => ({ colour, tier: "one" });
  await create(server, apples, {
    metadata: { name: "a", labels: labels("red") },
    data: { k: base64("1"), l: base64("2") },
  });
  await create(server, apples, { metadata: { name: "b", labels: labels("green") }, type: "own" });
  await create(server, apples, { metadata: { name: "b-c", labels: { colour: "red" } } });
  await create(server, apples, { metadata: { name: "b.c" } });
  await create(server, secretsIn("pears"), { metadata: { name: "a", labels: labels("green") } });
});

const selections: [query: string, expected: string[]][] = [
  ["", ["a", "b", "b-c", "b.c"]],
  ["labelSelector=colour%3Dred", ["a", "b-c"]],
  ["labelSelector=colour%3D%3Dred,tier", ["a"]],
  ["labelSelector=colour!%3Dred", ["b", "b.c"]],
  ["labelSelector=colour+in+(red,green),tier+notin+(two)", ["a", "b", "b-c"]],
  ["labelSelector=!colour", ["b.c"]],
  ["fieldSelector=metadata.name%3Da", ["a"]],
  ["fieldSelector=metadata.name!%3Da", ["b", "b-c", "b.c"]],
  ["fieldSelector=metadata.name%3Dabsent", []],
  ["fieldSelector=type%3Down", ["b"]],
  ["fieldSelector=type%3D%3DOpaque,metadata.name!%3Db.c", ["a", "b-c"]],
  ["fieldSelector=metadata.namespace%3Dapples", ["a", "b", "b-c", "b.c"]],
  ["fieldSelector=metadata.namespace%3Dpears", []],
  ["fieldSelector=type%3DOpaque&labelSelector=colour%3Dred", ["a", "b-c"]],
];

for (const [query, expected] of selections) {
  test(`A list with ${query === "" ? "no selector" : query} holds ${expected.join(", ") || "nothing"}`, async () => {
    const answer = await get(`${apples}?${query}`);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(names(answer), expected);
  });
}

test("A list over all namespaces is in the order of namespace and name", async () => {
  const answer = await get("/api/v1/secrets?labelSelector=tier");
  const places = answer.json.items.map(({ metadata }: Answer["json"]) => `${metadata.namespace}/${metadata.name}`);
  assert.deepEqual(places, ["apples/a", "apples/b", "pears/a"]);
  const one = await get("/api/v1/secrets?fieldSelector=metadata.namespace%3Dpears");
  assert.deepEqual(names(one), ["a"]);
});

test("An empty list has items, and a secret of no data has no data", async () => {
  const empty = await get(secretsIn("kube-public"));
  assert.match(
    empty.text,
    /^\{"kind":"SecretList","apiVersion":"v1","metadata":\{"resourceVersion":"\d+"\},"items":\[\]\}\n$/,
  );
  assert.equal("data" in (await get(`${apples}/b`)).json, false);
});

test("Namespaces can be selected by phase and by name label", async () => {
  assert.ok(names(await get("/api/v1/namespaces?fieldSelector=status.phase%3DActive")).includes("apples"));
  assert.deepEqual(names(await get("/api/v1/namespaces?labelSelector=kubernetes.io/metadata.name%3Dapples")), [
    "apples",
  ]);
});

const badQueries: [query: string, code: number, reason: string, message: string | RegExp][] = [
  ["fieldSelector=spec.foo%3Dbar", 400, "BadRequest", "field label not supported: spec.foo"],
  ["fieldSelector=metadata.name", 400, "BadRequest", /invalid (field )?selector: 'metadata.name'/],
  ["labelSelector=a+in+(", 400, "BadRequest", /^unable to parse requirement: /],
  ["labelSelector=a%3Db%3Dc", 400, "BadRequest", /^(unable to parse requirement|couldn't parse the selector|found )/],
  ["limit=abc", 400, "BadRequest", 'strconv.ParseInt: parsing "abc": invalid syntax'],
  ["continue=abc", 400, "BadRequest", /continue key is not valid/],
  ["resourceVersion=abc", 400, "BadRequest", /invalid resource version/],
];

for (const [query, code, reason, message] of badQueries) {
  test(`A list with ${query} is a ${code}`, async () => {
    const answer = await get(`${apples}?${query}`);
    assert.equal(answer.status, code, answer.text);
    assert.equal(answer.json.reason, reason);
    if (typeof message === "string") assert.equal(answer.json.message, message);
    else assert.match(answer.json.message, message);
  });
}

const badOptions: [query: string, field: string, type: string, detail: string][] = [
  [
    "resourceVersionMatch=Exact",
    "resourceVersionMatch",
    "Forbidden",
    "resourceVersionMatch is forbidden unless resourceVersion is provided",
  ],
  [
    "resourceVersionMatch=Some&resourceVersion=1",
    "resourceVersionMatch",
    "Unsupported value",
    '"Some": supported values: "Exact", "NotOlderThan", ""',
  ],
  [
    "resourceVersionMatch=Exact&resourceVersion=0",
    "resourceVersionMatch",
    "Forbidden",
    'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
  ],
  [
    "resourceVersionMatch=Exact&resourceVersion=1&continue=x",
    "resourceVersionMatch",
    "Forbidden",
    "resourceVersionMatch is forbidden when continue is provided",
  ],
  ["sendInitialEvents=true", "sendInitialEvents", "Forbidden", "sendInitialEvents is forbidden for list"],
  [
    "watch=true&sendInitialEvents=true",
    "resourceVersionMatch",
    "Forbidden",
    "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
  ],
  [
    "watch=true&resourceVersionMatch=NotOlderThan",
    "resourceVersionMatch",
    "Forbidden",
    "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
  ],
];

for (const [query, field, type, detail] of badOptions) {
  test(`${query} is a 422 of ListOptions`, async () => {
    const text = `${type}: ${detail}`;
    const reason = type === "Forbidden" ? "FieldValueForbidden" : "FieldValueNotSupported";
    assertFailure(
      await get(`${apples}?${query}`),
      422,
      "Invalid",
      `ListOptions.meta.k8s.io "" is invalid: ${field}: ${text}`,
      {
        group: "meta.k8s.io",
        kind: "ListOptions",
        causes: [{ reason, message: text, field }],
      },
    );
  });
}

test("Pages share one resourceVersion, count what remains and skip what came later", async () => {
  const first = await get(`${apples}?limit=2`);
  const { resourceVersion, remainingItemCount, continue: token } = first.json.metadata;
  assert.deepEqual(names(first), ["a", "b"]);
  assert.equal(remainingItemCount, 2);
  assert.match(token, /^[A-Za-z0-9_-]+$/);
  await create(server, apples, secret("bb"));
  const second = await get(`${apples}?limit=1&continue=${token}`);
  assert.deepEqual(names(second), ["b-c"]);
  assert.equal(second.json.metadata.remainingItemCount, 1);
  assert.equal(second.json.metadata.resourceVersion, resourceVersion);
  const third = await get(`${apples}?limit=5&continue=${second.json.metadata.continue}`);
  assert.deepEqual(names(third), ["b.c"]);
  assert.deepEqual(third.json.metadata, { resourceVersion });
  await server.call("DELETE", `${apples}/bb`);
});

test("A limit applies after the selector, and then nothing says how many remain", async () => {
  const first = await get(`${apples}?limit=1&labelSelector=colour%3Dred`);
  assert.deepEqual(names(first), ["a"]);
  assert.equal("remainingItemCount" in first.json.metadata, false);
  const rest = await get(`${apples}?limit=1&labelSelector=colour%3Dred&continue=${first.json.metadata.continue}`);
  assert.deepEqual(names(rest), ["b-c"]);
});

test("Pages of one item walk a list of all namespaces to its end", async () => {
  const all = names(await get("/api/v1/secrets"));
  const walked: string[] = [];
  let token = "";
  do {
    const page = await get(`/api/v1/secrets?limit=1${token === "" ? "" : `&continue=${token}`}`);
    walked.push(...names(page));
    token = page.json.metadata.continue ?? "";
  } while (token !== "");
  assert.deepEqual(walked, all);
});

test("A negative limit is no limit", async () => {
  assert.equal(names(await get(`${apples}?limit=-1`)).length, 4);
});

test("resourceVersionMatch=Exact reads the past, NotOlderThan and 0 the present", async () => {
  const past = (await get(apples)).json.metadata.resourceVersion;
  await create(server, apples, secret("newer"));
  const exact = await get(`${apples}?resourceVersion=${past}&resourceVersionMatch=Exact`);
  assert.equal(exact.json.metadata.resourceVersion, past);
  assert.equal(names(exact).includes("newer"), false);
  for (const query of [
    `resourceVersion=${past}&resourceVersionMatch=NotOlderThan`,
    "resourceVersion=0",
    `resourceVersion=${past}`,
  ]) {
    assert.ok(names(await get(`${apples}?${query}`)).includes("newer"), query);
  }
  const legacy = await get(`${apples}?resourceVersion=${past}&limit=50`);
  assert.equal(legacy.json.metadata.resourceVersion, past);
  await server.call("DELETE", `${apples}/newer`);
});

test("A GET takes a resourceVersion that is reached, and ignores watch", async () => {
  const { resourceVersion } = (await get(apples)).json.metadata;
  assert.equal((await get(`${apples}/a?resourceVersion=${resourceVersion}`)).json.metadata.name, "a");
  assert.equal((await get(`${apples}/a?resourceVersion=0&watch=true`)).json.kind, "Secret");
});

test("JSON is compact and ends in a newline, and indented where asked for or where a person reads", async () => {
  const compact = await get(`${apples}/a`);
  assert.equal(compact.text, `${JSON.stringify(compact.json)}\n`);
  const indented = JSON.stringify(compact.json, undefined, 2);
  assert.equal((await get(`${apples}/a?pretty=true`)).text.trimEnd(), indented);
  for (const agent of ["curl/8.5.0", "Wget/1.21", "Mozilla/5.0"]) {
    assert.equal((await get(`${apples}/a`, { "User-Agent": agent })).text.trimEnd(), indented);
    assert.equal((await get(`${apples}/a?pretty=false`, { "User-Agent": agent })).text, compact.text);
  }
  const list = await get(apples);
  assert.equal((await get(`${apples}?pretty=1`)).text.trimEnd(), JSON.stringify(list.json, undefined, 2));
});

test("YAML says what JSON says", async () => {
  for (const path of [apples, `${apples}/a`]) {
    const yaml = await get(path, { Accept: "application/yaml" });
    assert.equal(yaml.headers["content-type"], "application/yaml");
    assert.deepEqual(parse(yaml.text), (await get(path)).json);
  }
});

test("Protobuf comes in the envelope with the object's type", async () => {
  for (const [path, kind] of [
    [apples, "SecretList"],
    [`${apples}/a`, "Secret"],
  ] as const) {
    const answer = await get(path, { Accept: "application/vnd.kubernetes.protobuf" });
    assert.equal(answer.headers["content-type"], "application/vnd.kubernetes.protobuf");
    // k8s\0, then runtime.Unknown: field 1 is TypeMeta { 1: apiVersion, 2: kind }.
    const typeMeta = Buffer.concat([
      Buffer.from([0x0a, 2]),
      Buffer.from("v1"),
      Buffer.from([0x12, kind.length]),
      Buffer.from(kind),
    ]);
    const head = Buffer.concat([Buffer.from("k8s\0"), Buffer.from([0x0a, typeMeta.length]), typeMeta]);
    assert.deepEqual(answer.body.subarray(0, head.length), head);
  }
});

test("Answers above 128 KiB are compressed for clients that take gzip", async () => {
  await create(server, secretsPath, secret("large", { data: { a: Buffer.alloc(200_000, 7).toString("base64") } }));
  for (const path of [`${secretsPath}/large`, secretsPath]) {
    const plain = await get(path);
    assert.equal(plain.headers["content-encoding"], undefined);
    const zipped = await get(path, { "Accept-Encoding": "gzip" });
    assert.equal(zipped.headers["content-encoding"], "gzip");
    assert.equal(zipped.text, plain.text);
    const refused = await get(path, { "Accept-Encoding": "gzip;q=0" });
    assert.equal(refused.headers["content-encoding"], undefined);
  }
  assert.equal((await get(`${apples}/a`, { "Accept-Encoding": "gzip" })).headers["content-encoding"], undefined);
});

const tableAccept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

test("A Table has the columns and cells of secrets, and metadata in its rows", async () => {
  const answer = await get(apples, { Accept: tableAccept });
  const table = answer.json;
  assert.equal(answer.headers["content-type"], "application/json");
  assert.equal(table.kind, "Table");
  assert.equal(table.apiVersion, "meta.k8s.io/v1");
  assert.match(table.metadata.resourceVersion, /^\d+$/);
  const columns = table.columnDefinitions.map(({ name, type, format, priority }: Answer["json"]) => [
    name,
    type,
    format,
    priority,
  ]);
  assert.deepEqual(columns, [
    ["Name", "string", "name", 0],
    ["Type", "string", "", 0],
    ["Data", "string", "", 0],
    ["Age", "string", "", 0],
  ]);
  const [first] = table.rows;
  assert.deepEqual(first.cells.slice(0, 3), ["a", "Opaque", 2]);
  assert.match(first.cells[3], /^\d+s$/);
  assert.equal(first.object.kind, "PartialObjectMetadata");
  assert.equal(first.object.apiVersion, "meta.k8s.io/v1");
  assert.equal(first.object.metadata.name, "a");
  assert.equal(answer.text.includes(base64("1")), false);
});

test("A Table of namespaces has Name, Status and Age", async () => {
  const { columnDefinitions, rows } = (await get("/api/v1/namespaces", { Accept: tableAccept })).json;
  assert.deepEqual(
    columnDefinitions.map(({ name }: { name: string }) => name),
    ["Name", "Status", "Age"],
  );
  assert.deepEqual(rows[0].cells.slice(0, 2), ["apples", "Active"]);
});

test("A GET of one secret can be a Table of one row", async () => {
  const { json } = await get(`${apples}/a`, { Accept: tableAccept });
  assert.equal(json.kind, "Table");
  assert.equal(json.rows.length, 1);
});

test("includeObject says what a row carries", async () => {
  const rowsOf = async (query: string) => (await get(`${apples}?${query}`, { Accept: tableAccept })).json.rows;
  assert.equal("object" in (await rowsOf("includeObject=None"))[0], false);
  const [whole] = await rowsOf("includeObject=Object");
  assert.deepEqual(whole.object.data, { k: base64("1"), l: base64("2") });
  assert.equal(whole.object.kind, "Secret");
  const bad = await get(`${apples}?includeObject=Some`, { Accept: tableAccept });
  assertFailure(
    bad,
    400,
    "BadRequest",
    "Unable to convert to Table as requested: includeObject: Invalid value: \"Some\": must be 'Metadata', 'Object', 'None', or empty",
  );
});

test("A Table of a version nobody knows falls to the next type, or is a 406", async () => {
  const accept = "application/json;as=Table;v=v9;g=meta.k8s.io";
  assert.equal((await get(apples, { Accept: `${accept},application/json` })).json.kind, "SecretList");
  assert.equal((await get(apples, { Accept: accept })).status, 406);
  assert.equal(
    (await get(apples, { Accept: "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io" })).status,
    406,
  );
});

test("PartialObjectMetadata has metadata and no values, in JSON and protobuf", async () => {
  const one = await get(`${apples}/a`, { Accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" });
  assert.equal(one.json.kind, "PartialObjectMetadata");
  assert.equal(one.json.apiVersion, "meta.k8s.io/v1");
  assert.deepEqual(Object.keys(one.json), ["kind", "apiVersion", "metadata"]);
  const list = await get(apples, { Accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" });
  assert.equal(list.json.kind, "PartialObjectMetadataList");
  assert.deepEqual(names(list), ["a", "b", "b-c", "b.c"]);
  assert.equal(list.text.includes(base64("1")), false);
  const protobuf = await get(apples, {
    Accept: "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
  });
  assert.equal(protobuf.status, 200);
  assert.ok(protobuf.text.includes("PartialObjectMetadataList"));
  assert.ok(protobuf.text.includes("colour"));
});

test("A name that cannot be one is not found, and never an internal error", async () => {
  for (const name of ["A", "a b", "ä", "a:b", "x".repeat(2000), "a\u0001"]) {
    const answer = await get(`${apples}/${encode(name)}`);
    assert.ok([400, 404].includes(answer.status), `${name.slice(0, 9)}: ${answer.text}`);
    const selected = await get(`${apples}?fieldSelector=metadata.name%3D${encode(name)}`);
    assert.equal(selected.status, 200, selected.text);
    assert.deepEqual(names(selected), []);
  }
});
