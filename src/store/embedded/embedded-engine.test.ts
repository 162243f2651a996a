import { ManualClock } from "../conformance/manual-clock.ts";
import { storeConformance } from "../conformance/store-conformance.ts";
import { openEmbeddedEngine } from "./embedded-engine.ts";
import { temporaryDirectory } from "./conformance/temporary-directory.ts";
import { testAuthenticator } from "./conformance/test-authenticator.ts";

const clock = new ManualClock();
let opened = 0;
const parent = temporaryDirectory();

storeConformance("embedded engine", {
  open: () =>
    openEmbeddedEngine({ directory: parent.path(`store-${opened++}`), clock, indexAuthenticator: testAuthenticator }),
  now: () => clock.now(),
  letTimePass: async (ms) => clock.advance(ms),
  propertyRuns: 40,
});
