/**
 * Server-side apply against a plain update of the same secret, in alternation: the
 * ratio is taken round by round, so that what else the machine does hits both.
 */
import { startServerProcess } from "../child-process.ts";
import { generator, runLoad } from "../load-generator.ts";
import type { Load } from "../load-generator.ts";
import { median } from "../report.ts";
import type { Section } from "../report.ts";
import { adminCredentials, createWorkspace, credentialFiles } from "../workspace.ts";

const connections = 64;
const valueBytes = 1024;
/** Few enough that the first round creates them all. */
const secrets = 200;
const path = "/api/v1/namespaces/default/secrets";

type Measured = Awaited<ReturnType<typeof runLoad>>;

export async function measureApply(quick: boolean): Promise<Section> {
  await using workspace = await createWorkspace();
  const [server, url] = await startServerProcess(workspace.config);
  await using _server = server;
  const credentials = { files: await credentialFiles(workspace), pem: await adminCredentials(workspace) };
  const seconds = quick ? 2 : 4;
  const run = (mode: Load["mode"], prefix: string) =>
    runLoad({ url, path, mode, prefix, count: secrets, valueBytes, connections, seconds }, credentials);
  await run("apply", "applied");
  await run("apply", "updated"); // made by an apply, too, so that both have the same owners to keep
  const rounds: { readonly update: Measured; readonly apply: Measured }[] = [];
  for (let index = 0; index < (quick ? 3 : 5); index++) {
    rounds.push({ update: await run("update", "updated"), apply: await run("apply", "applied") });
  }
  const perSecond = (of: "update" | "apply") => median(rounds.map((round) => round[of].perSecond)).toFixed(0);
  return {
    name: `Server-side apply over TLS, ${connections} connections, ${generator} as generator`,
    figures: [
      {
        name: "apply of a 1 KiB secret, value changed",
        value: median(rounds.map(({ update, apply }) => update.perSecond / apply.perSecond)),
        unit: "x the time of an update",
        goal: { relation: "<=", value: 3 },
        detail: `${perSecond("apply")}/s, update ${perSecond("update")}/s`,
      },
    ],
  };
}
