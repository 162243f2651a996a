import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { stringify } from "yaml";
import { Credentials } from "./credentials.ts";
import { readKubeconfig } from "./kubeconfig.ts";

const folder = mkdtempSync(join(tmpdir(), "sr-"));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const never = new AbortController().signal;
const base64 = (text: string) => Buffer.from(text).toString("base64");

function config(cluster: object, user: object, context: object = {}) {
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "one",
    clusters: [{ name: "c", cluster: { server: "https://cluster:6443", ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [
      { name: "one", context: { cluster: "c", user: "u", ...context } },
      { name: "two", context: { cluster: "c" } },
      { name: "lost", context: { cluster: "gone", user: "u" } },
    ],
  };
}

function write(content: object | string): string {
  writeFileSync(at("kubeconfig"), typeof content === "string" ? content : stringify(content));
  return at("kubeconfig");
}

async function only(content: object | string) {
  const [access] = await readKubeconfig([write(content)], []);
  assert.ok(access !== undefined);
  return access;
}

async function shownBy(user: object) {
  return await new Credentials(await only(config({}, user)), { PATH: process.env["PATH"], FROM_OUTSIDE: "yes" }).shown(
    never,
  );
}

test("Of several files, the first that has an entry counts for it, and paths are of the file that has them", async () => {
  const [first, second] = [at("first"), join(at("more"), "second")];
  mkdirSync(at("more"), { recursive: true });
  writeFileSync(join(at("more"), "ca.pem"), "of the second");
  const other = { name: "c", cluster: { server: "https://never:1" } };
  writeFileSync(
    first,
    stringify({ users: [{ name: "u", user: { token: "t" } }], contexts: [{ name: "x", context: { cluster: "d" } }] }),
  );
  writeFileSync(
    second,
    stringify({
      "current-context": "x",
      clusters: [{ name: "d", cluster: { server: "https://d:6443", "certificate-authority": "ca.pem" } }, other],
      contexts: [
        { name: "x", context: { cluster: "c", user: "u" } },
        { name: "y", context: { cluster: "d", user: "u" } },
      ],
    }),
  );
  const [x, y] = await readKubeconfig([first, second], ["x", "y"]);
  assert.deepEqual(
    [x?.server.hostname, x?.credential.token, x?.trust.ca?.toString()],
    ["d", undefined, "of the second"],
  );
  assert.deepEqual([y?.server.hostname, y?.credential.token], ["d", "t"]);
  assert.deepEqual(
    (await readKubeconfig([first, second], [])).map(({ id }) => id),
    ["x"],
  );
  await assert.rejects(readKubeconfig([first], []), /must have a current-context, or one must be named: it has x/);
});

test("The current context is read, or those that are named, each once", async () => {
  const path = write(config({}, {}));
  const ids = async (...names: string[]) => (await readKubeconfig([path], names)).map(({ id }) => id);
  assert.deepEqual([await ids(), await ids("two", "one", "two")], [["one"], ["two", "one"]]);
  const access = await only(
    config({ "tls-server-name": "other", "insecure-skip-tls-verify": true }, {}, { namespace: "n" }),
  );
  assert.deepEqual(
    [access.server.href, access.trust, access.namespace],
    ["https://cluster:6443/", { ca: undefined, serverName: "other", insecure: true }, "n"],
  );
});

test("Certificates and keys stand inside, or in files beside the kubeconfig", async () => {
  writeFileSync(at("ca.pem"), "CA");
  writeFileSync(at("key.pem"), "KEY");
  const cluster = { "certificate-authority": "ca.pem" };
  const access = await only(config(cluster, { "client-certificate-data": base64("CERT"), "client-key": "key.pem" }));
  assert.equal(access.trust.ca?.toString(), "CA");
  assert.deepEqual(
    [access.credential.certificate?.cert.toString(), access.credential.certificate?.key.toString()],
    ["CERT", "KEY"],
  );
});

test("Tokens, token files, passwords and impersonation are shown with each request", async () => {
  writeFileSync(at("token"), "from-a-file\n");
  const authorization = async (user: object) => (await shownBy(user)).headers["Authorization"];
  assert.equal(await authorization({ token: "inside" }), "Bearer inside");
  assert.equal(await authorization({ token: "inside", tokenFile: "token" }), "Bearer from-a-file");
  assert.equal(await authorization({ username: "u", password: "p" }), `Basic ${base64("u:p")}`);
  assert.equal(await authorization({}), undefined);
  const impersonating = { as: "jane", "as-uid": "7", "as-groups": ["a", "b"], "as-user-extra": { "x/y": ["1", "2"] } };
  assert.deepEqual((await shownBy(impersonating)).headers, {
    "Impersonate-User": "jane",
    "Impersonate-Uid": "7",
    "Impersonate-Group": ["a", "b"],
    "Impersonate-Extra-x%2Fy": ["1", "2"],
  });
});

test("What is wrong with a kubeconfig is said without quoting it", async () => {
  const secret = "s3cret";
  const cases: [object | string, RegExp][] = [
    ["{", /must be valid YAML/],
    [`a: [${secret}`, /must be valid YAML/],
    ["[]", /must be a kubeconfig|current-context/],
    ["text", /must be a kubeconfig/],
    [{ kind: "Secret" }, /must be a kubeconfig/],
    [
      { ...config({}, {}), "current-context": "" },
      /must have a current-context, or one must be named: it has one, two, lost/,
    ],
    [{ ...config({}, {}), "current-context": "other" }, /must have the context other; it has one, two, lost/],
    [{ ...config({}, {}), "current-context": "lost" }, /must have the cluster gone, which the context lost names/],
    [config({}, {}, { user: "nobody" }), /must have the user nobody/],
    [config({ server: "" }, {}), /must name a server by its URL/],
    [config({ server: "ftp://x" }, {}), /by https, not by ftp:/],
    [config({ server: "http://example.com" }, { token: secret }), /by https, not by http:/],
    [config({ "proxy-url": "socks5://x" }, { token: secret }), /proxy-url, which is not supported: run kubectl proxy/],
    [config({}, { "auth-provider": { name: "gcp" }, token: secret }), /auth-provider, which kubectl no longer has/],
    [
      config({}, { "client-certificate-data": base64("x"), token: secret }),
      /both a client-certificate and its client-key/,
    ],
    [config({}, { exec: { apiVersion: "client.authentication.k8s.io/v1" } }), /must name the command/],
    [config({}, { exec: { apiVersion: "v1", command: "x" } }), /a credential plugin of client\.authentication/],
  ];
  for (const [content, message] of cases) {
    await assert.rejects(only(content), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, message);
      assert.ok(!error.message.includes(secret), error.message);
      return true;
    });
  }
  assert.equal((await only(config({ server: "http://127.0.0.1:8001" }, {}))).server.port, "8001", "kubectl proxy");
});

