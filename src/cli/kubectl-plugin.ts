/** The program `kubectl-strongroom`, which kubectl starts as `kubectl strongroom`. */
import { runProgram } from "./run-program.ts";

await runProgram({ isKubectlPlugin: true });
