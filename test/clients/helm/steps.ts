/** A release's life with Helm, as data: each step with what it must print. They build on one another. */
export interface HelmStep {
  readonly args: readonly string[];
  readonly prints?: RegExp;
  readonly fails?: RegExp;
}

const inApps = ["--namespace", "apps"];
/** What a line of a table begins with. */
const line = (...cells: string[]) => new RegExp(`^${cells.join("\\s+")}`, "m");

export const releaseSteps: readonly HelmStep[] = [
  {
    args: ["install", "db", "chart", ...inApps, "--create-namespace"],
    prints: /STATUS: deployed\nREVISION: 1/,
  },
  { args: ["install", "db", "chart", ...inApps], fails: /cannot re-?use a name that is still in use/ },
  { args: ["list", ...inApps], prints: line("db", "apps", "1", ".*deployed", "credentials-0.1.0") },
  {
    args: ["upgrade", "db", "chart", ...inApps, "--set", "password=second"],
    prints: /STATUS: deployed\nREVISION: 2/,
  },
  { args: ["upgrade", "db", "chart", ...inApps, "--dry-run=server"], prints: /STATUS: pending-upgrade\nREVISION: 3/ },
  {
    args: [
      "upgrade",
      "--install",
      "db",
      "chart",
      ...inApps,
      "--reuse-values",
      "--set",
      "user=bob",
      "--wait",
      "--timeout=20s",
    ],
    prints: /STATUS: deployed\nREVISION: 3/,
  },
  { args: ["history", "db", ...inApps], prints: /^1 .*superseded(.|\n)*^2 .*superseded(.|\n)*^3 .*deployed/m },
  { args: ["get", "values", "db", ...inApps], prints: /^USER-SUPPLIED VALUES:\npassword: second\nuser: bob\n/ },
  { args: ["get", "values", "db", ...inApps, "--revision=1"], prints: /^USER-SUPPLIED VALUES:\nnull\n/ },
  { args: ["get", "manifest", "db", ...inApps], prints: /kind: RoleBinding/ },
  { args: ["status", "db", ...inApps], prints: /STATUS: deployed/ },
  { args: ["rollback", "db", "1", ...inApps], prints: /Rollback was a success/ },
  { args: ["list", "--all-namespaces"], prints: line("db", "apps", "4", ".*deployed") },
  { args: ["history", "db", ...inApps], prints: /^4 .*deployed.*Rollback to 1/m },
  { args: ["uninstall", "db", ...inApps, "--wait", "--timeout=20s"], prints: /release "db" uninstalled/ },
  { args: ["list", ...inApps], prints: /^NAME\s+NAMESPACE[^\n]*\n$/ },
];
