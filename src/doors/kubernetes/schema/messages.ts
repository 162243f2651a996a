/** The messages of the served kinds that are read from tables, by the name of their package. */
import { admissionregistrationV1Descriptions } from "./descriptions/admissionregistration-v1.ts";
import { coreV1Descriptions } from "./descriptions/core-v1.ts";
import { groupDescriptions } from "./descriptions/groups.ts";
import { MessageTables } from "./message-table.ts";
import { ListMeta, ObjectMeta } from "./meta-v1.ts";
import type { Message } from "./schema.ts";
import { strongroomAuditV1Descriptions, strongroomAuditV1Table } from "./strongroom-audit-v1.ts";
import { strongroomLinksV1Descriptions, strongroomLinksV1Table } from "./strongroom-links-v1.ts";
import { strongroomV1Descriptions, strongroomV1Table } from "./strongroom-v1.ts";
import { strongroomVersionsV1Descriptions, strongroomVersionsV1Table } from "./strongroom-versions-v1.ts";
import { admissionregistrationV1Table } from "./tables/admissionregistration-v1.ts";
import { authenticationV1Table } from "./tables/authentication-v1.ts";
import { authorizationV1Table } from "./tables/authorization-v1.ts";
import { coordinationV1Table } from "./tables/coordination-v1.ts";
import { coreV1Table } from "./tables/core-v1.ts";
import { eventsV1Table } from "./tables/events-v1.ts";
import { metaV1Table } from "./tables/meta-v1.ts";
import { rbacV1Table } from "./tables/rbac-v1.ts";
import { strongroomPolicyV1Table } from "./tables/strongroom-policy-v1.ts";

const tables = new MessageTables({
  "admissionregistration-v1": {
    definitionPrefix: "io.k8s.api.admissionregistration.v1.",
    table: admissionregistrationV1Table,
    descriptions: admissionregistrationV1Descriptions,
  },
  "authentication-v1": {
    definitionPrefix: "io.k8s.api.authentication.v1.",
    table: authenticationV1Table,
    descriptions: groupDescriptions.authenticationV1,
  },
  "authorization-v1": {
    definitionPrefix: "io.k8s.api.authorization.v1.",
    table: authorizationV1Table,
    descriptions: groupDescriptions.authorizationV1,
  },
  "coordination-v1": {
    definitionPrefix: "io.k8s.api.coordination.v1.",
    table: coordinationV1Table,
    descriptions: groupDescriptions.coordinationV1,
  },
  "core-v1": { definitionPrefix: "io.k8s.api.core.v1.", table: coreV1Table, descriptions: coreV1Descriptions },
  "events-v1": {
    definitionPrefix: "io.k8s.api.events.v1.",
    table: eventsV1Table,
    descriptions: groupDescriptions.eventsV1,
  },
  "meta-v1": {
    definitionPrefix: "io.k8s.apimachinery.pkg.apis.meta.v1.",
    table: metaV1Table,
    descriptions: groupDescriptions.metaV1,
    handWritten: { ListMeta, ObjectMeta },
  },
  "strongroom-policy-v1": {
    definitionPrefix: "dev.strongroom.v1.",
    table: strongroomPolicyV1Table,
    descriptions: groupDescriptions.strongroomPolicyV1,
  },
  "rbac-v1": { definitionPrefix: "io.k8s.api.rbac.v1.", table: rbacV1Table, descriptions: groupDescriptions.rbacV1 },
  "strongroom-audit-v1": {
    definitionPrefix: "dev.strongroom.v1.",
    table: strongroomAuditV1Table,
    descriptions: strongroomAuditV1Descriptions,
  },
  "strongroom-links-v1": {
    definitionPrefix: "dev.strongroom.v1.",
    table: strongroomLinksV1Table,
    descriptions: strongroomLinksV1Descriptions,
  },
  "strongroom-v1": {
    definitionPrefix: "dev.strongroom.v1.",
    table: strongroomV1Table,
    descriptions: strongroomV1Descriptions,
  },
  "strongroom-versions-v1": {
    definitionPrefix: "dev.strongroom.v1.",
    table: strongroomVersionsV1Table,
    descriptions: strongroomVersionsV1Descriptions,
  },
});

/** A message of a package, e.g. `message("core-v1", "Pod")`. Its fields are parsed when first read. */
export function message(packageName: string, name: string): Message {
  return tables.message(packageName, name);
}
