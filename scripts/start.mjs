/**
 * `npm start`: the server of this checkout with its data in .strongroom/ (unless another
 * place is named), and the commands to try next against examples/. Extra arguments go to
 * `serve`: `npm start -- --listen 127.0.0.1:9443`.
 *
 * The process is replaced rather than spawned, so that signals and the exit code
 * are the server's own and a Ctrl-C reaches it once.
 */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const program = join(root, "bin", "strongroom");
const extra = process.argv.slice(2);
const place = extra.some((each) => /^--data-dir(=|$)/.test(each)) ? [] : ["--data-dir", join(root, ".strongroom")];

process.execve(program, [program, "serve", ...place, "--try", join(root, "examples"), ...extra], process.env);
