/** The kind DeletedSecret: the trash. To delete one is to purge it, for good; to restore it, the subresource `restore`. */
import type { JsonObject } from "../codec/json.ts";
import { message } from "../schema/messages.ts";
import { nameIsDnsSubdomain } from "../validation/names.ts";
import { numberField, stringField } from "../validation/object-fields.ts";
import { restore } from "../verbs/restore.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import type { Column, Kind } from "./kind.ts";
import { namespacedSelectors, plainStrategy } from "./plain-strategy.ts";
import { strongroomGroup } from "./strongroom-group.ts";

const column = (name: string, description: string, cell: Column["cell"]): Column => ({
  name,
  type: "string",
  format: "",
  description,
  priority: 0,
  cell,
});

const columns: readonly Column[] = [
  nameColumn,
  column("Secret", "The name that the Secret had.", (deleted) => stringField(deleted, "secret")),
  column("Type", "The type of the Secret.", (deleted) => stringField(deleted, "type")),
  column("Version", "The number of its last version.", (deleted) => String(numberField(deleted, "version"))),
  column("Deleted-By", "Who deleted it.", (deleted) => stringField(deleted, "author")),
  // Since when there is a DeletedSecret.
  { ...ageColumn, name: "Deleted", description: "How long ago it was deleted." },
];

/** The kind DeletedSecret. */
export const deletedSecretKind: Kind = {
  group: strongroomGroup,
  version: "v1",
  kind: "DeletedSecret",
  listKind: "DeletedSecretList",
  resource: "deletedsecrets",
  singular: "deletedsecret",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ["delete", "get", "list"],
  subresources: [{ name: "restore", verbs: ["create"], strategy: plainStrategy, action: restore, answer: restore }],
  tellsOfSecrets: { valuesBy: undefined, secretField: "secret" },
  schema: message("strongroom-versions-v1", "DeletedSecret"),
  listSchema: message("strongroom-versions-v1", "DeletedSecretList"),
  columns,
  fieldSelectors: new Map([
    ...namespacedSelectors,
    ["secret", (deleted: JsonObject) => stringField(deleted, "secret")],
  ]),
  validateName: nameIsDnsSubdomain,
  strategy: plainStrategy,
};
