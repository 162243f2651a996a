/**
 * `npm start`: the server of this checkout with its data in .strongroom/, and the
 * commands to try next against examples/. Extra arguments go to `serve`.
 *
 * The process is replaced rather than spawned, so that signals and the exit code
 * are the server's own and a Ctrl-C reaches it once.
 */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const program = join(root, "bin", "strongroom");
const options = ["--data-dir", join(root, ".strongroom"), "--try", join(root, "examples")];

process.execve(program, [program, "serve", ...options, ...process.argv.slice(2)], process.env);
