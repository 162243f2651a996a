import type { User } from "../../../identity/user.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";

/** A user as the API tells of them (authentication.k8s.io/v1 UserInfo). */
export function userInfoTree(user: User): JsonObject {
  const extra = jsonObject([...user.extra].map(([key, values]) => [key, values.slice()]));
  return jsonObject([
    ["username", user.name],
    ...(user.uid === undefined ? [] : [["uid", user.uid] as const]),
    ["groups", [...user.groups]],
    ...(user.extra.size === 0 ? [] : [["extra", extra] as const]),
  ]);
}
