import assert from "node:assert/strict";
import { test } from "node:test";
import { controllerAuthorizer } from "./controller-authorizer.ts";

const user = (name: string) => ({ name, uid: undefined, groups: ["system:masters"], extra: new Map() });
const resource = {
  apiGroup: "",
  apiVersion: "v1",
  resource: "secrets",
  subresource: "",
  namespace: "default",
  name: "a",
};

test("Only the controllers that were named may act, and on resources only", async () => {
  const authorizer = controllerAuthorizer(["collector"]);
  const decide = async (name: string, asked: typeof resource | undefined) =>
    (await authorizer.authorize({ user: user(name), verb: "delete", resource: asked, path: undefined })).type;
  assert.equal(await decide("collector", resource), "allow");
  assert.equal(await decide("collector", undefined), "no-opinion");
  assert.equal(await decide("collectors", resource), "no-opinion");
  assert.equal(await decide("", resource), "no-opinion");
});
