/**
 * /livez, /readyz and /healthz, open to everyone.
 * Source: apiserver pkg/server/healthz/healthz.go.
 */
import type { PathRequest } from "./door.ts";
import type { Reply } from "./response/reply.ts";

export interface HealthCheck {
  readonly name: string;
  /** Only asked by /readyz: a server that is starting or draining lives, but is not ready. */
  readonly readinessOnly: boolean;
  /** Told by its own path and by `?verbose`; does not fail the rest, because a restart would make it worse. */
  readonly advisory?: true;
  /** Resolves when all is well; a rejection is told as "failed" without its reason, which may name what is inside. */
  readonly check: () => Promise<void>;
}

const endpoints: ReadonlySet<string> = new Set(["livez", "readyz", "healthz"]);

/** Answers the health paths; undefined for other paths. */
export function healthRoute(checks: readonly HealthCheck[]) {
  return async ({ method, url }: PathRequest): Promise<Reply | undefined> => {
    const [endpoint = "", name = "", more] = url.pathname.slice(1).split("/");
    if (!endpoints.has(endpoint) || more !== undefined) return undefined;
    if (method !== "GET" && method !== "HEAD") return text(405, "method not allowed\n");
    const relevant = checks.filter((check) => endpoint === "readyz" || !check.readinessOnly);
    if (name === "") return overall(endpoint, relevant, url.searchParams);
    const check = relevant.find((candidate) => candidate.name === name);
    if (check === undefined) return undefined;
    return (await passes(check)) ? text(200, "ok") : text(500, `internal server error: ${name} failed\n`);
  };
}

async function overall(endpoint: string, checks: readonly HealthCheck[], query: URLSearchParams): Promise<Reply> {
  const excluded = new Set(query.getAll("exclude"));
  const lines: string[] = [];
  let failed = false;
  for (const check of checks) {
    if (excluded.has(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
      continue;
    }
    const ok = await passes(check);
    failed ||= !ok && check.advisory !== true;
    lines.push(ok ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`);
  }
  if (failed) return text(500, `${lines.join("\n")}\n${endpoint} check failed\n`);
  return text(200, query.has("verbose") ? `${lines.join("\n")}\n${endpoint} check passed\n` : "ok");
}

async function passes(check: HealthCheck): Promise<boolean> {
  return check.check().then(
    () => true,
    () => false,
  );
}

function text(code: number, body: string): Reply {
  return {
    code,
    contentType: "text/plain; charset=utf-8",
    headers: { "X-Content-Type-Options": "nosniff" },
    body: Buffer.from(body),
  };
}
