/**
 * What commands learn from the process beside their arguments. Read once, in
 * run-program.ts; secrets are never taken from the environment, which other processes can read.
 */
export interface Environment {
  readonly home: string;
  /** `XDG_DATA_HOME` as it is, to be ignored unless absolute. */
  readonly xdgDataHome: string | undefined;
  /** Relative paths of the command line are relative to this directory. */
  readonly workingDirectory: string;
  /** Where the person's shell stands: differs from the working directory below `npm start`. Only for paths to be shown. */
  readonly shellDirectory: string;
  /** Started by kubectl, as `kubectl strongroom`: the cluster is then the one that kubectl would talk to. */
  readonly isKubectlPlugin?: boolean;
  /** Everything, for programs that a kubeconfig names: they find their own settings in it. Beside that only `KUBECONFIG` is read. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
}

/** Takes from the process what {@link Environment} names. */
export function readEnvironment(process: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly workingDirectory: string;
}): Environment {
  const { env, home, workingDirectory } = process;
  // npm runs scripts in the folder of the package and keeps the caller's folder in INIT_CWD.
  const shellDirectory = env["INIT_CWD"] ?? workingDirectory;
  return { home, xdgDataHome: env["XDG_DATA_HOME"], workingDirectory, shellDirectory, variables: env };
}
