/** The program `strongroom`. */
import { runProgram } from "./run-program.ts";

await runProgram();
