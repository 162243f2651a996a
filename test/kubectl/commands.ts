/**
 * What people do with kubectl, as data: each command with what it must print. They
 * build on one another, in this order, on a new server.
 */
export interface KubectlCommand {
  readonly args: readonly string[];
  /** Standard input. */
  readonly input?: string;
  /** What standard output must match. */
  readonly prints?: RegExp;
  /** The command must fail, with this on standard error. */
  readonly fails?: RegExp;
  /** For what goes on by itself (a watch, a wait): done once it has printed the first line. */
  readonly meanwhile?: readonly (readonly string[])[];
  /** The oldest and the newest minor version of kubectl that has it. */
  readonly since?: number;
  readonly until?: number;
  /** What the editor does, as a sed script. */
  readonly edits?: string;
}

const manifest = (name: string, fields: string) =>
  `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\n${fields}\n`;

const reading: KubectlCommand[] = [
  { args: ["version"], prints: /1\.34/ },
  { args: ["api-resources"], prints: /secrets +v1 +true +Secret/ },
  { args: ["api-versions"], prints: /^v1$/m },
  { args: ["get", "--raw", "/livez"], prints: /^ok$/ },
];

const creating: KubectlCommand[] = [
  { args: ["create", "secret", "generic", "made", "--from-literal=user=ann"], prints: /^secret\/made created$/m },
  { args: ["create", "secret", "generic", "made"], fails: /secrets "made" already exists/ },
  {
    args: ["create", "secret", "docker-registry", "registry", "--docker-server=r.example"].concat(
      "--docker-username=u",
      "--docker-password=p",
    ),
    prints: /created/,
  },
  { args: ["create", "-f", "-"], input: manifest("filed", "stringData: {a: '1'}"), prints: /secret\/filed created/ },
  {
    args: ["create", "-f", "-"],
    input: manifest("typo", "daat: {a: MQ==}"),
    fails: /unknown field "daat"/,
  },
  {
    args: ["create", "-f", "-", "--dry-run=server"],
    input: manifest("dry", "data: {a: MQ==}"),
    prints: /secret\/dry created \(server dry run\)/,
  },
  { args: ["get", "secret", "dry"], fails: /secrets "dry" not found/ },
];

const getting: KubectlCommand[] = [
  { args: ["get", "secrets"], prints: /^NAME +TYPE +DATA +AGE\nfiled +Opaque +1 +\d+s\nmade +Opaque +1 / },
  { args: ["get", "secrets", "-A"], prints: /^NAMESPACE +NAME +TYPE/ },
  { args: ["get", "secrets", "-o", "wide"], prints: /^NAME +TYPE +DATA +AGE\n/ },
  { args: ["get", "secrets", "-l", "app=web"], prints: /^$/ },
  {
    args: ["get", "secrets", "--field-selector", "type=Opaque", "-o", "name"],
    prints: /^secret\/filed\nsecret\/made\n$/,
  },
  {
    args: ["get", "secrets", "--chunk-size=1", "-o", "name"],
    prints: /^secret\/filed\nsecret\/made\nsecret\/registry\n/,
  },
  { args: ["get", "secret", "made", "-o", "yaml"], prints: /^apiVersion: v1\ndata:\n {2}user: YW5u\nkind: Secret\n/ },
  { args: ["get", "secret", "made", "filed", "-o", "json"], prints: /"kind": "List"/ },
  { args: ["get", "secret", "made", "-o", "jsonpath={.data.user}"], prints: /^YW5u$/ },
  { args: ["get", "secrets", "-o", "custom-columns=N:.metadata.name,T:.type"], prints: /^N +T\nfiled +Opaque\n/ },
  { args: ["get", "secrets", "--sort-by=.metadata.name"], prints: /^NAME +TYPE/ },
  { args: ["get", "secret", "made", "--show-labels"], prints: /LABELS\nmade .*<none>/ },
  { args: ["describe", "secret", "made"], prints: /user: +3 bytes/ },
  { args: ["describe", "secret", "mad"], prints: /Name: +made/ },
  { args: ["describe", "secret", "nowhere"], fails: /secrets "nowhere" not found/ },
  { args: ["explain", "secret.stringData"], prints: /stringData\s.*map\[string\]string/s },
  {
    args: ["get", "secret", "made", "--watch", "-o", 'jsonpath={.data}{"\\n"}'],
    meanwhile: [["patch", "secret", "made", "-p", '{"stringData":{"user":"bob"}}']],
    prints: /^\{"user":"YW5u"\}\n\{"user":"Ym9i"\}\n$/,
  },
  {
    args: ["get", "secrets", "--watch"],
    meanwhile: [["create", "secret", "generic", "seen"]],
    prints: /^NAME +TYPE +DATA +AGE\n(.*\n)*seen +Opaque +0 +\d+s\n$/,
  },
];