test("Aliases that multiply are refused", async () => {
  const bomb = ["a0: &a0 [x, x]", ...[1, 2, 3, 4, 5, 6, 7].map((n) => `a${n}: &a${n} [${`*a${n - 1}, `.repeat(9)}]`)];
  await assert.rejects(only(bomb.join("\n")), /must be valid YAML/);
});

const credential = (status: object) =>
  JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status });

/** A plugin of these lines of shell, and the user that names it. */
function plugin(lines: string, more: object = {}) {
  writeFileSync(at("plugin"), `#!/bin/sh\n${lines}\n`);
  chmodSync(at("plugin"), 0o755);
  return {
    exec: { apiVersion: "client.authentication.k8s.io/v1", command: "./plugin", interactiveMode: "Never", ...more },
  };
}

test("A credential plugin is run beside the kubeconfig, is told what kubectl tells it, and shows a token or a certificate", async () => {
  const told = plugin(
    `echo "$KUBERNETES_EXEC_INFO" > told; echo "$1 $MINE $FROM_OUTSIDE" >> told; echo '${credential({ token: "plugged" })}'`,
    {
      args: ["first"],
      env: [{ name: "MINE", value: "set" }],
      provideClusterInfo: true,
    },
  );
  const withFolder = { exec: { ...told.exec } };
  writeFileSync(
    at("plugin"),
    `#!/bin/sh\ncd "$(dirname "$0")"\n${(await import("node:fs")).readFileSync(at("plugin"), "utf8").split("\n").slice(1).join("\n")}`,
  );
  assert.equal((await shownBy(withFolder)).headers["Authorization"], "Bearer plugged");
  const [info = "", words] = (await import("node:fs")).readFileSync(at("told"), "utf8").split("\n");
  assert.deepEqual(JSON.parse(info).spec, { interactive: false, cluster: { server: "https://cluster:6443/" } });
  assert.equal(words, "first set yes");
  const certificate = plugin(`echo '${credential({ clientCertificateData: "CERT", clientKeyData: "KEY" })}'`);
  assert.equal((await shownBy(certificate)).certificate?.key.toString(), "KEY");
});

