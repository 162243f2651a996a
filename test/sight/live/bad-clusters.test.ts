/** A cluster that misbehaves ends in a clear error or in what is listed as unknown: never in silence, never in a hang. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerResponse } from "node:http";
import { isStrongroomError } from "../../../src/errors/strongroom-error.ts";
import type { FactSet } from "../../../src/sight/facts/fact-set.ts";
import { listBounds } from "../../../src/sight/sources/cluster/list-pages.ts";
import { discoveryOf, refuse, rolePage, rolesPath, sendJson, startScriptedCluster } from "./scripted-cluster.ts";
import type { Script } from "./scripted-cluster.ts";

const forever = new AbortController().signal;

/** The facts of a cluster whose list of roles is answered by `roles`, and what it was asked. */
async function readWith(roles: (url: URL, response: ServerResponse) => void, bounds = listBounds) {
  await using cluster = await startScriptedCluster((url, response) => {
    if (url.pathname !== rolesPath) return false;
    roles(url, response);
    return true;
  });
  using source = cluster.source({ bounds });
  const facts = await source.read(forever);
  return { facts, asked: cluster.asked.filter((path) => path.startsWith(rolesPath)) };
}

const namesOf = (facts: FactSet) => facts.of("Role").map(({ name }) => name);

/** The one gap that there is about roles; whatever else was read is known. */
function roleGap(facts: FactSet): string {
  const gaps = facts.coverage.gaps.filter(({ kind }) => kind === "Role");
  assert.equal(gaps.length, 1, JSON.stringify(facts.coverage.gaps));
  assert.equal(facts.knows("Role"), false);
  assert.equal(facts.knows("Pod"), true);
  return gaps[0]?.message ?? "";
}

test("A list whose continuation is gone starts again, and what came before is void", async () => {
  let begun = 0;
  const { facts, asked } = await readWith((url, response) => {
    const token = url.searchParams.get("continue");
    if (token === null) begun++;
    if (token === null) sendJson(response, rolePage([`first-${begun}`], `next-${begun}`));
    else if (begun === 1) refuse(response, 410, "The provided continue parameter is too old");
    else sendJson(response, rolePage(["last"]));
  });
  assert.deepEqual(namesOf(facts), ["first-2", "last"]);
  assert.deepEqual([begun, asked.length, facts.knows("Role")], [2, 4, true]);
});

test("A list that is gone each time ends, and is unknown", async () => {
  const { facts } = await readWith((url, response) => {
    if (url.searchParams.has("continue")) refuse(response, 410, "too old");
    else sendJson(response, rolePage(["one"], "next"));
  });
  assert.match(roleGap(facts), /the cluster answered with 410: too old/);
});

test("A continue token that comes again ends the list; what was read stays", async () => {
  const { facts } = await readWith((url, response) => {
    const token = url.searchParams.get("continue") ?? "none";
    sendJson(response, rolePage([`role-${token}`], token === "none" ? "a" : "a"));
  });
  assert.match(roleGap(facts), /continues a list with a page that was there already; 2 of them were read before/);
  assert.deepEqual(namesOf(facts), ["role-none", "role-a"]);
});

test("Endless pages end: those that hold nothing, the same again, or ever more", async () => {
  let page = 0;
  const empty = await readWith((_url, response) => void sendJson(response, rolePage([], `t${page++}`)));
  assert.match(roleGap(empty.facts), /pages that hold nothing/);
  const same = await readWith((_url, response) => void sendJson(response, rolePage(["one"], `t${page++}`)));
  assert.match(roleGap(same.facts), /the same objects again and again/);
  const bounds = { ...listBounds, objectsMax: 30 };
  const more = await readWith(
    (_url, response) => void sendJson(response, rolePage([`r${page++}`], `t${page}`)),
    bounds,
  );
  assert.match(roleGap(more.facts), /more than 30 objects/);
  const long = await readWith((_url, response) => void sendJson(response, rolePage(["one"], "t".repeat(10_000))));
  assert.match(roleGap(long.facts), /too long a token/);
});

test("A cluster that goes away in the middle of a page is asked again; one that stays away is unknown", async () => {
  let broken = 0;
  const breakOff = (response: ServerResponse) => {
    broken++;
    response.writeHead(200, { "Content-Type": "application/json" });
    response.write('{"kind":"RoleList","items":[');
    setImmediate(() => response.destroy());
  };
  const once = await readWith((url, response) => {
    if (url.searchParams.has("continue") && broken === 0) breakOff(response);
    else sendJson(response, url.searchParams.has("continue") ? rolePage(["two"]) : rolePage(["one"], "next"));
  });
  assert.deepEqual([namesOf(once.facts), once.facts.knows("Role")], [["one", "two"], true]);
  const always = await readWith((url, response) => {
    if (url.searchParams.has("continue")) breakOff(response);
    else sendJson(response, rolePage(["one"], "next"));
  });
  assert.match(roleGap(always.facts), /the connection to 127.0.0.1:\d+ failed/);
  assert.deepEqual(namesOf(always.facts), ["one"]);
});

