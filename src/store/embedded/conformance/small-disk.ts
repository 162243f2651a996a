import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of 8 MiB of its own, unmounted when disposed. Raises with the reason when mounting is not permitted. */
export function mountSmallDisk(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "strongroom-disk-"));
  const mount = spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", path], { encoding: "utf8" });
  if (mount.status !== 0) {
    rmdirSync(path);
    throw new Error(`a small file system cannot be mounted here: ${mount.stderr?.trim() || mount.error?.message}`);
  }
  const unmount = (): void => {
    // Lazily, because a failed test may have left a file open.
    spawnSync("umount", ["-l", path]);
    rmdirSync(path);
  };
  return { path, [Symbol.dispose]: unmount };
}

/** False when small disks can be mounted, otherwise why not: for the option `skip` of a test. */
export function whyNoSmallDisk(): string | false {
  try {
    using _disk = mountSmallDisk();
    return false;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