test("A plugin is run once as long as what it gave is good, and again when it ends or is refused", async () => {
  const counting = (expires: string) =>
    plugin(
      `cd "$(dirname "$0")"; echo x >> runs; echo '${credential({ token: "TOKEN", expirationTimestamp: expires })}' | sed "s/TOKEN/t$(wc -l < runs | tr -d ' ')/"`,
    );
  const tokens = async (expires: string, renewed = false) => {
    rmSync(at("runs"), { force: true });
    const credentials = new Credentials(await only(config({}, counting(expires))), { PATH: process.env["PATH"] });
    const [first] = await Promise.all([credentials.shown(never), credentials.shown(never)]);
    if (renewed) assert.equal(credentials.renew(), true);
    return [first?.headers["Authorization"], (await credentials.shown(never)).headers["Authorization"]];
  };
  assert.deepEqual(await tokens("2999-01-01T00:00:00Z"), ["Bearer t1", "Bearer t1"]);
  assert.deepEqual(await tokens("2999-01-01T00:00:00Z", true), ["Bearer t1", "Bearer t2"]);
  assert.deepEqual((await tokens("2001-01-01T00:00:00Z"))[1] === "Bearer t1", false);
});

test("A plugin that fails is named, and what it printed is not repeated", async () => {
  const cases: [() => object, RegExp][] = [
    [() => plugin("echo s3cret; exit 3"), /plugin \.\/plugin ended with exit code 3/],
    [() => plugin("echo s3cret"), /must print an ExecCredential in JSON/],
    [() => plugin('echo \'{"kind": "s3cret"}\''), /must print an ExecCredential of/],
    [() => plugin(`echo '${credential({})}'`), /must print a token or a certificate/],
    [() => plugin(`echo '${credential({ clientCertificateData: "s3cret" })}'`), /both a certificate and its key/],
    [() => plugin("yes s3cret"), /must print at most 1048576 bytes/],
    [() => plugin("", { command: "no-such-plugin-here", installHint: "Install it." }), /was not found: Install it\./],
    [() => plugin("", { interactiveMode: "Always" }), /needs a terminal/],
  ];
  for (const [user, message] of cases) {
    await assert.rejects(shownBy(user()), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /s3cret/);
      return true;
    });
  }
});

test("A plugin that takes too long is ended", async () => {
  const { runCredentialPlugin } = await import("./credential-plugin.ts");
  const access = await only(config({}, plugin("exec sleep 60")));
  assert.ok(access.credential.plugin !== undefined);
  const run = { env: { PATH: process.env["PATH"] }, signal: never, msMax: 100 };
  await assert.rejects(runCredentialPlugin(access, access.credential.plugin, run), /took too long/);
});