test("A cluster that hangs is given up, before an answer and in the middle of one", async () => {
  const before = await readWith(() => undefined);
  assert.match(roleGap(before.facts), /silent for too long|took too long/);
  const within = await readWith((_url, response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.write('{"kind":"RoleList",');
  });
  assert.match(roleGap(within.facts), /silent for too long|took too long/);
});

test("Refused is not empty: each kind is unknown, with the right that is missing and the rule that gives it", async () => {
  await using cluster = await startScriptedCluster((url, response) => {
    if (!/\/(?:namespaces|pods|secrets|roles)$/.test(url.pathname)) return false;
    return refuse(response, 403, `${url.pathname} is forbidden`);
  });
  using source = cluster.source();
  const facts = await source.read(forever);
  for (const kind of ["Namespace", "Pod", "Secret", "Role"] as const) assert.equal(facts.knows(kind), false, kind);
  assert.deepEqual([...facts.all()], []);
  assert.deepEqual(
    facts.coverage.gaps.map(({ kind, reason, missing }) => [kind, reason, missing?.rule]),
    [
      ["Role", "forbidden", '{apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"], verbs: ["list"]}'],
      ["Pod", "forbidden", '{apiGroups: [""], resources: ["pods"], verbs: ["list"]}'],
      ["Namespace", "forbidden", '{apiGroups: [""], resources: ["namespaces"], verbs: ["list"]}'],
      ["Secret", "forbidden", '{apiGroups: [""], resources: ["secrets"], verbs: ["list"]}'],
    ],
  );
  assert.equal(facts.knows("Deployment"), true, "what a cluster does not serve, it does not have");
});

test("What is refused for the cluster is asked of each namespace, and only the others stay unknown", async () => {
  await using cluster = await startScriptedCluster((url, response) => {
    if (url.pathname === "/api/v1/namespaces") {
      const items = ["a", "b"].map((name) => ({ metadata: { name } }));
      return sendJson(response, { kind: "NamespaceList", apiVersion: "v1", metadata: {}, items });
    }
    if (!url.pathname.endsWith("/roles")) return false;
    return url.pathname.includes("/namespaces/a/") ? sendJson(response, rolePage(["mine"])) : refuse(response, 403);
  });
  using source = cluster.source();
  const facts = await source.read(forever);
  assert.deepEqual([facts.knows("Role", "a"), facts.knows("Role", "b"), facts.knows("Role")], [true, false, false]);
  const gap = facts.coverage.gaps.find(({ kind }) => kind === "Role");
  assert.deepEqual([gap?.kind, gap?.namespace, gap?.missing?.namespace], ["Role", "b", "b"]);
});

test("Nonsense is named as such: no JSON, no list, no object", async () => {
  const bodies = [
    "<html>",
    "[]",
    "7",
    '{"kind":"RoleList"}',
    '{"kind":"RoleList","items":{}}',
    '{"kind":"Role","items":[]}',
    "",
  ];
  for (const body of bodies) {
    const { facts } = await readWith((_url, response) => void response.writeHead(200).end(body));
    assert.match(roleGap(facts), /what is no (?:JSON|list)/, body);
  }
  const items = [null, 7, "text", [], {}, { metadata: { name: 7 } }, { metadata: null }];
  const { facts } = await readWith((_url, response) => void sendJson(response, { ...rolePage([]), items }));
  assert.deepEqual([namesOf(facts), facts.coverage.problems.length > 0], [[], true]);
});

test("An answer that is too large is asked for in smaller pages; one object that is too large is unknown", async () => {
  const large = "x".repeat(400_000);
  const sizes: number[] = [];
  const smaller = await readWith((url, response) => {
    const [limit, from] = [Number(url.searchParams.get("limit")), Number(url.searchParams.get("continue") ?? 0)];
    sizes.push(limit);
    const names = Array.from({ length: Math.min(limit, 8 - from) }, (_, index) => `r${from + index}`);
    const page = rolePage(names, from + names.length < 8 ? String(from + names.length) : "");
    for (const item of page.items) Object.assign(item.metadata, { annotations: { large } });
    sendJson(response, page);
  });
  assert.equal(namesOf(smaller.facts).length, 8, JSON.stringify([sizes, smaller.facts.coverage.gaps]));
  assert.deepEqual([sizes[0], smaller.facts.knows("Role")], [500, true]);
  let sent = 0;
  const one = await readWith((_url, response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    const more = () => {
      while (!response.destroyed && sent < 100 * 1024 * 1024) {
        sent += large.length;
        if (!response.write(large)) return void response.once("drain", more);
      }
    };
    response.write('{"kind":"RoleList","items":[{"metadata":{"name":"');
    more();
  });
  assert.match(roleGap(one.facts), /an object that is larger than an answer may be/);
  assert.ok(sent < 50 * 1024 * 1024, `${sent} bytes were taken`);
});

