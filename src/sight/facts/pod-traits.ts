/** What of a pod decides how far one gets from inside of it, and who reaches it from outside. */
import { field, flagField, listField, textField, textMapField, textsField } from "./json-fields.ts";
import type { MaterialMark, SecretMaterial } from "./secret-material.ts";

/** Ways out of a container, onto its node. */
export const escapeWays = [
  "privileged",
  "runtime-socket",
  "host-path-write",
  "host-path-read",
  "host-pid-capability",
  "capability",
] as const;

export interface Escape {
  readonly way: (typeof escapeWays)[number];
  /** The path of the field that makes it, such as `spec.containers[0].securityContext.privileged`. */
  readonly field: string;
}

export interface PodTraits {
  /** Of the pod, or of the pods that the template makes. */
  readonly labels: ReadonlyMap<string, string>;
  readonly escapes: readonly Escape[];
  /** Sees the processes of its node. */
  readonly hostPid: boolean;
  readonly hostNetwork: boolean;
  readonly hostPorts: readonly number[];
  /** Names of the volume claims it mounts. */
  readonly claims: readonly string[];
  /** Images without registry, tag and digest: `argocd`, `kube-apiserver`. */
  readonly images: readonly string[];
  /** Minor version of Kubernetes, of an image of the API server: `1.34`; "" for others. */
  readonly apiServerVersion: string;
  /** Credentials that stand in it as they are. */
  readonly literals: readonly MaterialMark[];
  /** Why whoever talks to it may be given its secrets: the path of the field that shows it; "" for no sign of it. */
  readonly handsOut: string;
  /** Which field shows that its environment is printed into its log; "" for no sign of it. */
  readonly prints: string;
}

/** The traits of a pod, given the spec, and the metadata of the pod or of the template. */
export function readPodTraits(
  { spec, metadata, path }: { readonly spec: unknown; readonly metadata: unknown; readonly path: string },
  material: SecretMaterial,
): PodTraits {
  const containers = containersOf(spec, path);
  const images = containers.map(({ value }) => textField(value, "image"));
  return {
    labels: textMapField(metadata, "labels"),
    escapes: [...containers.flatMap((container) => containerEscapes(container, spec)), ...volumeEscapes(spec, path)],
    hostPid: flagField(spec, "hostPID") === true,
    hostNetwork: flagField(spec, "hostNetwork") === true,
    hostPorts: containers.flatMap(({ value }) =>
      listField(value, "ports").flatMap((port) => numberField(port, "hostPort")),
    ),
    claims: listField(spec, "volumes").flatMap(
      (volume) => textField(volume, "persistentVolumeClaim", "claimName") || [],
    ),
    images: [...new Set(images.map(imageName))],
    apiServerVersion: images.map((image) => /\/kube-apiserver:v(1\.\d+)/.exec(image)?.[1]).find(Boolean) ?? "",
    literals: containers.flatMap((container) => literalsOf(container, material)),
    handsOut: handsOut(metadata, containers),
    prints: containers.map(prints).find((found) => found !== "") ?? "",
  };
}

interface PlacedContainer {
  readonly value: unknown;
  readonly path: string;
}

function containersOf(spec: unknown, path: string): PlacedContainer[] {
  return ["containers", "initContainers", "ephemeralContainers"].flatMap((list) =>
    listField(spec, list).map((value, index) => ({ value, path: `${path}.${list}[${index}]` })),
  );
}

function numberField(value: unknown, name: string): number[] {
  const found = field(value, name);
  return typeof found === "number" && found > 0 ? [found] : [];
}

/** `registry/path/name:tag@digest` to `name`. */
function imageName(image: string): string {
  const last = image.slice(image.lastIndexOf("/") + 1);
  return last.replace(/[:@].*$/, "");
}

/** Capabilities with which one leaves a container without any other help. */
const leavingCapabilities: ReadonlySet<string> = new Set(["ALL", "SYS_MODULE", "SYS_RAWIO", "DAC_READ_SEARCH", "BPF"]);
/** Those that do it where the processes of the node are seen. */
const leavingWithHostPid: ReadonlySet<string> = new Set(["SYS_ADMIN", "SYS_PTRACE"]);