const changing: KubectlCommand[] = [
  { args: ["apply", "-f", "-"], input: manifest("applied", "data: {a: MQ==}"), prints: /secret\/applied created/ },
  { args: ["apply", "-f", "-"], input: manifest("applied", "data: {a: MQ==}"), prints: /secret\/applied unchanged/ },
  { args: ["apply", "-f", "-"], input: manifest("applied", "data: {b: Mg==}"), prints: /secret\/applied configured/ },
  { args: ["get", "secret", "applied", "-o", "jsonpath={.data}"], prints: /^\{"b":"Mg=="\}$/ },
  { args: ["apply", "view-last-applied", "secret", "applied"], prints: /b: Mg==/ },
  {
    args: ["apply", "--dry-run=server", "-f", "-"],
    input: manifest("applied", "data: {c: Mw==}"),
    prints: /secret\/applied configured \(server dry run\)/,
  },
  { args: ["diff", "-f", "-"], input: manifest("applied", "data: {b: Mg==}\nimmutable: true"), fails: /^$/ },
  { args: ["diff", "-f", "-"], input: manifest("applied", "data: {b: Mg==}"), prints: /^$/ },
  { args: ["replace", "-f", "-"], input: manifest("filed", "data: {r: MQ==}"), prints: /secret\/filed replaced/ },
  { args: ["replace", "-f", "-"], input: manifest("absent", "data: {}"), fails: /secrets "absent" not found/ },
  {
    args: ["replace", "--force", "-f", "-"],
    input: manifest("filed", "data: {f: MQ==}"),
    prints: /secret\/filed replaced/,
  },
  {
    args: ["replace", "--raw", "/api/v1/namespaces/default/secrets/filed", "-f", "-"],
    input: JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "filed" }, data: { raw: "MQ==" } }),
    prints: /"raw":"MQ=="/,
  },
  { args: ["patch", "secret", "filed", "-p", '{"stringData":{"s":"1"}}'], prints: /secret\/filed patched/ },
  {
    args: ["patch", "secret", "filed", "--type=merge", "-p", '{"data":{"raw":null}}'],
    prints: /secret\/filed patched/,
  },
  {
    args: ["patch", "secret", "filed", "--type=json", "-p", '[{"op":"add","path":"/data/j","value":"MQ=="}]'],
    prints: /secret\/filed patched/,
  },
  { args: ["patch", "secret", "filed", "-p", '{"data":{"j":"MQ=="}}'], prints: /patched \(no change\)/ },
  { args: ["get", "secret", "filed", "-o", "jsonpath={.data}"], prints: /^\{"j":"MQ==","s":"MQ=="\}$/ },
  { args: ["label", "secret", "filed", "tier=gold"], prints: /secret\/filed labeled/ },
  { args: ["label", "secret", "filed", "tier=iron"], fails: /already has a value/ },
  { args: ["label", "secret", "filed", "--overwrite", "tier=iron"], prints: /secret\/filed labeled/ },
  { args: ["annotate", "secret", "filed", "note=checked"], prints: /secret\/filed annotated?/ },
  { args: ["label", "secret", "filed", "tier-"], prints: /secret\/filed (unlabeled|labeled)/ },
  { args: ["edit", "secret", "filed"], edits: "s/j: MQ==/j: Mg==/", prints: /secret\/filed edited/ },
  { args: ["get", "secret", "filed", "-o", "jsonpath={.data.j}"], prints: /^Mg==$/ },
];

