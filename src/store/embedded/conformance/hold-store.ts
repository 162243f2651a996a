/** For tests: opens a store, writes one key, says "open", and holds it until it is killed. */
import { openEmbeddedEngine } from "../embedded-engine.ts";

const [, , directory = ""] = process.argv;
const store = await openEmbeddedEngine({ directory });
await store.txn({
  compares: [],
  thens: [{ type: "put", key: "/held", value: Buffer.from("by the other process") }],
});
process.stdout.write("open\n");
process.stdin.resume();
