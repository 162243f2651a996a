/** For crash tests: defragments the store of a directory, and is killed before a step. */
import { defragment } from "../defragment.ts";

const [, , directory = "", last] = process.argv;
await defragment({
  directory,
  kindOf: () => "any",
  now: () => new Date(0),
  onStep: (step) => {
    if (step === last) process.kill(process.pid, "SIGKILL");
  },
});