const serverSide: KubectlCommand[] = [
  {
    args: ["apply", "--server-side", "-f", "-"],
    input: manifest("owned", "data: {a: MQ==}"),
    prints: /owned serverside-applied/,
  },
  {
    args: ["apply", "--server-side", "-f", "-"],
    input: manifest("owned", "data: {a: Mg==}"),
    prints: /owned serverside-applied/,
  },
  {
    args: ["apply", "--server-side", "--field-manager=other", "-f", "-"],
    input: manifest("owned", "data: {a: Mw==}"),
    fails: /conflict with "kubectl"(.|\n)*\.data\.a/,
  },
  {
    args: ["apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-"],
    input: manifest("owned", "data: {a: Mw==}"),
    prints: /owned serverside-applied/,
  },
  {
    args: ["get", "secret", "owned", "--show-managed-fields", "-o", "jsonpath={.metadata.managedFields[*].manager}"],
    prints: /other/,
    since: 21,
  },
  { args: ["diff", "--server-side", "-f", "-"], input: manifest("owned", "immutable: true"), fails: /^$/ },
  {
    args: ["apply", "--server-side", "-f", "-"],
    input: manifest("made", "data: {ss: MQ==}"),
    prints: /made serverside-applied/,
  },
];

const deleting: KubectlCommand[] = [
  { args: ["wait", "secret/filed", "--for=jsonpath={.type}=Opaque"], prints: /secret\/filed condition met/, since: 23 },
  {
    args: ["wait", "secret/seen", "--for=delete", "--timeout=20s"],
    meanwhile: [["delete", "secret", "seen"]],
    prints: /secret\/seen condition met/,
  },
  { args: ["delete", "secret", "registry"], prints: /^secret "registry" deleted/ },
  { args: ["delete", "secret", "registry"], fails: /secrets "registry" not found/ },
  { args: ["delete", "secret", "registry", "--ignore-not-found"], prints: /^$/ },
  { args: ["delete", "secret", "applied", "--wait=false"], prints: /^secret "applied" deleted/ },
  { args: ["delete", "secret", "made", "--cascade=background", "--now"], prints: /^secret "made" deleted/ },
  { args: ["delete", "secrets", "-l", "none=such"], prints: /No resources found|^$/ },
  { args: ["delete", "secrets", "--all"], prints: /^secret "filed" deleted/ },
  { args: ["get", "secrets"], prints: /^$/ },
];

const rbac = "rbac.authorization.k8s.io/v1";
const reconciled = `apiVersion: ${rbac}
kind: Role
metadata:
  name: reconciled
  namespace: team
rules:
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list]
`;

