/** For tests: restores most of a large snapshot, says "half", and waits for the rest until it is killed. */
import { createMemoryEngine } from "../../memory/memory-engine.ts";
import { openEmbeddedEngine } from "../embedded-engine.ts";

const [, , directory = ""] = process.argv;
const records = 5000;

async function* half(): AsyncGenerator<Uint8Array> {
  const source = createMemoryEngine();
  for (let start = 0; start < records; start += 1000) {
    const thens = Array.from(
      { length: 1000 },
      (_, i) => ({ type: "put", key: `/${start + i}`, value: Buffer.alloc(500) }) as const,
    );
    await source.txn({ compares: [], thens });
  }
  const chunks = [];
  for await (const chunk of source.snapshot()) chunks.push(chunk);
  yield* chunks.slice(0, -3);
  process.stdout.write("half\n");
  process.stdin.resume();
  await new Promise(() => undefined);
}

const store = await openEmbeddedEngine({ directory });
await store.restore(half());
