import { openWatch } from "./watch-stream.ts";
import type { Answer, TestServer } from "../running-server.ts";

/** Resolves to an object once it is as wanted; with `undefined`, once it is gone. By a watch from its state on. */
export async function watchUntil(
  server: TestServer,
  path: string,
  name: string,
  wanted: ((object: Answer["json"]) => boolean) | undefined,
): Promise<Answer["json"]> {
  const selector = `fieldSelector=metadata.name%3D${name}`;
  const list = (await server.call("GET", `${path}?${selector}`)).json;
  const [found] = list.items;
  if (wanted === undefined ? found === undefined : found !== undefined && wanted(found)) return found;
  await using watch = await openWatch(
    server,
    `${path}?watch=1&${selector}&resourceVersion=${list.metadata.resourceVersion}`,
  );
  for (;;) {
    const event = await watch.next();
    if (event === undefined) throw new Error(`the watch of ${name} ended`);
    const isGone = event.type === "DELETED";
    if (wanted === undefined ? isGone : !isGone && wanted(event.object)) return event.object;
  }
}
