/** The server is killed while links and what they share are made, changed and deleted: in the end every link's secret is its source's, and there are no others. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Program, TestHome } from "../cli/program.ts";
import { seeded } from "../etcd/register-load.ts";
import { callerOf, credentialsOf } from "../running-server.ts";
import type { Answer } from "../running-server.ts";
import { base64 } from "../support/api-objects.ts";

const kills = 3;
const clients = 8;
const operationsPerLife = 250;
const settledWithinMs = 30_000;
const sources = Array.from({ length: 4 }, (_, index) => `source-${index}`);
const links = Array.from({ length: 8 }, (_, index) => `link-${index}`);
const secretsIn = (namespace: string) => `/api/v1/namespaces/${namespace}/secrets`;
const linksPath = "/apis/strongroom.dev/v1/namespaces/there/secretlinks";

type Caller = ReturnType<typeof callerOf>;

async function start(home: TestHome) {
  const place = ["--data-dir", "data", "--root-key-file", "root.key"];
  const program = new Program(home, ["serve", "--listen", "127.0.0.1:0", ...place]);
  const url = await program.ready();
  const connect = async () => callerOf(url, await credentialsOf(join(home.at("data"), "admin.kubeconfig")));
  return { program, connect };
}

/**
 * One change, which may be refused: of a source, of a link, or of what a link made. That is refused while there is the link; in the moment between
 * its end and that of its secret, the secret becomes that of who writes it, and its name is put into `taken`, also where no answer came.
 */
async function step({ call }: Caller, random: () => number, count: number, taken: Set<string>): Promise<void> {
  const one = (names: readonly string[]) => names[Math.floor(random() * names.length)] ?? "";
  const [source, link] = [one(sources), one(links)];
  const body = { metadata: { name: source }, type: one(["Opaque", "example.com/x"]), data: { a: base64(`${count}`) } };
  const chosen = random();
  if (chosen < 0.15) await call("POST", secretsIn("here"), { body });
  else if (chosen < 0.4) await call("PUT", `${secretsIn("here")}/${source}`, { body });
  else if (chosen < 0.5) await call("DELETE", `${secretsIn("here")}/${source}`);
  else if (chosen < 0.75) {
    const spec = { source: { namespace: "here", name: source } };
    await call("POST", linksPath, { body: { metadata: { name: link, labels: { count: `${count}` } }, spec } });
  } else if (chosen < 0.9) await call("DELETE", `${linksPath}/${link}`);
  else {
    const written = call("PUT", `${secretsIn("there")}/${link}`, { body: { ...body, metadata: { name: link } } });
    if (await written.then(({ status }) => status === 200).catch(() => taken.add(link))) taken.add(link);
    await written;
  }
}

interface Item {
  readonly metadata: { readonly name: string; readonly labels?: object; readonly annotations?: Record<string, string> };
  readonly type: string;
  readonly data?: object;
  readonly spec: { readonly source: { readonly name: string } };
}

async function itemsOf({ call }: Caller, path: string): Promise<readonly Item[]> {
  const answer: Answer = await call("GET", path);
  assert.equal(answer.status, 200, answer.text);
  return answer.json.items;
}

const linkedFrom = "strongroom.dev/linked-from";

function isLinked({ metadata }: Item): boolean {
  return metadata.annotations?.[linkedFrom] !== undefined;
}

function nameOf({ metadata }: Item): string {
  return metadata.name;
}

/** What the links should have made of what there is, and what is there. */
async function wantedAndThere(caller: Caller, taken: ReadonlySet<string>) {
  const shared = new Map((await itemsOf(caller, secretsIn("here"))).map((item) => [item.metadata.name, item]));
  const links = await itemsOf(caller, linksPath);
  const secrets = await itemsOf(caller, secretsIn("there"));
  const own = new Set(secrets.filter((item) => !isLinked(item) && taken.has(item.metadata.name)).map(nameOf));
  const wanted = links.flatMap(({ metadata: { name, labels }, spec }) => {
    const source = shared.get(spec.source.name);
    return source === undefined || own.has(name)
      ? []
      : [[name, labels, `here/${spec.source.name}`, source.type, source.data]];
  });
  const there = secrets.flatMap(({ metadata, type, data }) => {
    const from = metadata.annotations?.[linkedFrom];
    return own.has(metadata.name) ? [] : [[metadata.name, metadata.labels, from, type, data]];
  });
  return { wanted: JSON.stringify(wanted), there: JSON.stringify(there), count: wanted.length };
}

test("Links and their sources are changed under kill -9; in the end each has made what it shares, and no secret is left of one that went", async () => {
  using home = new TestHome();
  const random = seeded(34);
  let count = 0;
  const taken = new Set<string>();
  for (let life = 1; life <= kills; life++) {
    const { program, connect } = await start(home);
    const caller = await connect();
    for (const name of ["here", "there"])
      await caller.call("POST", "/api/v1/namespaces", { body: { metadata: { name } } });
    const work = async () => {
      for (;;) {
        count += 1;
        if (count >= life * operationsPerLife) program.kill("SIGKILL");
        await step(caller, random, count, taken);
      }
    };
    // Each ends when it is not answered.
    await Promise.allSettled(Array.from({ length: clients }, work));
    await program.ended;
    caller.close();
  }
  const { program, connect } = await start(home);
  await using _ = program;
  const caller = await connect();
  const endMs = performance.now() + settledWithinMs;
  let state = await wantedAndThere(caller, taken);
  while (state.wanted !== state.there && performance.now() < endMs) state = await wantedAndThere(caller, taken);
  assert.equal(state.there, state.wanted);
  assert.ok(state.count > 0, "some must be linked in the end");
  // And it goes on from there.
  for (const { metadata } of await itemsOf(caller, linksPath))
    await caller.call("DELETE", `${linksPath}/${metadata.name}`);
  while ((await itemsOf(caller, secretsIn("there"))).some(isLinked)) assert.ok(performance.now() < endMs);
  caller.close();
});
