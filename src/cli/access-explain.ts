import { explainAccess } from "../sight/sources/cluster/explain-access.ts";
import type { AccessExplanation, AccessQuestion, RoleObject } from "../sight/sources/cluster/explain-access.ts";
import { clusterFlags, levelFlag, verifyFlag } from "./cluster-flags.ts";
import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { repeatableFlag, valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { printable, printableJson } from "./printable.ts";
import { outputFlag, outputForm } from "./sight-source.ts";
import { withCluster } from "./with-cluster.ts";

const namespaceFlag: Flag = { ...valueFlag("namespace", "NAME", "Where; left out: in all namespaces."), short: "n" };
const groupFlag = repeatableFlag("group", "NAME", "A group the user is in. Repeatable.");

/** `strongroom access explain`. */
export const accessExplainCommand: Command = {
  usage:
    "USER VERB secrets[/NAME] [-n NAMESPACE] [--group NAME]... (--kubeconfig FILE | --server [--data-dir DIR]) [-o FORM]",
  examples: [
    { line: "strongroom access explain jane get secrets/db -n prod --group devs --server", effect: "may she, and why" },
    { line: "strongroom access explain sa/prod/web list secrets -n prod --server", effect: "the same of an account" },
  ],
  flags: [
    ...clusterFlags.filter((flag) => flag !== levelFlag && flag !== verifyFlag),
    namespaceFlag,
    groupFlag,
    outputFlag,
  ],
  notes: [
    "The server decides, as for a request, and says by which binding, rule or policy. Conditions of policies on the time are asked " +
      "as of now; on the source address and the door, as of neither.",
    "USER is a name, or sa/NAMESPACE/NAME. Groups of an account and system:authenticated need not be named; which other groups a user " +
      "is in, only their credentials say.",
    "It takes the right to create subjectaccessreviews; to show the rule also that to get the role.",
    "Exit code 0: allowed. 1: not allowed.",
  ],
  operandsMax: 3,
  async run(invocation) {
    const form = outputForm(invocation);
    const question = questionOf(invocation);
    const { signal } = new AbortController();
    const explained = await withCluster(invocation, (source) => explainAccess(source.connection, question, signal));
    const { output } = invocation;
    if (form === "json") output.print(printableJson(explained));
    else for (const line of linesOf(explained)) output.print(printable(line));
    return explained.allowed ? exitCodes.ok : exitCodes.failure;
  },
};

function questionOf({ operands, flags }: Invocation): AccessQuestion {
  const [user = "", verb = "", what = ""] = operands;
  if (what === "") throw usageError("it must be said who does what: USER VERB secrets/NAME");
  const [type = "", name = "", ...more] = what.split("/");
  const [resource = "", subresource = ""] = type.split(".");
  const isKnown = resource === "secrets" && (subresource === "" || subresource === "metadata") && more.length === 0;
  if (!isKnown) throw usageError("what is asked about must be secrets, secrets/NAME or secrets.metadata/NAME");
  const who = subjectOf(user);
  const groups = [...new Set([...who.groups, ...(flags.many(groupFlag) ?? []), "system:authenticated"])];
  return { user: who.name, groups, verb, resource, subresource, name, namespace: flags.one(namespaceFlag) ?? "" };
}

function subjectOf(written: string): { readonly name: string; readonly groups: readonly string[] } {
  const [, namespace = "", account = ""] = /^(?:sa\/|system:serviceaccount:)([^/:]+)[/:]([^/:]+)$/.exec(written) ?? [];
  if (account === "") return { name: written.replace(/^user\//, ""), groups: [] };
  return {
    name: `system:serviceaccount:${namespace}:${account}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`],
  };
}

function linesOf(explained: AccessExplanation): string[] {
  const { user, verb, resource, subresource, name, namespace, allowed, binding, role, rule, policy, reason } =
    explained;
  const what = [resource, subresource].filter((part) => part !== "").join("/") + (name === "" ? "" : ` ${name}`);
  const where = namespace === "" ? "in all namespaces" : `in namespace ${namespace}`;
  const lines = [`${user} may ${allowed ? "" : "not "}${verb} ${what} ${where}.`];
  if (policy !== undefined) lines.push(`SecretPolicy ${policy} denies it, whatever roles allow.`);
  else if (binding !== undefined && role !== undefined) {
    lines.push(
      `${objectOf(binding)} gives ${objectOf(role)}${rule === undefined ? "." : `, whose rule ${rule.index + 1} allows it:`}`,
    );
    if (rule !== undefined) lines.push(`  ${ruleText(rule.rule)}`);
  } else lines.push(reason === "" ? "No role that the user has allows it." : `${reason}.`);
  return lines;
}

function objectOf({ kind, namespace, name }: RoleObject): string {
  return `${kind} ${namespace === "" ? name : `${namespace}/${name}`}`;
}

function ruleText(rule: NonNullable<AccessExplanation["rule"]>["rule"]): string {
  const parts = Object.entries(rule).filter(([, words]) => words.length > 0);
  return parts.map(([field, words]) => `${field}: ${JSON.stringify(words)}`).join(", ");
}
