/** An event as one line of text, in upstream's older form. Source: apiserver pkg/audit/format.go. */
import type { KubernetesEvent } from "./kubernetes-event.ts";

export function legacyLine(event: KubernetesEvent): string {
  const { user, impersonatedUser, responseStatus } = event;
  const username = user.username ?? "<none>";
  const groups = user.username === undefined ? "<none>" : listed(user.groups, "<none>");
  const as = impersonatedUser === undefined ? "<self>" : (impersonatedUser.username ?? "");
  const asGroups = listed(impersonatedUser?.groups, "<lookup>");
  const fields: readonly (readonly [string, string])[] = [
    ["id", event.auditID],
    ["stage", event.stage],
    ["ip", event.sourceIPs?.[0] ?? "<unknown>"],
    ["method", event.verb],
    ["user", username],
    ["groups", groups],
    ["as", as],
    ["asgroups", asGroups],
    ["user-agent", event.userAgent ?? ""],
    ["namespace", event.objectRef?.namespace ?? "<none>"],
    ["uri", event.requestURI],
    ["response", responseStatus === undefined ? "<deferred>" : String(responseStatus.code)],
  ];
  const text = fields.map(([name, value]) => `${name}=${quoted(value)}`).join(" ");
  return `${withoutTrailingZeros(event.requestReceivedTimestamp)} AUDIT: ${text}`;
}

/** Quoted one by one, and the whole again: upstream does it so. */
function listed(items: readonly string[] | undefined, none: string): string {
  return items === undefined || items.length === 0 ? none : items.map(quoted).join(",");
}

/** Go prints no zeros at the end of a fraction. */
function withoutTrailingZeros(timestamp: string): string {
  return timestamp.replace(/\.?0+Z$/, "Z");
}

const named: ReadonlyMap<string, string> = new Map([
  ["\x07", "\\a"],
  ["\b", "\\b"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\v", "\\v"],
  ["\f", "\\f"],
  ["\r", "\\r"],
  ['"', '\\"'],
  ["\\", "\\\\"],
]);

/** As Go's %q: whatever does not print is escaped, so that nobody writes a line of their own into the log. */
function quoted(text: string): string {
  const escaped = text.replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (character) => {
    const known = named.get(character);
    if (known !== undefined) return known;
    const code = character.codePointAt(0) ?? 0; // a match is never empty
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
  });
  return `"${escaped}"`;
}
