/** Reading secrets by the API. */
import type { EdgeId } from "../edge-rule.ts";
import { asks, rights } from "./row.ts";
import type { Row } from "./row.ts";

const narrowRead = "Name the secrets in resourceNames, or take secrets out of the rule.";
const handlers = "k8s.io/apiserver pkg/endpoints/handlers";

export const secretReadsRules = {
  "get-secret": {
    name: "gets",
    condition: rights("read-secret", asks("get secrets", "target")),
    ease: 1,
    attenuators: ["secret-policy"],
    direct: true,
    attack: "T1552.007",
    explanation: "get returns the secret with its values",
    fix: narrowRead,
    source: `${handlers}/get.go`,
  },
  "list-secrets": {
    name: "lists",
    condition: rights("read-secret", asks("list secrets", "target")),
    ease: 1,
    attenuators: ["secret-policy"],
    direct: true,
    attack: "T1552.007",
    explanation: "list returns values; of one name with the field selector metadata.name",
    fix: "Replace list by get with resourceNames.",
    source: `${handlers}/get.go`,
  },
  "watch-secrets": {
    name: "watches",
    condition: rights("read-secret", asks("watch secrets", "target")),
    ease: 1,
    attenuators: ["secret-policy"],
    direct: true,
    attack: "T1552.007",
    explanation: "the first events of a watch carry the values of what is there",
    fix: "Replace watch by get with resourceNames.",
    source: `${handlers}/watch.go`,
  },
  "patch-secret": {
    name: "patches, and so reads,",
    condition: rights("read-secret", asks("patch secrets", "target")),
    ease: 1,
    direct: true,
    attack: "T1552.007",
    explanation: "the answer to a patch is the whole object, also to an empty one and to a dry run",
    fix: "Let what writes secrets use update, whose answer is what it sent.",
    source: `${handlers}/patch.go`,
    servers: ["kubernetes"],
  },
  "delete-secret": {
    name: "deletes, and so reads,",
    condition: rights("read-secret", asks("delete secrets", "target")),
    ease: 1,
    direct: true,
    attack: "T1552.007",
    explanation: "a deletion with propagationPolicy Foreground or Orphan returns the object, also in a dry run",
    fix: narrowRead,
    source: `${handlers}/delete.go`,
    servers: ["kubernetes"],
  },
  "delete-secrets": {
    name: "deletes by collection, and so reads,",
    condition: rights("read-secret", asks("deletecollection secrets", "target")),
    ease: 1,
    direct: true,
    attack: "T1552.007",
    explanation: "deletecollection returns what it deletes, also in a dry run",
    fix: "Take deletecollection out of the rule.",
    source: `${handlers}/delete.go`,
    servers: ["kubernetes"],
  },
  "get-secret-version": {
    name: "gets versions of",
    condition: rights("read-secret", asks("get secretversions.strongroom.dev/value", "version")),
    // What a secret was is often, not always, what it is.
    ease: 0.9,
    attenuators: ["secret-policy"],
    attack: "T1552.007",
    explanation:
      "the values of a secret's versions, the current one among them, are had without the right to the secret",
    fix: "Take secretversions/value out of the rule.",
    source: "docs/versions.md",
    servers: ["strongroom"],
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
