/**
 * Bodies, queries and paths that no honest client sends: each gets the status a
 * Kubernetes server gives, the server stays up, and its memory stays flat. What
 * is wrong below HTTP (framing, slow and silent clients, floods) is tested beside
 * src/doors/http.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:tls";
import { after, before, describe, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { base64, create, secret, secretsPath } from "../support/api-objects.ts";

const mebibyte = 1024 * 1024;

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server[Symbol.asyncDispose]());

const withType = (contentType: string) => ({ "Content-Type": contentType });
const named = (name: string, fields: string) =>
  `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"${name}"}${fields === "" ? "" : `,${fields}`}}`;

describe("A create with a bad body", () => {
  const cases: readonly (readonly [string, string | Buffer, string, number, RegExp])[] = [
    ["nothing at all", "", "application/json", 400, /./],
    ["half an object", '{"apiVersion":"v1"', "application/json", 400, /unexpected end of JSON input|unexpected EOF/],
    ["text behind the object", `${named("x", "")}x`, "application/json", 400, /invalid character 'x'/],
    ["a list", "[]", "application/json", 400, /cannot unmarshal array/],
    [
      "another kind",
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}',
      "application/json",
      400,
      /ConfigMap/,
    ],
    [
      "another version",
      '{"apiVersion":"apps/v1","kind":"Secret","metadata":{"name":"x"}}',
      "application/json",
      400,
      /apps\/v1/,
    ],
    [
      "another namespace",
      named("x", "").replace('"name"', '"namespace":"other","name"'),
      "application/json",
      400,
      /does not match the namespace/,
    ],
    ["bad base64", named("x", '"data":{"a":"%%%"}'), "application/json", 400, /illegal base64 data at input byte 0/],
    ["numbers for strings", named("x", '"data":{"a":1}'), "application/json", 400, /cannot unmarshal number/],
    [
      "invalid UTF-8",
      Buffer.concat([Buffer.from('{"kind":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
      "application/json",
      400,
      /./,
    ],
    [
      "deep nesting",
      `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`,
      "application/json",
      400,
      /exceeded max depth|depth/,
    ],
    ["deep lists", "[".repeat(200_000), "application/json", 400, /./],
    [
      "a YAML bomb",
      "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f]\n",
      "application/yaml",
      400,
      /./,
    ],
    ["broken YAML", "a: [1, 2\nb: }", "application/yaml", 400, /./],
    ["two YAML documents", `${named("x", "")}\n---\n${named("y", "")}`, "application/yaml", 400, /./],
    [
      "protobuf that is none",
      Buffer.from("k8s\0\xff\xff\xff\xff", "latin1"),
      "application/vnd.kubernetes.protobuf",
      400,
      /./,
    ],
    ["protobuf without its mark", randomBytes(64), "application/vnd.kubernetes.protobuf", 400, /./],
    ["an unknown media type", "<x/>", "application/xml", 415, /unknown format/],
    [
      "a key that is a path",
      named("x", '"data":{"../etc":"MQ=="}'),
      "application/json",
      422,
      /a valid config key must consist of/,
    ],
    [
      "a huge label",
      named("x", "").replace('"name"', `"labels":{"a":"${"x".repeat(64)}"},"name"`),
      "application/json",
      422,
      /must be no more than 63/,
    ],
    [
      "huge annotations",
      named("x", "").replace('"name"', `"annotations":{"a":"${"x".repeat(262_144)}"},"name"`),
      "application/json",
      422,
      /may not be more than 262144 bytes/,
    ],
  ];
  for (const [name, body, contentType, status, text] of cases) {
    test(`is answered ${status}: ${name}`, async () => {
      const answer = await server.call("POST", secretsPath, { body, headers: withType(contentType) });
      assert.equal(answer.status, status, answer.text.slice(0, 300));
      assert.equal(answer.json.kind, "Status");
      assert.match(answer.json.message, text);
      assert.ok(answer.text.length < 10_000, "an error stays small");
    });
  }

  test("takes exactly 1 MiB of values, and refuses one byte more", async () => {
    const fits = secret("fits", { data: { a: base64(Buffer.alloc(mebibyte - 1)), b: base64("x") } });
    assert.equal((await server.call("POST", secretsPath, { body: fits })).status, 201);
    const over = secret("over", { data: { a: base64(Buffer.alloc(mebibyte)), b: base64("x") } });
    const answer = await server.call("POST", secretsPath, { body: over });
    assert.equal(answer.status, 422);
    assert.match(answer.json.message, /data: Too long: may not be more than 1048576 bytes/);
  });

  test("is refused over 3 MiB", async () => {
    const body = Buffer.alloc(3 * mebibyte + 1, 0x20);
    const declared = await server.call("POST", secretsPath, { body });
    assert.equal(declared.status, 413);
    assert.match(declared.json.message, /limit is 3145728/);
  });

  test("treats prototype names as names", async () => {
    const body = named("prototype", '"data":{"__proto__":"MQ==","constructor":"Mg==","toString":"Mw=="}');
    const created = await server.call("POST", secretsPath, { body });
    assert.equal(created.status, 201, created.text);
    const { text } = await server.call("GET", `${secretsPath}/prototype`);
    for (const pair of ['"__proto__":"MQ=="', '"constructor":"Mg=="', '"toString":"Mw=="'])
      assert.ok(text.includes(pair), text);
    const polluted = named("polluted", "").replace('"metadata":{', '"metadata":{"__proto__":{"labels":{"a":"b"}},');
    const strict = await server.call("POST", `${secretsPath}?fieldValidation=Strict`, { body: polluted });
    assert.match(strict.json.message, /unknown field \\?"metadata\.__proto__/);
    const merge = {
      body: '{"__proto__":{"type":"x"},"metadata":{"labels":{"__proto__":"y"}}}',
      headers: withType("application/merge-patch+json"),
    };
    const patched = await server.call("PATCH", `${secretsPath}/prototype`, merge);
    assert.equal(patched.status, 422, "a label may not be named so");
    assert.equal(({} as Record<string, unknown>)["type"], undefined);
  });

  test("warns of unknown and duplicate fields, ignores or refuses them as asked", async () => {
    const body = (name: string) => named(name, '"nope":1,"type":"a","type":"b"');
    const warned = await server.call("POST", secretsPath, { body: body("warned") });
    assert.equal(warned.status, 201);
    assert.match(String(warned.headers["warning"]), /unknown field \\"nope\\".*duplicate field \\"type\\"/);
    const ignored = await server.call("POST", `${secretsPath}?fieldValidation=Ignore`, { body: body("ignored") });
    assert.deepEqual([ignored.status, ignored.headers["warning"]], [201, undefined]);
    const strict = await server.call("POST", `${secretsPath}?fieldValidation=Strict`, { body: body("strict") });
    assert.match(strict.json.message, /strict decoding error: unknown field "nope", duplicate field "type"/);
  });
});

describe("A request with a bad query or path", () => {
  const forged = (token: object | string) =>
    Buffer.from(typeof token === "string" ? token : JSON.stringify(token)).toString("base64url");
  const cases: readonly (readonly [string, string, number])[] = [
    ["a limit that is no number", "?limit=many", 400],
    ["a continue token that is none", "?continue=%00%01", 400],
    ["a forged continue token", `?continue=${forged({ v: "meta.k8s.io/v1", rv: 1e300, start: "a\0" })}`, 400],
    ["a continue token without a start", `?continue=${forged({ v: "meta.k8s.io/v1", rv: 5 })}`, 400],
    ["a continue token of another version", `?continue=${forged({ v: "v9", rv: 5, start: "a\0" })}`, 400],
    [
      "a continue token into another prefix",
      `?continue=${forged({ v: "meta.k8s.io/v1", rv: 5, start: "../../../strongroom/pki\0" })}`,
      400,
    ],
    ["a version that is no number", "?resourceVersion=latest", 400],
    ["a label selector that does not parse", "?labelSelector=a%20in", 400],
    ["an unknown field selector", "?fieldSelector=spec.nodeName%3Dx", 400],
    ["a match without a version", "?resourceVersionMatch=Exact", 422],
  ];
  for (const [name, query, status] of cases) {
    test(`is answered ${status}: ${name}`, async () => {
      const answer = await server.call("GET", `${secretsPath}${query}`);
      const allowed = name.includes("another prefix") ? [200, 400, 410] : [status];
      assert.ok(allowed.includes(answer.status), `${answer.status} ${answer.text.slice(0, 300)}`);
      assert.ok(!answer.text.includes("pki"), "nothing but secrets comes back");
    });
  }

  test("with a negative limit is a request without one", async () => {
    assert.equal((await server.call("GET", `${secretsPath}?limit=-1`)).status, 200);
  });

  for (const path of [
    "/api/v1/namespaces/..%2f..%2f/secrets",
    "/api/v1/namespaces/default/secrets/..%2fx",
    "/api/v1/namespaces/default/secrets/%00",
    "/api/v1/namespaces/default/secrets/a%2fb",
    "/api/v1/namespaces/%e2%98%83/secrets/x",
    "/api/v1/namespaces/default/secrets/x/y/z",
    "/apis/none/v1/things",
    "/api/v2",
    "/../etc/passwd",
    "/api/v1/namespaces/default/secrets/%zz",
  ]) {
    test(`finds nothing at ${path}`, async () => {
      const answer = await server.call("GET", path);
      assert.ok(answer.status === 404 || answer.status === 400, `${answer.status}`);
    });
  }

  test("with a method that means nothing is answered 405 or 400", async () => {
    for (const method of ["TRACE", "PROPFIND", "OPTIONS"]) {
      const answer = await server.call(method, secretsPath);
      assert.ok([400, 403, 405].includes(answer.status), `${method}: ${answer.status}`);
    }
  });

  test("from a page of another site is refused, and cookies mean nothing", async () => {
    for (const headers of [{ Origin: "https://evil.example" }, { "Sec-Fetch-Site": "cross-site" }]) {
      assert.equal((await server.call("GET", secretsPath, { headers })).status, 403);
    }
  });
});

describe("Memory", () => {
  /** Anonymous memory of this process, in which the server runs too, in MiB. */
  const anonymousMiB = () => Number(/RssAnon:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;

  test("stays flat under a barrage of bad bodies", async () => {
    const bodies = [
      "[".repeat(100_000),
      named("x", '"data":{"a":"%"}'),
      "{",
      `{"a":"${"x".repeat(500_000)}"}`,
      named("Bad_", ""),
    ];
    const round = async () => {
      for (let i = 0; i < 40; i++) {
        await Promise.all(bodies.map((body) => server.call("POST", secretsPath, { body })));
      }
    };
    await round();
    const before = anonymousMiB();
    await round();
    await round();
    const growth = anonymousMiB() - before;
    assert.ok(growth < 100, `grew by ${growth} MiB over 400 requests of 240 MB in all`);
    assert.equal((await server.call("GET", "/readyz")).status, 200);
  });

  test("stays flat with watches that are never read, and other clients do not notice", async () => {
    await create(server, secretsPath, secret("noisy", { data: { a: base64(randomBytes(100_000)) } }));
    const sockets = await Promise.all(Array.from({ length: 10 }, () => silentWatch(server)));
    const before = anonymousMiB();
    for (let i = 0; i < 150; i++) {
      const body = { data: { a: base64(randomBytes(100_000)) } };
      const answer = await server.call("PATCH", `${secretsPath}/noisy`, {
        body,
        headers: withType("application/merge-patch+json"),
      });
      assert.equal(answer.status, 200);
    }
    const growth = anonymousMiB() - before;
    for (const socket of sockets) socket.destroy();
    // 150 events of 133 KB for each of ten clients are 200 MB that nobody takes.
    assert.ok(growth < 150, `grew by ${growth} MiB`);
  });
});

/** Opens a watch and never reads what comes. */
function silentWatch(of: TestServer) {
  const { hostname, port } = new URL(of.url);
  return new Promise<ReturnType<typeof connect>>((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), ...of.credentials }, () => {
      socket.write(`GET ${secretsPath}?watch=true HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`, () => {
        socket.once("readable", () => {
          socket.pause();
          resolve(socket);
        });
      });
    });
    socket.once("error", reject);
  });
}
