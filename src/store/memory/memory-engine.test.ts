import { ManualClock } from "../conformance/manual-clock.ts";
import { storeConformance } from "../conformance/store-conformance.ts";
import { createMemoryEngine } from "./memory-engine.ts";

const clock = new ManualClock();

storeConformance("memory engine", {
  open: async () => createMemoryEngine({ clock }),
  now: () => clock.now(),
  letTimePass: async (ms) => clock.advance(ms),
  propertyRuns: 200,
});
