import { StrongroomError } from "../errors/strongroom-error.ts";

/**
 * What is wrong with a backup, or with what was to open it: `sealed` for a key that does not open it, `invalid` for what is no backup
 * or is of a newer format, `corrupt` for one that is not as it was written. A class of its own, because what to do next is another
 * thing than where a data directory is sealed or corrupt.
 */
export class BackupError extends StrongroomError {}
