/** The kind SecretLink: a secret of its namespace and name is kept the same as another one (docs/etcd.md). */
import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { message } from "../schema/messages.ts";
import { nameIsDnsSubdomain } from "../validation/names.ts";
import { metadataOf, objectField, stringField } from "../validation/object-fields.ts";
import { validateSecretLink } from "../validation/secret-link.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import type { Column, Kind, Strategy } from "./kind.ts";
import { resourceVerbs } from "./kind.ts";
import { keepField } from "./own-object.ts";
import { namespacedSelectors, plainStrategy } from "./plain-strategy.ts";
import { strongroomGroup } from "./strongroom-group.ts";
import { ownMetadata } from "./system-fields.ts";

/** What can have come of a link; the first is where each begins. */
export const linkPhases = ["Waiting", "Linked", "Taken", "Refused"] as const;
export type LinkPhase = (typeof linkPhases)[number];

/** The annotation of a secret that a link keeps, which says what it is the same as: NAMESPACE/NAME. */
export const linkedFromAnnotation = "strongroom.dev/linked-from";

/** The secret that a link shares, NAMESPACE/NAME. */
export function sourceOf(link: Readonly<JsonObject>): { readonly namespace: string; readonly name: string } {
  const source = objectField(objectField(link, "spec"), "source");
  return { namespace: stringField(source, "namespace"), name: stringField(source, "name") };
}

const sourceColumn: Column = {
  name: "Source",
  type: "string",
  format: "",
  description: "The secret that is shared.",
  priority: 0,
  cell: (link) => {
    const { namespace, name } = sourceOf(link);
    return `${namespace}/${name}`;
  },
};

const phaseColumn: Column = {
  name: "Phase",
  type: "string",
  format: "",
  description: "What has come of it.",
  priority: 0,
  cell: (link) => stringField(objectField(link, "status"), "phase"),
};

const strategy: Strategy = {
  ...plainStrategy,
  prepareForCreate: (link) => void (link["status"] = jsonObject([["phase", linkPhases[0]]])),
  prepareForUpdate: (next, previous) => keepField(next, previous, "status"),
  validate: validateSecretLink,
  validateUpdate: (next) => validateSecretLink(next),
};

/** Updates of `secretlinks/status`. Not of labels, which the secret is given: to write those takes the rights that the link takes. */
const statusStrategy: Strategy = {
  ...strategy,
  prepareForUpdate(next, previous) {
    keepField(next, previous, "spec");
    keepField(ownMetadata(next), metadataOf(previous), "labels");
  },
};

export const secretLinkKind: Kind = {
  group: strongroomGroup,
  version: "v1",
  kind: "SecretLink",
  listKind: "SecretLinkList",
  resource: "secretlinks",
  singular: "secretlink",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: resourceVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"], strategy: statusStrategy }],
  schema: message("strongroom-links-v1", "SecretLink"),
  listSchema: message("strongroom-links-v1", "SecretLinkList"),
  columns: [nameColumn, sourceColumn, phaseColumn, ageColumn],
  fieldSelectors: namespacedSelectors,
  validateName: nameIsDnsSubdomain,
  strategy,
};
