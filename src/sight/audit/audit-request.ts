/**
 * One stage of a request on record: events of Kubernetes and of our own server in one form. Bodies are not looked at.
 *
 * Sources: k8s.io/apiserver pkg/apis/audit/v1/types.go; src/audit/audit-event.ts.
 */
import { field, listField, textField, textsField } from "../facts/json-fields.ts";

export interface AuditedStage {
  readonly auditID: string;
  readonly stage: string;
  readonly requestURI: string;
  readonly verb: string;
  /** Who it was decided for: whom the caller acted as, if anybody. */
  readonly user: string;
  readonly groups: readonly string[];
  /** Who acted as the user; "" when nobody did. */
  readonly impersonator: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Undefined when it is not on record. */
  readonly code: number | undefined;
  /** In milliseconds; undefined when it cannot be read. */
  readonly time: number | undefined;
  readonly timeText: string;
  readonly userAgent: string;
  readonly address: string;
  readonly isTruncated: boolean;
  /** Of our own server: exactly which secrets left. */
  readonly disclosed: readonly DisclosedSecret[] | undefined;
  readonly metadataOnly: boolean;
  readonly streamID: string;
  readonly streams: readonly string[];
  readonly isOwn: boolean;
}

export interface DisclosedSecret {
  readonly namespace: string;
  readonly name: string;
}

/** Undefined for what is no audit event. */
export function readStage(value: unknown): AuditedStage | undefined {
  const [auditID, stage, verb] = [textField(value, "auditID"), textField(value, "stage"), textField(value, "verb")];
  if (auditID === "" || stage === "" || verb === "") return undefined;
  const user = textField(value, "user", "username");
  const impersonated = textField(value, "impersonatedUser", "username");
  const who = impersonated === "" ? "user" : "impersonatedUser";
  const timeText = textField(value, "requestReceivedTimestamp") || textField(value, "stageTimestamp");
  const time = Date.parse(timeText);
  const code = field(value, "responseStatus", "code");
  return {
    auditID,
    stage,
    verb,
    requestURI: textField(value, "requestURI"),
    user: impersonated || user,
    groups: textsField(field(value, who), "groups"),
    impersonator: impersonated === "" ? "" : user,
    group: textField(value, "objectRef", "apiGroup"),
    resource: textField(value, "objectRef", "resource"),
    subresource: textField(value, "objectRef", "subresource"),
    namespace: textField(value, "objectRef", "namespace"),
    name: textField(value, "objectRef", "name"),
    code: typeof code === "number" ? code : undefined,
    time: Number.isFinite(time) ? time : undefined,
    timeText,
    userAgent: textField(value, "userAgent"),
    address: textsField(value, "sourceIPs")[0] ?? "",
    isTruncated: field(value, "annotations", "audit.k8s.io/truncated") === "true",
    disclosed: readDisclosed(value),
    metadataOnly: field(value, "metadataOnly") === true,
    streamID: textField(value, "streamID"),
    streams: textsField(value, "streams"),
    // What a cluster says of itself is in our log as it is in the cluster's.
    isOwn: typeof field(value, "door") === "string" && field(value, "reported") === undefined,
  };
}

function readDisclosed(value: unknown): readonly DisclosedSecret[] | undefined {
  const disclosed = field(value, "disclosed");
  if (disclosed === undefined) return undefined;
  if (!Array.isArray(disclosed)) return readTable(disclosed);
  return listField(value, "disclosed").map((each) => ({
    namespace: textField(each, "namespace"),
    name: textField(each, "name"),
  }));
}

/** Many disclosures, in columns: namespaces with how many secrets follow in them. See src/audit/disclosures.ts. */
function readTable(table: unknown): readonly DisclosedSecret[] {
  const names = textsField(table, "names");
  let row = 0;
  return listField(table, "namespaces").flatMap((each) => {
    const [namespace, count] = Array.isArray(each) ? (each as unknown[]) : []; // checked below
    if (typeof namespace !== "string" || typeof count !== "number") return [];
    const inNamespace = names.slice(row, row + count).map((name) => ({ namespace, name }));
    row += count;
    return inNamespace;
  });
}

/** The requests whose answers hold values. Source: see docs/adr/0015 and `edge-rules.ts`. */
export const readingVerbs: ReadonlySet<string> = new Set([
  "get",
  "list",
  "watch",
  "patch",
  "delete",
  "deletecollection",
]);

/** Whether the parameters of the request say that nothing is changed. */
export function isDryRun({ requestURI }: AuditedStage): boolean {
  return parameter(requestURI, "dryRun") === "All";
}

/**
 * Whether a deletion surely returned the object. It may have without saying so here: the policy may be in the body, and the
 * object may have finalizers.
 */
export function returnsDeleted({ requestURI }: AuditedStage): boolean {
  const policy = parameter(requestURI, "propagationPolicy");
  return policy === "Foreground" || policy === "Orphan";
}

function parameter(uri: string, name: string): string | undefined {
  const start = uri.indexOf("?");
  return start < 0 ? undefined : (new URLSearchParams(uri.slice(start + 1)).get(name) ?? undefined);
}