function containerEscapes({ value, path }: PlacedContainer, spec: unknown): Escape[] {
  const context = `${path}.securityContext`;
  if (flagField(value, "securityContext", "privileged") === true) {
    return [{ way: "privileged", field: `${context}.privileged` }];
  }
  const added = textsField(value, "securityContext", "capabilities", "add").map((name) => name.replace(/^CAP_/, ""));
  const hostPid = flagField(spec, "hostPID") === true;
  return added.flatMap((name): Escape[] => {
    const at = `${context}.capabilities.add`;
    // SYS_ADMIN mounts a cgroup of version 1 or the disks of the node.
    if (leavingCapabilities.has(name) || (name === "SYS_ADMIN" && !hostPid)) return [{ way: "capability", field: at }];
    return hostPid && leavingWithHostPid.has(name) ? [{ way: "host-pid-capability", field: at }] : [];
  });
}

const sockets = /(?:docker|containerd|crio|dockershim|podman)\.sock$/;
/** Folders of the node that hold, or contain the folders that hold, keys and the files of pods. */
const tellingPaths =
  /^\/(?:|etc|etc\/kubernetes(?:\/.*)?|root(?:\/.*)?|home(?:\/.*)?|var|var\/lib|var\/lib\/(?:kubelet|etcd|docker|containerd|rancher|k0s)(?:\/.*)?|run|var\/run|run\/containerd|proc|host)$/;
/** Folders of which to write is enough. */
const takeoverPaths =
  /^\/(?:|etc(?:\/.*)?|root(?:\/.*)?|usr(?:\/.*)?|bin|sbin|lib(?:\/.*)?|opt(?:\/.*)?|var\/spool.*|proc(?:\/.*)?|sys(?:\/.*)?|dev(?:\/.*)?|var|var\/log)$/;

/** Which way out a folder of the node is; undefined for one that tells nothing. */
export function escapeByHostPath(hostPath: string, readOnly: boolean): Escape["way"] | undefined {
  const path = hostPath.replace(/\/+$/, "") || "/";
  if (sockets.test(path)) return "runtime-socket";
  if (!readOnly && (takeoverPaths.test(path) || tellingPaths.test(path))) return "host-path-write";
  return tellingPaths.test(path) ? "host-path-read" : undefined;
}

function volumeEscapes(spec: unknown, path: string): Escape[] {
  return listField(spec, "volumes").flatMap((volume, index): Escape[] => {
    const hostPath = textField(volume, "hostPath", "path");
    const readOnly = isReadOnly(spec, textField(volume, "name"));
    const way = hostPath === "" || readOnly === undefined ? undefined : escapeByHostPath(hostPath, readOnly);
    return way === undefined ? [] : [{ way, field: `${path}.volumes[${index}].hostPath.path` }];
  });
}

/** Whether every mount of a volume only reads; undefined for a volume that nothing mounts. */
function isReadOnly(spec: unknown, volume: string): boolean | undefined {
  const mounts = containersOf(spec, "").flatMap(({ value }) =>
    listField(value, "volumeMounts").filter((mount) => textField(mount, "name") === volume),
  );
  if (mounts.length === 0) return undefined;
  return mounts.every((mount) => flagField(mount, "readOnly") === true);
}

/** Variables and arguments that are credentials. References to Secrets and files are none. */
function literalsOf({ value, path }: PlacedContainer, material: SecretMaterial): MaterialMark[] {
  const variables = listField(value, "env").map((variable, index) => ({
    name: `${path}.env[${index}].value`,
    text: textField(variable, "value"),
    word: textField(variable, "name"),
  }));
  const words = (["command", "args"] as const).flatMap((list) =>
    textsField(value, list).map((text, index) => ({ name: `${path}.${list}[${index}]`, text, word: "" })),
  );
  return material.marksOfCredentials([...variables, ...words]);
}

/** Debuggers, which run whatever they are told. */
const debuggers = /-agentlib:jdwp|-Xrunjdwp|--inspect(?:-brk)?(?:=|$)|\bdlv\b.*--headless|debugpy/;

function handsOut(metadata: unknown, containers: readonly PlacedContainer[]): string {
  const agent = "vault.hashicorp.com/agent-cache-enable";
  if (textField(metadata, "annotations", agent) === "true") return `metadata.annotations["${agent}"]`;
  for (const { value, path } of containers) {
    const words = [...textsField(value, "command"), ...textsField(value, "args")];
    if (debuggers.test(words.join(" "))) return `${path}.args`;
  }
  return "";
}

/** A command that prints the environment, or traces a script with its variables. */
const printing = /(?:^|[\s;&|])(?:printenv|env|export -p|set -[a-z]*x[a-z]*)\s*(?:$|[;&|\n])/;

function prints({ value, path }: PlacedContainer): string {
  for (const list of ["command", "args"] as const) {
    if (textsField(value, list).some((text) => printing.test(text))) return `${path}.${list}`;
  }
  return "";
}
