import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { randomUUID } from "node:crypto";
import { controllerBench, tree } from "../../../../test/support/controller-bench.ts";
import { apiVersionOf } from "../response/encode-object.ts";
import type { Kind } from "../kinds/kind.ts";
import { clusterRoleBindingKind } from "../kinds/role-binding.ts";
import { clusterRoleKind } from "../kinds/role.ts";
import { validateCreate } from "../kinds/validate-object.ts";
import { defaultPolicy } from "./default-policy.ts";
import { ensureDefaultPolicy } from "./ensure-default-policy.ts";
import { isProtected, reconciledBinding, reconciledRole } from "./reconcile-policy.ts";
import { rulesOf } from "./rbac-objects.ts";

/** What the published test data of Kubernetes say that its server makes; testdata/README.md. */
const published = JSON.parse(readFileSync(new URL("testdata/default-policy.json", import.meta.url), "utf8")) as {
  objects: PublishedObject[];
};
interface PublishedObject {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string; readonly name: string };
  readonly rules?: object[] | null;
  readonly subjects?: object[];
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test("The default roles and bindings are those of Kubernetes, but for controllers, and our own", () => {
  const ours = defaultPolicy().map(({ kind, tree }) =>
    plain({ apiVersion: apiVersionOf(kind), kind: kind.kind, ...tree }),
  );
  const theirs = published.objects
    .filter(({ metadata }) => !metadata.name.startsWith("system:controller:"))
    .map((object) => ({
      ...object,
      ...(object.kind.endsWith("Role") ? { rules: object.rules ?? [] } : { subjects: object.subjects ?? [] }),
    }));
  assert.equal(theirs.length, 49);
  assert.deepEqual(ours.slice(0, -2), theirs);
  const own = ours.slice(-2).map((object) => (object as PublishedObject).metadata.name);
  assert.deepEqual(own, ["strongroom:admins", "strongroom:aggregate-to-admin"]);
});

test("The default roles and bindings are valid", () => {
  for (const { kind, tree } of defaultPolicy()) {
    Object.assign(tree["metadata"] as object, { uid: "u", creationTimestamp: "2026-01-02T03:04:05Z" });
    assert.deepEqual(validateCreate(kind, tree), []);
  }
});

const now = () => new Date("2026-01-02T03:04:05Z");
const writer = { author: "test", door: "kubernetes" } as const;

async function started() {
  const { storage } = await controllerBench();
  const start = () => ensureDefaultPolicy({ storage, uuid: randomUUID, now });
  await start();
  const read = async (kind: Kind, name: string) => {
    const found = await storage(kind).get("", name);
    assert.ok(found !== undefined, name);
    return found;
  };
  return { storage, start, read };
}

test("A new server has them all, view and edit and admin with the rules they gather", async () => {
  const { storage, read } = await started();
  const roles = await storage(clusterRoleKind).list({ namespace: "", limit: 1000 });
  // And the one for the history of secrets.
  assert.equal(roles.objects.length, published.objects.filter(({ kind }) => kind === "ClusterRole").length + 1);
  const rulesOfRole = async (name: string) => rulesOf((await read(clusterRoleKind, name)).tree());
  const [view, edit, admin] = [await rulesOfRole("view"), await rulesOfRole("edit"), await rulesOfRole("admin")];
  assert.equal(
    view.some(({ resources }) => resources.includes("secrets")),
    false,
  );
  assert.equal(
    edit.some(({ resources, verbs }) => resources.includes("secrets") && verbs.includes("get")),
    true,
  );
  assert.equal(
    admin.some(({ resources }) => resources.includes("rolebindings")),
    true,
  );
  for (const rule of view) assert.ok(edit.some((each) => JSON.stringify(each) === JSON.stringify(rule)));
  for (const rule of edit) assert.ok(admin.some((each) => JSON.stringify(each) === JSON.stringify(rule)));
});

test("A second start writes nothing", async () => {
  const { storage, start } = await started();
  const before = await storage(clusterRoleKind).currentRevision();
  await start();
  assert.equal(await storage(clusterRoleKind).currentRevision(), before);
});

test("A start brings back what was taken away and keeps what was added, but not where the owner forbids it", async () => {
  const { storage, start, read } = await started();
  const change = async (kind: Kind, name: string, next: (object: ReturnType<typeof tree>) => void) => {
    const found = await read(kind, name);
    const changed = found.tree();
    next(changed);
    delete (changed["metadata"] as ReturnType<typeof tree>)["resourceVersion"];
    await storage(kind).replace(found, changed, writer);
  };
  const added = { verbs: ["get"], apiGroups: [""], resources: ["secrets"] };
  await change(clusterRoleKind, "system:discovery", (role) => (role["rules"] = [tree(added)]));
  await change(clusterRoleKind, "system:basic-user", (role) => {
    role["rules"] = [];
    Object.assign((role["metadata"] as { annotations: object }).annotations, {
      "rbac.authorization.kubernetes.io/autoupdate": "false",
    });
  });
  await change(clusterRoleBindingKind, "cluster-admin", (binding) => (binding["subjects"] = []));
  await storage(clusterRoleBindingKind).delete(await read(clusterRoleBindingKind, "strongroom:admins"), writer);
  await start();
  const discovery = rulesOf((await read(clusterRoleKind, "system:discovery")).tree());
  assert.deepEqual(discovery[0]?.resources, ["secrets"]);
  assert.ok(discovery.some(({ nonResourceURLs }) => nonResourceURLs.includes("/apis/*")));
  assert.deepEqual((await read(clusterRoleKind, "system:basic-user")).tree()["rules"], null);
  const subjects = (await read(clusterRoleBindingKind, "cluster-admin")).tree()["subjects"];
  assert.deepEqual(plain(subjects), [{ kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "system:masters" }]);
  await read(clusterRoleBindingKind, "strongroom:admins");
});

const bound = (role: string, ...names: string[]) =>
  tree({
    metadata: { name: "b" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: names.map((name) => ({ kind: "User", name })),
  });

test("A default binding gains subjects, and is made anew when it binds another role", () => {
  assert.deepEqual(plain(reconciledBinding(bound("r", "x"), bound("r", "y"))), plain(bound("r", "x", "y")));
  assert.equal(reconciledBinding(bound("other", "x"), bound("r", "x")), undefined);
});

test("A default role gains labels and selectors, loses an aggregation it should not have, and keeps changed values", () => {
  const selector = (label: string) => ({ matchLabels: { [label]: "true" } });
  const role = (labels: object, ...selectors: object[]) =>
    tree({
      metadata: { name: "r", labels },
      rules: [],
      ...(selectors.length > 0 && { aggregationRule: { clusterRoleSelectors: selectors } }),
    });
  assert.deepEqual(
    plain(reconciledRole(role({ a: "mine" }, selector("x")), role({ a: "theirs", b: "1" }, selector("y")))),
    plain(role({ a: "mine", b: "1" }, selector("x"), selector("y"))),
  );
  assert.deepEqual(plain(reconciledRole(role({ a: "1" }, selector("x")), role({}))), plain(role({ a: "1" })));
  assert.equal(isProtected(role({})), false);
});
