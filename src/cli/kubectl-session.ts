import { isAbsolute, relative } from "node:path";

/** The Secret of the examples that the commands below look at. */
const exampleSecret = "file-credential";

export interface KubectlSession {
  /** Absolute path of the kubeconfig; undefined when none was written. */
  readonly kubeconfig: string | undefined;
  /** Absolute path of the folder of manifests. */
  readonly manifests: string;
  /** Where the person's shell stands: paths below it are shown relative to it. */
  readonly shellDirectory: string;
  /** Whether the manifests are there already. */
  readonly applied: boolean;
}

/** The lines that a newcomer types next, in another terminal. */
export function kubectlSession(session: KubectlSession): readonly string[] {
  const { kubeconfig, manifests, shellDirectory, applied } = session;
  const folder = shellWord(`${shownPath(manifests, shellDirectory)}/`);
  return [
    kubeconfig === undefined ? "strongroom kubeconfig --help" : `export KUBECONFIG=${shellWord(kubeconfig)}`,
    "kubectl get namespaces",
    ...(applied ? [] : [`kubectl apply -f ${folder}`]),
    "kubectl get secrets",
    `kubectl get secret ${exampleSecret} -o yaml`,
    "kubectl get secrets --watch",
    `kubectl delete secret ${exampleSecret}`,
    ...(applied ? [`kubectl apply -f ${folder}`] : []),
  ];
}

/** The path from where the person stands, unless it leads out of there. */
function shownPath(path: string, shellDirectory: string): string {
  const shorter = relative(shellDirectory, path);
  return shorter === "" || shorter.startsWith("..") || isAbsolute(shorter) ? path : shorter;
}

/** `text` as one word for a POSIX shell. */
export function shellWord(text: string): string {
  return /^[-\w./:@%+=,]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
