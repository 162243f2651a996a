/** What the exit status of every command means; docs/cli.md shows the same table. */
export const exitCodes = {
  ok: 0,
  /** The command could not do what it was asked to, or the program has a defect. */
  failure: 1,
  /** The command line, the configuration file or an input breaks a rule. */
  usage: 2,
  /** The root key is missing, wrong or not readable. Nothing was touched. */
  sealed: 3,
  /** Something needed is in use or away: the data directory, the address, space on the disk. Try again later. */
  unavailable: 4,
  /**
   * It was done, and what came out is a reason to stop a pipeline: a finding that `--fail-on` names; a change that gives
   * somebody a secret, or a part of it that is not known; an audit log that is not as it was written.
   */
  found: 5,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