const otherKinds: KubectlCommand[] = [
  { args: ["create", "namespace", "team"], prints: /^namespace\/team created$/m },
  { args: ["get", "ns", "team"], prints: /^NAME +STATUS +AGE\nteam +Active +\d+s\n$/ },
  { args: ["describe", "ns", "team"], prints: /Status: +Active\n(.|\n)*No resource quota\./ },
  {
    args: ["create", "configmap", "settings", "--from-literal=k=v", "-n", "team"],
    prints: /configmap\/settings created/,
  },
  { args: ["get", "cm", "settings", "-n", "team"], prints: /^NAME +DATA +AGE\nsettings +1 +\d+s\n$/ },
  { args: ["describe", "cm", "settings", "-n", "team"], prints: /Data\n====\nk:\n----\nv\n/ },
  { args: ["create", "serviceaccount", "robot", "-n", "team"], prints: /serviceaccount\/robot created/ },
  { args: ["get", "sa", "robot", "-n", "team"], prints: /^NAME +SECRETS +AGE\nrobot +0 +\d+s\n$/ },
  {
    args: ["create", "role", "reader", "--verb=get,list", "--resource=secrets", "--resource-name=db", "-n", "team"],
    prints: /role\.rbac\.authorization\.k8s\.io\/reader created/,
  },
  { args: ["describe", "role", "reader", "-n", "team"], prints: /secrets +\[\] +\[db\] +\[get list\]/ },
  {
    args: [
      "create",
      "rolebinding",
      "readers",
      "--role=reader",
      "--serviceaccount=team:robot",
      "--group=web",
      "-n",
      "team",
    ],
    prints: /rolebinding\.rbac\.authorization\.k8s\.io\/readers created/,
  },
  {
    args: ["get", "rolebinding", "-n", "team", "-o", "wide"],
    prints: /^readers +Role\/reader +\d+s +web +team\/robot$/m,
  },
  { args: ["create", "clusterrole", "looker", "--verb=get", "--non-resource-url=/version"], prints: /looker created/ },
  {
    args: ["create", "clusterrolebinding", "lookers", "--clusterrole=looker", "--user=ann"],
    prints: /clusterrolebinding\.rbac\.authorization\.k8s\.io\/lookers created/,
  },
  { args: ["get", "clusterrolebinding", "lookers", "-o", "jsonpath={.subjects[0].name}"], prints: /^ann$/ },
  { args: ["auth", "reconcile", "-n", "team", "-f", "-"], input: reconciled, prints: /reconciled reconciled/ },
  { args: ["auth", "reconcile", "-n", "team", "-f", "-"], input: reconciled, prints: /reconciled reconciled|^$/ },
  {
    args: ["set", "subject", "rolebinding", "readers", "--user=bob", "-n", "team"],
    prints: /readers subjects updated/,
  },
  { args: ["create", "quota", "few", "--hard=secrets=5", "-n", "team"], prints: /resourcequota\/few created/ },
  { args: ["get", "events", "-n", "team"], prints: /^$/ },
  {
    args: ["get", "role,rolebinding,sa,cm", "-n", "team", "-o", "name"],
    prints: /\/reader\n(.|\n)*configmap\/settings/,
  },
  {
    args: ["delete", "role/reader", "rolebinding/readers", "-n", "team"],
    prints: /"reader" deleted(.|\n)*"readers" deleted/,
  },
];

const pods: KubectlCommand[] = [
  { args: ["run", "web", "--image=r.example/web", "--env=A=b", "-n", "team"], prints: /^pod\/web created$/m },
  {
    args: ["get", "pods", "-n", "team"],
    prints: /^NAME +READY +STATUS +RESTARTS +AGE\nweb +0\/1 +Pending +0 +\d+s\n$/,
  },
  {
    args: ["describe", "pod", "web", "-n", "team"],
    prints: /Image: +r\.example\/web\n(.|\n)*A: +b\n(.|\n)*Events: +<none>/,
  },
  { args: ["get", "all", "-n", "team"], prints: /^NAME +READY(.|\n)*web/ },
  { args: ["set", "image", "pod/web", "web=r.example/web:2", "-n", "team"], prints: /pod\/web image updated/ },
  {
    args: ["get", "pod", "web", "-n", "team", "-o", "jsonpath={.spec.containers[0].image}"],
    prints: /^r\.example\/web:2$/,
  },
  { args: ["delete", "pod", "web", "-n", "team"], prints: /^pod "web" deleted/ },
  { args: ["get", "all"], prints: /^$/ },
];

const leaving: KubectlCommand[] = [
  { args: ["delete", "namespace", "team", "--wait=false"], prints: /^namespace "team" deleted/ },
];

export const commands: readonly KubectlCommand[] = [
  ...reading,
  ...creating,
  ...getting,
  ...changing,
  ...serverSide,
  ...deleting,
  ...otherKinds,
  ...pods,
  ...leaving,
];
