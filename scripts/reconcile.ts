/**
 * The long form of the reconciliation test: many rounds in which clients of all kinds keep what they were given, the server is
 * killed (-9) at a random instant or stopped, and all of it is held against the audit log in the end.
 *
 *     npm run reconcile [ROUNDS]     default 20
 *
 * Prints a line per round and one for all. Exit code 1 when a value was received that is not on record, with its reader and key,
 * or is on record and was not received.
 */
import { TestHome } from "../test/cli/program.ts";
import { reconciliationRounds } from "../test/reconciliation/rounds.ts";

const rounds = Number(process.argv[2] ?? 20);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError("ROUNDS must be a whole number of at least 1");
using home = new TestHome();
let round = 0;
const result = await reconciliationRounds({
  home,
  rounds,
  workers: 24,
  answers: [500, 2000],
  onRound: ({ killed, answered }) => {
    console.log(`round ${++round}: ${answered} answers, then ${killed ? "killed" : "stopped"}`);
  },
});
for (const difference of result.differences.slice(0, 50)) console.log(difference);
const { received, events, differences } = result;
const answers = result.entries.filter(({ status }) => status !== undefined).length;
console.log(
  `${rounds} rounds: ${answers} answers, ${received} values received, ${events} records, ${differences.length} differences`,
);
if (differences.length > 0) process.exitCode = 1;