test("A cluster that asks to wait is asked again", async () => {
  let asked = 0;
  const { facts } = await readWith((_url, response) => {
    if (asked++ === 0) refuse(response, 429, "later", { "Retry-After": "0" });
    else sendJson(response, rolePage(["one"]));
  });
  assert.deepEqual([namesOf(facts), asked], [["one"], 2]);
});

test("What says nothing at all ends with an error that tells why", async () => {
  const cases: [Script, string, RegExp][] = [
    [(_url, response) => refuse(response, 403, "forbidden to you"), "denied", /403: forbidden to you/],
    [(_url, response) => refuse(response, 401, "who are you"), "unauthenticated", /401: who are you/],
    [(_url, response) => refuse(response, 503), "unavailable", /503/],
    [(_url, response) => sendJson(response, { hello: "world" }), "invalid", /may not be the address of an API server/],
    [
      (_url, response) => !response.writeHead(302, { Location: "https://elsewhere/" }).end().destroyed,
      "invalid",
      /302/,
    ],
  ];
  for (const [script, code, message] of cases) {
    await using cluster = await startScriptedCluster(script);
    using source = cluster.source();
    await assert.rejects(source.read(forever), (error) => {
      assert.ok(isStrongroomError(error), String(error));
      assert.deepEqual([error.code, message.test(error.message)], [code, true], error.message);
      assert.doesNotMatch(error.message, /t0ken-of-the-test/);
      return true;
    });
  }
});

test("A cluster whose certificate nobody vouches for is told nothing", async () => {
  await using cluster = await startScriptedCluster(() => false);
  const { ClusterSource } = await import("../../../src/sight/sources/cluster/cluster-source.ts");
  const access = { ...cluster.access, trust: { ...cluster.access.trust, ca: undefined } };
  using source = new ClusterSource(access, { level: "metadata", env: {} });
  await assert.rejects(source.read(forever), /127.0.0.1:\d+ cannot be trusted/);
  assert.deepEqual(cluster.asked, []);
});

test("A group that the cluster cannot reach itself is unknown, not absent", async () => {
  await using cluster = await startScriptedCluster((url, response) => {
    if (url.pathname !== "/apis") return false;
    const list = discoveryOf((group) => group !== "", "Stale");
    for (const { versions } of list.items) for (const version of versions) version.resources = [];
    return sendJson(response, list);
  });
  using source = cluster.source();
  const facts = await source.read(forever);
  assert.equal(facts.knows("Role"), false);
  assert.ok(facts.coverage.gaps.some(({ kind, message }) => kind === "Role" && /could not reach/.test(message)));
});

test("Where metadata is asked for and whole objects come, nothing of them is taken", async () => {
  await using cluster = await startScriptedCluster((url, response) => {
    if (url.pathname !== "/api/v1/secrets") return false;
    const items = [{ metadata: { name: "db", namespace: "a" }, data: { password: "czNjcmV0" } }];
    return sendJson(response, { kind: "SecretList", apiVersion: "v1", metadata: {}, items });
  });
  using source = cluster.source();
  const facts = await source.read(forever);
  assert.equal(facts.of("Secret").length, 0);
  assert.match(JSON.stringify(facts.coverage.gaps), /whole objects where metadata was asked for/);
});

test("A Secret that says to be something else loses its values all the same", async () => {
  await using cluster = await startScriptedCluster((url, response) => {
    if (url.pathname !== "/api/v1/secrets") return false;
    const items = [{ kind: "ConfigMap", metadata: { name: "db", namespace: "a" }, data: { password: "czNjcmV0" } }];
    return sendJson(response, { kind: "SecretList", apiVersion: "v1", metadata: {}, items });
  });
  using source = cluster.source({ level: "full" });
  const facts = await source.read(forever);
  assert.deepEqual(
    facts.of("Secret").map(({ name, keys }) => [name, keys]),
    [["db", ["password"]]],
  );
  assert.doesNotMatch(JSON.stringify([...facts.all(), facts.coverage]), /czNjcmV0|s3cret/);
});
